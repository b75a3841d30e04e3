"""The viewer as a person has it: `noria view` in a process of its own, read in a real Chromium.

    played (a dry-run session, once a run) ─► viewer (its served pages) ─► page (a tab; a console error fails the test)

    def test_something(viewer: Viewing, page: Page) -> None:
        page.goto(viewer.at("accepted"))
        axe(page)

Tests here are plain functions: Playwright's loop runs in their thread, so that none can be async. The
pages forbid `eval`, so that `page.wait_for_function` has no use here: `expect` waits.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.cli.shell import config, right
from tests.ending import end

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

SLOWEST = 30_000
"""Milliseconds that anything on a page may take on a busy machine."""

expect.set_options(timeout=SLOWEST)


@dataclass(frozen=True)
class Viewing:
    """A viewer that runs."""

    address: str
    """With the token in it, as it was printed."""
    name: str
    """The session's name in addresses; empty where there are several."""

    @property
    def host(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self.address.split("/?")[0]

    @property
    def token(self) -> str:
        """The token of the address."""
        return self.address.split("token=")[1]

    def at(self, place: str = "", session: str = "") -> str:
        """The address of a page of the session: `at("accepted")`; a browser that has the cookie gets it."""
        return f"{self.host}/s/{quote(session or self.name, safe='')}/{place}"

    def entry(self, place: str = "", session: str = "") -> str:
        """The same with the token, for whoever has no cookie yet."""
        address = self.at(place, session)
        return f"{address}{'&' if '?' in address else '?'}token={self.token}"


@contextmanager
def viewing(folder: Path, *words: str) -> Iterator[Viewing]:
    """`noria view FOLDER WORDS…`, ended afterwards."""
    command = [sys.executable, "-m", "noria", "view", str(folder), "--no-open", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", address), address
            yield Viewing(address, folder.resolve().name if (folder / "ledger.db").is_file() else "")
        finally:
            end(process)


def write_config(folder: Path, session: Path, **changes: Any) -> Path:
    """The config of a small session."""
    base: dict[str, Any] = {
        "session": str(session), "domains": {"arithmetic": [1, 2], "text_ops": [1]},
        "play": {"episodes": 24, "attempts": 2},
    }  # fmt: skip
    return config(folder, **(base | changes))


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of puppets, played to its end; nobody writes into it."""
    folder = tmp_path_factory.mktemp("played")
    right("run", "--dry-run", "-c", write_config(folder, folder / "turns"))
    return folder / "turns"


@pytest.fixture(scope="session")
def viewer(played: Path) -> Iterator[Viewing]:
    """The pages of the played session, read-only."""
    with viewing(played) as one:
        yield one


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: the pages are not tested in a browser")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def tab(browser: Browser, viewer: Viewing, **options: Any) -> Iterator[Page]:
    """A tab that has the viewer's cookie; whatever its console calls an error fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(SLOWEST)
    one = context.new_page()
    faults: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(f"{message.text} ({message.location.get('url', '')})")

    one.on("console", console)
    one.on("pageerror", lambda error: faults.append(str(error)))
    one.goto(viewer.address)
    yield one
    context.close()
    assert not faults, faults


@pytest.fixture
def page(browser: Browser, viewer: Viewing) -> Iterator[Page]:
    """A tab on the played session."""
    with tab(browser, viewer) as one:
        yield one


def axe(page: Page) -> None:
    """Hold a page to axe-core: no serious and no critical fault."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    page.evaluate(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    worst = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    said = [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:5]) for one in worst]
    assert not said, json.dumps(said, indent=1)


def fits(page: Page) -> None:
    """Hold a page to its width: it never scrolls sideways."""
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen, f"the page is {wide} wide, the window {seen}"
