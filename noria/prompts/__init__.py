"""Prompt templates: one file a role, looked up, linted, rendered and hashed."""

from noria.prompts.lookup import Templates
from noria.prompts.template import Template

__all__ = ["Template", "Templates"]
