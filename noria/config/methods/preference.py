"""Self-iterative optimisation and the trained judge: what is learned from pairs."""

from noria.config.methods.method import Family


class Preference(Family):
    """Self-iterative optimisation and the trained judge: what is learned from pairs."""
