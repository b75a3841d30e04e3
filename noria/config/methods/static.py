"""Static filtering and the spread of what is kept: methods that look at the samples alone."""

from noria.config.methods.method import Family


class Static(Family):
    """Static filtering and the spread of what is kept: methods that look at the samples alone."""
