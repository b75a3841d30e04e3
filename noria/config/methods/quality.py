"""Quality enhancement: rewriting, paraphrases, mistakes as seeds, toxicity."""

from noria.config.methods.method import Family


class Quality(Family):
    """Quality enhancement: rewriting, paraphrases, mistakes as seeds, toxicity."""
