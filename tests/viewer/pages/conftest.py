"""Two sessions on one shelf: one whose generator's template was tried against another, and the plain one."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from noria.graphs.steering import asking
from noria.prompts import Templates
from tests.cli.shell import noria, right
from tests.viewer.browser import Viewing, tab, viewing, write_config

TRIED = "tried"


def changed(text: str) -> str:
    """The generator's template with a word changed and a line more."""
    return text.replace("one new task", "one new, surprising task") + "No apples.\n"


@pytest.fixture(scope="package")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that died after its first round, was told to try two templates, and went on for another."""
    folder = tmp_path_factory.mktemp("shelf")
    session = folder / TRIED
    config = write_config(folder, session, domains={"arithmetic": [1, 2], "text_ops": [1]})
    assert noria("run", "--dry-run", "-c", config, NORIA_DIE_AT="round.guarded").returncode == -9
    text = Templates()["generator"].text
    # In a thread of its own: Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as other:
        other.submit(asking.compare, session, "generator", text, changed(text)).result()
    right("resume", session)
    return session


@pytest.fixture(scope="package")
def shelf(tried: Path, played: Path) -> Iterator[Viewing]:
    """Both sessions, served read-only."""
    shutil.copytree(played, tried.parent / played.name)
    with viewing(tried.parent) as one:
        yield one


@pytest.fixture
def view(browser: Browser, shelf: Viewing) -> Iterator[Page]:
    """A tab on both; a console error fails the test."""
    with tab(browser, shelf) as one:
        yield one


@pytest.fixture
def narrow(browser: Browser, shelf: Viewing) -> Iterator[Page]:
    """The same on a telephone, in the dark."""
    with tab(browser, shelf, viewport={"width": 360, "height": 740}, color_scheme="dark") as one:
        yield one
