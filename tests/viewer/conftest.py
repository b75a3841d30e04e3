"""The fixtures of the viewer's tests."""

from tests.viewer.browser import browser, page, played, viewer

__all__ = ["browser", "page", "played", "viewer"]
