"""Where the student learns: curate, train in a subprocess, examine."""
