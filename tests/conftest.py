"""Servers that several tests share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres import Server


@pytest.fixture(scope="module")
def postgres() -> "Iterator[Server]":
    """A PostgreSQL for the tests of a module."""
    from tests.postgres import server

    with server() as found:
        yield found
