"""What evaluation feeds back: the adviser, growing exams, routing to people or to a stronger policy."""

from noria.config.methods.method import Family


class Feedback(Family):
    """What evaluation feeds back: the adviser, growing exams, routing to people or to a stronger policy."""
