"""The report: one page that opens from disk, asks nobody for anything, and says what the session says."""

import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from noria.identity import digest
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Reason, Stage
from noria.viewer.report import choosing, make
from tests import build
from tests.cli.shell import load, refused, right
from tests.viewer.aside import aside
from tests.viewer.browser import axe, fits

HOSTILE = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</div></article></main><iframe src='https://example.com/'></iframe>",
    "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}",
    "</style><style>body{display:none}</style>",
    "\x1b[2J\x1b]0;owned\x07 gone",
    "\u202egnitirw\u202c and \u2066isolated",
    "javascript:alert(1) <a href='javascript:alert(1)'>here</a>",
    "<svg><foreignObject><body onload=alert(1)></svg>",
    "&lt;b&gt; stays as it is &amp;c.",
    "<base href='https://example.com/'><link rel=stylesheet href=x.css>",
    "]]><!-- <!ENTITY x SYSTEM 'file:///etc/passwd'>",
)


def session(folder: Path, write: Callable[[History], Coroutine[Any, Any, None]]) -> Path:
    """A session that is written by hand."""

    async def kept() -> None:
        ledger = Ledger(folder, write=True)
        history = History(ledger)
        await history.keep_policy(build.policy(student=True), "base", "student")
        await history.keep_fact("config", build.config(folder, stop={"rounds": 30}).model_dump_json())
        await history.keep_fact("started", "1700000000.5")
        await write(history)
        ledger.close()

    aside(kept())
    return folder


def opened(browser: Browser, page: str, file: Path, **options: Any) -> tuple[Page, list[str]]:
    """A report in a tab, and whatever went wrong or was asked for besides it."""
    file.write_bytes(page.encode("utf-8", "backslashreplace"))
    tab = browser.new_context(**options).new_page()
    found: list[str] = []
    tab.on("request", lambda request: found.append(request.url))
    tab.on("console", lambda message: found.append(message.text))
    tab.on("pageerror", lambda fault: found.append(str(fault)))
    tab.on("dialog", lambda dialog: found.append(dialog.message))
    tab.goto(file.as_uri())
    return tab, [one for one in found if one.lower() != file.as_uri().lower()]


def test_two_reports_of_a_session_are_the_same_bytes_wherever_it_lies(played: Path, tmp_path: Path) -> None:
    shutil.copytree(played, tmp_path / "elsewhere")
    assert make(played) == make(played) == make(tmp_path / "elsewhere")
    assert str(played.parent) not in make(played)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_disk_without_a_request_a_script_or_a_serious_fault(
    played: Path, browser: Browser, tmp_path: Path, scheme: Any
) -> None:
    page, wrong = opened(browser, make(played), tmp_path / "report.html", color_scheme=scheme)
    assert not wrong
    assert page.locator("script, link, iframe, img, object, embed").count() == 0
    assert page.locator("h1").inner_text() == "turns"
    assert page.locator("figure svg").count() >= 8
    for name in page.locator("nav a").all():
        assert page.locator(str(name.get_attribute("href"))).count() == 1
    axe(page)
    page.context.close()


def test_it_fits_a_narrow_screen_and_paper(played: Path, browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, make(played), tmp_path / "report.html", viewport={"width": 360, "height": 700})
    fits(page)
    for paper in ("A4", "Letter"):
        assert page.pdf(format=paper).startswith(b"%PDF")
    page.context.close()


def test_its_figures_are_those_of_the_summary(played: Path) -> None:
    page, summary = make(played), load(right("status", played, "--json"))
    accepted = summary["funnel"]["accepted"]
    assert f"<dt>accepted</dt><dd><strong>{accepted}</strong> <span>of {summary['funnel']['dealt']} episodes" in page
    for exam in summary["exams"]:
        assert f"{exam['wins']} : {exam['losses']}" in page
    assert "It was a dry run" in page
    assert "teach the program&#39;s own answer" in page
    last = right("accepted", "verify", played)
    head = page.split('<p class="mono head">')[1].split("</p>")[0]
    assert len(head) == 64
    assert head in last


async def _hostile(history: History) -> None:
    dealt = [build.dealt(f"episode-{at}", position=at) for at in range(len(HOSTILE) * 2)]
    await history.keep_deal(1, dealt, judge={}, verifiers=[], seats={})
    reasons = [one for one in Reason if one is not Reason.VERIFIED]
    for at, text in enumerate(HOSTILE):
        one = build.chained(at, asked=text, episode=f"episode-{at}", domain=f"d{at}", skill=text)
        messages = (one.messages[0], one.messages[1].model_copy(update={"content": text}))
        one = one.model_copy(update={"messages": messages, "id": f"sample-{at}"})
        accepted = build.episode(
            f"episode-{at}", position=at, outcome="accepted", reason=Reason.VERIFIED, stage=Stage.ACCEPTED,
            evidence=text, drafts=(build.task(text),), attempts=(build.attempt(response=text),), sample=one.id,
        )  # fmt: skip
        await history.settle(accepted, [one])
        held = build.probe(True).model_copy(update={"response": text, "claim": text, "beat": True})
        turned = build.episode(
            f"episode-{at + len(HOSTILE)}", position=at + len(HOSTILE), reason=reasons[at % len(reasons)],
            evidence=text, drafts=(build.task(text),), attempts=(build.attempt(False, text),),
            attacks=(build.attack().model_copy(update={"probes": (held,)}),),
        )  # fmt: skip
        await history.settle(turned)
    await history.keep_fact("left_out", json.dumps([HOSTILE[0]]))
    await history.keep_policy(build.policy(HOSTILE[1], student=True))


