"""Which builds of Python are slower than they need to be."""

import pytest

from noria.cli.interpreter import quick


@pytest.mark.parametrize(
    ("configured", "prefix", "is_quick"),
    [
        ("'--prefix=/home/a/.pyenv/versions/3.11.7' '--enable-shared'", "/home/a/.pyenv/versions/3.11.7", False),
        ("'--enable-optimizations' '--with-lto'", "/usr/local", True),
        ("'--prefix=/usr' '--enable-shared'", "/usr", True),
        ("", "/usr/local", False),
        (None, "C:/Python313", True),
    ],
)
def test_a_build_is_told_by_its_configure_line(configured: str | None, prefix: str, is_quick: bool) -> None:
    assert quick(configured, prefix) == is_quick
