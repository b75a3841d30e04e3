"""Noria: self-evolving instruction data, verified before anyone learns from it."""

__version__ = "0.1.0"
