"""What methods make of an accepted candidate before it is screened: a node's step each (see `graphs/adding.py`)."""
