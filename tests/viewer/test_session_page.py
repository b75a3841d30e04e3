"""The session page: the wheel and what it lifts, followed while it turns, and steered."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.cli.shell import right
from tests.ending import end
from tests.viewer.browser import Viewing, axe, fits, tab, viewing, write_config


def figure(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


@pytest.fixture(scope="module")
def told(played: Path) -> dict[str, Any]:
    """What `noria status` says of the same session."""
    found: dict[str, Any] = json.loads(right("status", played, "--json"))
    return found


def test_the_wheel_carries_the_counts_of_its_round(page: Page, viewer: Viewing, told: dict[str, Any]) -> None:
    last, exam = told["rounds"][-1], told["exams"][-1]
    wheel = page.get_by_role("img", name="Round 2 on the wheel").or_(
        page.locator("svg[aria-label='Round 2 on the wheel']")
    )
    rows = sum(last["rows"][kind] for kind in ("new", "replay", "anchor", "generator"))
    for words in (
        f"{last['funnel']['dealt']} dealt", f"{last['funnel']['accepted']} accepted", f"{rows} rows chosen",
        f"{exam['parent_right']} → {exam['student_right']} of {exam['items']} right",
        "promoted" if exam["promoted"] else "kept out", "ends here",
    ):  # fmt: skip
        expect(wheel.get_by_text(words, exact=True).first).to_be_visible()
    page.get_by_role("navigation", name="Rounds").get_by_role("link", name="1").click()
    expect(page.get_by_role("heading", name="The wheel, round 1")).to_be_visible()
    expect(page.get_by_role("heading", name="Funnel, round 1")).to_be_visible()
    assert page.url == viewer.at("?round=1")


def test_the_page_says_what_the_status_says(page: Page, told: dict[str, Any]) -> None:
    expect(page.locator(".lede")).to_contain_text(told["finished"])
    expect(page.locator("#to-accepted")).to_have_text(figure(told["samples"]["accepted"]))
    funnel = page.get_by_role("table", name="Episodes that came to each stage")
    for stage, count in told["funnel"].items():
        expect(funnel.get_by_role("row", name=stage.replace("_", " "), exact=False).first).to_contain_text(
            figure(count)
        )
    reasons = page.get_by_role("table", name="Why episodes were turned away")
    for reason, count in told["reasons"].items():
        if reason != "verified":
            row = reasons.get_by_role("row").filter(
                has=page.get_by_role("link", name=reason.replace("_", " "), exact=True)
            )
            expect(row).to_contain_text(figure(count))
            link = row.get_by_role("link")
            expect(link).to_have_attribute("href", f"/s/turns/refused?reason={reason}")
    seats = page.get_by_role("table", name="What each policy cost in each seat")
    expect(seats.locator("tbody tr")).to_have_count(len(told["seats"]))
    exams = page.get_by_role("table", name="Exams", exact=True)
    for exam in told["exams"]:
        expect(exams.locator("tbody tr").nth(exam["round"] - 1)).to_contain_text(exam["why"])
    pool = page.get_by_role("table", name="Policies, newest first")
    for policy in told["policies"]:
        expect(pool.get_by_role("link", name=policy["name"])).to_be_visible()
    guards = page.get_by_role("table", name="Guards of round 2")
    expect(guards.locator("tbody tr")).to_have_count(len(told["rounds"][-1]["guards"]["readings"]))


def test_an_accepted_sample_is_two_clicks_away(browser: Browser, viewer: Viewing) -> None:
    """The first click is on the address that `noria view` prints."""
    with tab(browser, viewer) as page:
        sample = page.locator(".samples a").first
        asked = sample.locator(".asked").inner_text().removesuffix("…")
        sample.click()
        expect(page).to_have_url(f"{viewer.at('sample/')}{page.url.rsplit('/', 1)[1]}")
        expect(page.locator("main")).to_contain_text(asked)


def test_the_last_line_of_a_run_leads_to_the_viewer(played: Path) -> None:
    line = right("status", played).strip().splitlines()[-1]
    assert line.startswith(f"Read on:  noria view {played}")


def test_the_session_page_has_no_serious_fault(page: Page) -> None:
    axe(page)
    for width in (1600, 1000, 700):
        page.set_viewport_size({"width": width, "height": 1000})
        fits(page)
        wide, seen = page.locator("figure.wheel").evaluate("one => [one.scrollWidth, one.clientWidth]")
        assert wide <= seen, "the wheel is cut"


def test_what_is_told_while_a_part_is_asked_for_is_asked_for_again(browser: Browser, viewer: Viewing) -> None:
    with tab(browser, viewer) as page:
        told = "document.body.dispatchEvent(new CustomEvent('done'))"
        asked = list[str]()

        def slowly(route: Route) -> None:
            if "hx-request" not in route.request.headers:
                return route.continue_()
            asked.append(route.request.url)
            if len(asked) == 1:
                page.evaluate(told)  # another change, before the part that the first one asked for is there
            return route.continue_()

        page.route(page.url.partition("?")[0], slowly)
        page.evaluate(told)
        for _ in range(100):
            if len(asked) < 2:
                page.wait_for_timeout(100)
        assert len(asked) == 2


@contextmanager
def running(folder: Path, **changes: Any) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A dry run that goes on while a page looks at it."""
    session = folder / "stream"
    command = [sys.executable, "-m", "noria", "run", "--dry-run", "-c", str(write_config(folder, session, **changes))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (session / "ledger.db").is_file():
            assert process.poll() is None
            time.sleep(0.05)
        try:
            yield session, process
        finally:
            end(process, signal.SIGINT)


@contextmanager
def steered(browser: Browser, folder: Path, **changes: Any) -> Iterator[tuple[Page, subprocess.Popen[bytes]]]:
    """The page of a dry run that goes on, where it may be steered."""
    with (
        running(folder, **changes) as (session, process),
        viewing(session, "--allow-steering") as one,
        tab(browser, one) as page,
    ):
        yield page, process


def test_a_page_follows_a_running_session_and_steers_it(browser: Browser, tmp_path: Path) -> None:
    play = {"episodes": 60, "attempts": 2, "batch": 4}
    with steered(browser, tmp_path, play=play) as (page, process):
        page.evaluate("window.same = true")
        lede, answer = page.locator(".lede"), page.get_by_role("status")
        expect(lede).to_contain_text("of 60 episodes have ended")
        page.get_by_role("button", name="Pause before the next batch").click()
        expect(answer).to_contain_text("before the next batch")
        expect(lede).to_contain_text("It stands still")
        expect(page.locator("ol.stream .waiting")).to_have_count(1)
        axe(page)
        note = page.get_by_label("A note to the generator")
        note.fill("more two digit sums & fewer “apples”")
        page.get_by_role("button", name="Give the note").click()
        expect(page.locator(".notes li")).to_contain_text("more two digit sums & fewer “apples”")
        expect(note).to_have_value("")
        note.fill("half a thou")
        page.get_by_role("button", name="Drop the note").click()
        expect(page.locator(".notes li")).to_have_count(0)
        expect(note).to_have_value("half a thou")
        page.get_by_role("button", name="Go on").click()
        expect(answer).to_contain_text("It goes on")
        expect(lede).to_contain_text("Round 1")
        before = int(page.locator("#to-accepted").inner_text())
        expect(page.locator("#to-accepted")).not_to_have_text(str(before))
        assert page.evaluate("window.same"), "the page was loaded anew"
        process.send_signal(signal.SIGINT)
        expect(lede).to_contain_text("Nobody runs it")
        expect(lede).to_contain_text("noria resume")


def test_samples_that_wait_are_ruled_on_from_the_page(browser: Browser, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"play": {"episodes": 8, "attempts": 2, "batch": 4}, "approve": {"samples": True}}
    with steered(browser, tmp_path, **changes) as (page, _):
        expect(page.get_by_text("samples", exact=False).first).to_be_visible()
        approve = page.locator("form[action$='/approve']")
        expect(approve.get_by_role("checkbox").first).to_be_checked()
        waiting = approve.get_by_role("checkbox").count()
        axe(page)
        page.locator("form[action$='/refuse'] summary").click()
        refuse = page.locator("form[action$='/refuse']")
        refuse.get_by_role("checkbox").first.check()
        refuse.get_by_label("Why").fill("it says the same as another")
        refuse.get_by_role("button", name="Refuse").click()
        expect(page.get_by_role("status")).to_contain_text("is refused")
        expect(approve.get_by_role("checkbox")).to_have_count(waiting - 1)
        approve.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status")).to_contain_text("approved")
