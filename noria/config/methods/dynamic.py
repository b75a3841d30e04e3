"""Dynamic selection: methods that ask what the current policies make of a sample."""

from noria.config.methods.method import Family


class Dynamic(Family):
    """Dynamic selection: methods that ask what the current policies make of a sample."""
