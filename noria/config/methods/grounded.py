"""Knowledge-guided synthesis: tasks from the user's own documents."""

from noria.config.methods.method import Family


class Grounded(Family):
    """Knowledge-guided synthesis: tasks from the user's own documents."""
