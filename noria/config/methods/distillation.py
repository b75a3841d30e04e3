"""Distillation and compression: of models, of data, of prompts."""

from noria.config.methods.method import Family


class Distillation(Family):
    """Distillation and compression: of models, of data, of prompts."""
