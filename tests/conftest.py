"""Servers that several tests share."""

from collections.abc import Iterator

import pytest

from tests.postgres import Server, server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    """A PostgreSQL for the tests of a module."""
    with server() as found:
        yield found
