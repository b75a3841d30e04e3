"""What runs on the other side: files of the standard library alone, started by path and never imported by Noria."""
