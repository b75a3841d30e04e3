"""Instruction-driven and adversarial synthesis: other ways to deal a hand."""

from noria.config.methods.method import Family


class Synthesis(Family):
    """Instruction-driven and adversarial synthesis: other ways to deal a hand."""
