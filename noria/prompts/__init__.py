"""Prompt templates: one file a role, loaded, linted, rendered and hashed."""

from noria.prompts.templates import Template, Templates

__all__ = ["Template", "Templates"]
