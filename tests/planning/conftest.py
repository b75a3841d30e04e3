"""Two rounds that puppets played, once for all tests of what is foreseen from them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.memory.history import History
from noria.memory.ledger import Ledger
from tests.cli.shell import config, right

DOMAINS = {"arithmetic": [1, 2], "text_ops": [1], "units": [1], "constraints": [1]}


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    right("run", "--dry-run", "--config", config(folder, domains=DOMAINS, play={"episodes": 60, "attempts": 3}))
    return folder / "session"


@pytest.fixture
def story(played: Path) -> Iterator[History]:
    ledger = Ledger(played)
    yield History(ledger)
    ledger.close()
