"""The report: a session as one page that opens from disk, prints, and asks nobody for anything."""

from noria.viewer.report.making import make

__all__ = ["make"]