def test_what_a_model_wrote_is_text_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    text = make(session(tmp_path / "s", _hostile))
    page, wrong = opened(browser, text, tmp_path / "report.html")
    assert not wrong
    assert page.title().endswith("Noria report")
    assert page.locator("script, link, iframe, img, object, embed, base, foreignObject").count() == 0
    assert page.locator("a[href^='javascript'], a[href^='http']").count() == 0
    assert page.locator("main section").count() == 11
    assert page.evaluate("getComputedStyle(document.body).display") == "block"
    said = "\n".join(page.locator(".said").all_inner_texts())
    for one in (HOSTILE[0], HOSTILE[3], HOSTILE[9]):
        assert one in said
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\u202e" in said
    axe(page)
    page.context.close()


async def _nothing(history: History) -> None:
    """Begun, and no round dealt."""


async def _none_accepted(history: History) -> None:
    await history.keep_deal(1, [build.dealt()], judge={}, verifiers=[], seats={})
    await history.settle(build.episode())
    await history.keep_round(1, "train", untrained="0 new rows, 16 are needed to train")


async def _thirty(history: History) -> None:
    before = "policy-base"
    for number in range(1, 31):
        hand = build.dealt(f"episode-{number}", round=number)
        await history.keep_deal(number, [hand], judge={}, verifiers=[], seats={})
        await history.settle(build.episode(f"episode-{number}", round=number))
        stages = {name: {"seconds": 1.0, "prompt_tokens": 10, "completion_tokens": 5} for name in ("play", "examine")}
        readings: list[dict[str, Any]] = [
            {"guard": "vendi", "state": "first" if number == 1 else "ok", "value": None if number == 1 else 0.9,
             "low": 0.8, "high": 1.0, "n": 9, "bound": 0.6, "action": "cool_down", "figures": {}, "says": ""}
        ]  # fmt: skip
        guards = {"readings": readings, "why": "", "action": "on", "fired": [], "report": []}
        await history.keep_round(number, "ended", stages=stages, guards=guards)
        student = build.policy(f"student-r{number:04}", round=number, parents=("policy-base",), student=True)
        await history.keep_policy(student)
        await history.keep_exam(build.exam(number, before, student.id, promoted=number % 5 == 0), [])
        before = student.id if number % 5 == 0 else before
    await history.keep_fact("finished", "rounds: 30 played")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_nothing, ["has not dealt its first round yet", "No exam has been held", "Nothing has been accepted yet"]),
        (_none_accepted, ["none was accepted", "It has not finished: round 1", "0 new rows, 16 are needed to train"]),
        (_thirty, ["30 students sat an exam and 6 were promoted", "student-r0030 was promoted in round 30"]),
    ],
)
def test_a_session_is_told_however_far_it_came(
    browser: Browser, tmp_path: Path, write: Callable[[History], Coroutine[Any, Any, None]], words: list[str]
) -> None:
    page, wrong = opened(browser, make(session(tmp_path / "s", write)), tmp_path / "report.html")
    assert not wrong
    told = page.locator("main").inner_text()
    for one in words:
        assert one in told
    fits(page)
    axe(page)
    page.context.close()


def test_examples_are_chosen_by_hash_one_of_each_kind() -> None:
    things = [(f"sample-{at}", at % 20) for at in range(400)]
    chosen = choosing.one_of_each(things, lambda one: one[1], lambda one: one[0])
    assert chosen == choosing.one_of_each(things[::-1], lambda one: one[1], lambda one: one[0])
    assert len(chosen) == choosing.MOST
    kinds = [kind for _, kind in chosen]
    assert kinds == sorted(set(kinds))
    for key, kind in chosen:
        assert key == min((name for name, had in things if had == kind), key=lambda name: digest(f"report/{name}"))


def test_the_command_writes_a_file_or_says_why_not(played: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    said = load(right("report", played, "--to", file, "--json"))
    assert said == {"file": str(file), "bytes": file.stat().st_size}
    assert file.read_text() == make(played)
    assert "holds no session" in refused("report", tmp_path)
    assert "cannot be used" in refused("report", played, "--to", tmp_path / "no" / "out.html")
    assert [one.name for one in tmp_path.iterdir()] == ["out.html"]
