"""Meta-selection: which of the methods pay, by what exams gained from their samples."""

from noria.config.methods.method import Family


class Meta(Family):
    """Meta-selection: which of the methods pay, by what exams gained from their samples."""
