"""What a model may write to harm who reads it stands on every page of the log as text: seen, and obeyed by nothing."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from noria.viewer.text import printable
from tests.viewer.browser import Viewing, fits, tab, viewing
from tests.viewer.hostile import PAYLOADS, WIDE, hostile_session, keys

LOOK = """() => ({
  owned: window.owned ?? null,
  text: document.querySelector('main').textContent,
  strange: [...document.querySelectorAll(
    'main script:not([src^="/static/"]), iframe, object, embed, base, math, img, video, audio, animate, ' +
    'meta[http-equiv], main style, main form:not(.filters), main [style]')].map((one) => one.outerHTML.slice(0, 200)),
  handlers: [...document.querySelectorAll('main *')].flatMap((one) =>
    [...one.attributes].filter((at) => /^(on|hx-on|data-hx)/i.test(at.name)).map((at) => at.name)),
  addresses: [...document.querySelectorAll('main [href], main [src], main [hx-get], main [action]')].flatMap((one) =>
    ['href', 'src', 'hx-get', 'action'].map((name) => one.getAttribute(name)).filter((at) => at !== null)),
  wide: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
  covered: document.elementFromPoint(60, 30)?.closest('header, .skip') !== null,
})"""


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_session(tmp_path_factory.mktemp("hostile") / "evil")


@pytest.fixture(scope="module")
def served(evil: Path) -> Iterator[Viewing]:
    with viewing(evil) as one:
        yield one


@pytest.fixture(scope="module")
def reader(browser: Browser, served: Viewing) -> Iterator[tuple[Page, list[str]]]:
    """A tab, and where it sent requests that left the viewer."""
    with tab(browser, served) as page:
        left: list[str] = []
        page.on("request", lambda one: None if one.url.startswith(served.host) else left.append(one.url))
        page.on("dialog", lambda one: left.append(f"dialog {one.message}"))
        yield page, left


def inert(page: Page, left: list[str], served: Viewing, address: str) -> dict[str, Any]:
    """Open a page and hold it to what may be on one; gives what was found."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")
    found: dict[str, Any] = page.evaluate(LOOK)
    assert found["owned"] is None
    assert not left
    assert not found["strange"]
    assert not found["handlers"]
    places = re.compile(r"(/s/[\w~.-]+/|/static/|\?|#|/compare|/$)")
    assert [one for one in found["addresses"] if one and not places.match(one)] == []
    wide, seen = found["wide"]
    assert wide <= seen
    assert found["covered"]
    assert page.url.split("?")[0].startswith(served.host)
    return found


def seen(name: str) -> str:
    """The beginning of a payload as a page shows it."""
    return printable(PAYLOADS[name].strip())[:WIDE].rstrip()


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_in_every_field_is_text(name: str, reader: tuple[Page, list[str]], served: Viewing) -> None:
    page, left = reader
    sample, accepted, _ = keys(name)
    for address in (f"sample/{sample}", f"episode/{accepted}"):
        found = inert(page, left, served, served.at(address))
        assert found["text"].count(seen(name)) >= 10
        assert "1512529" not in found["text"]


@pytest.mark.parametrize("log", ["accepted", "refused"])
def test_the_logs_hold_all_of_them(log: str, reader: tuple[Page, list[str]], served: Viewing) -> None:
    page, left = reader
    found = inert(page, left, served, served.at(log))
    for name in PAYLOADS:
        assert seen(name) in found["text"], name


@pytest.mark.parametrize("width", [320, 1280])
def test_they_stay_in_their_boxes(width: int, reader: tuple[Page, list[str]], served: Viewing) -> None:
    page, _ = reader
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("piled marks", "one long line", "many lines", "deep", "css"):
        page.goto(served.at(f"episode/{keys(name)[1]}"))
        fits(page)
        tall = page.evaluate("Math.max(...[...document.querySelectorAll('.said')].map((one) => one.clientHeight))")
        assert tall < 700
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("name", ["script", "breaks an attribute", "template", "sql", "nul", "piled marks"])
def test_what_is_searched_for_is_text_too(name: str, reader: tuple[Page, list[str]], served: Viewing) -> None:
    page, left = reader
    said = quote(PAYLOADS[name][:290])
    for asked in (f"accepted?domain={said}&policy={said}", f"refused?q={said}&template={said}&before={said}"):
        found = inert(page, left, served, served.at(asked))
        # SQLite's texts and addresses end where a NUL stands; what stands before it is seen.
        assert seen(name).split("\\u0000")[0][:40] in found["text"]


@pytest.mark.parametrize(
    "key", ["%3Cscript%3Ewindow.owned=1%3C%2Fscript%3E", "%00", "..%2f..%2fledger.db", "%7B%7B7*7%7D%7D", "%ED%A0%80"]
)
def test_an_id_that_is_none_gets_a_sentence(key: str, served: Viewing, reader: tuple[Page, list[str]]) -> None:
    page, left = reader
    for kind in ("sample", "episode"):
        answer = page.request.get(served.at(f"{kind}/{key}"))
        assert answer.status == 404
        assert "<script>window" not in answer.text()
        assert "Traceback" not in answer.text()
    assert not left


def test_the_json_holds_what_the_page_cuts(reader: tuple[Page, list[str]], served: Viewing) -> None:
    page, _ = reader
    sample, accepted, _ = keys("one long line")
    answer = page.request.get(served.at(f"sample/{sample}.json"))
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.json()["messages"][-1]["content"] == PAYLOADS["one long line"]
    assert page.request.get(served.at(f"episode/{accepted}.json")).json()["turns"][0]["replies"][0][-1] == "w"


def test_half_a_character_in_an_edited_ledger_is_a_sentence(tmp_path: Path, browser: Browser) -> None:
    hostile_session(tmp_path / "edited", "half a character")
    key = keys("half a character")[1]
    with sqlite3.connect(tmp_path / "edited" / "ledger.db") as ledger:
        (body,) = ledger.execute("SELECT body FROM deals WHERE episode = ?", (key,)).fetchone()
        half = {**json.loads(body), "random": "HALF"}
        edited = json.dumps(half).replace("HALF", "\\ud800")
        ledger.execute("UPDATE deals SET body = ? WHERE episode = ?", (edited, key))
    ledger.close()
    with viewing(tmp_path / "edited") as served, tab(browser, served) as page:
        answer = page.request.get(served.at(f"episode/{key}"))
        assert answer.status == 503
        assert "cannot be read" in answer.text()
        assert page.request.get(served.at("accepted")).status == 200
