"""Drawings as SVG text, for pages, reports and cards alike: no script, titles for screen readers, colours by class."""
