"""The frame around every page: its keys, its themes, its widths, its manners."""

import re
import shutil
import sqlite3
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.viewer.browser import Viewing, axe, fits, tab, viewing


def test_the_frame_leads_everywhere_by_links_and_by_keys(page: Page, viewer: Viewing) -> None:
    expect(page).to_have_url(viewer.at())
    expect(page.locator("nav.places a[aria-current]")).to_have_text("Session")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("j")
    first, second = page.locator(".samples a").nth(0), page.locator(".samples a").nth(1)
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_theme_is_chosen_and_kept(page: Page, viewer: Viewing) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.locator("#theme")
    expect(button).to_have_accessible_name("Theme: as the system")
    button.click()
    expect(button).to_have_accessible_name("Theme: light")
    assert page.evaluate(paper) == light
    page.keyboard.press("t")
    expect(button).to_have_accessible_name("Theme: dark")
    assert page.evaluate(paper) != light
    axe(page)
    page.goto(viewer.at())
    expect(button).to_have_accessible_name("Theme: dark")
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    expect(page.locator("nav.places")).to_be_hidden()


def test_the_system_says_whether_it_is_dark(browser: Browser, viewer: Viewing) -> None:
    with tab(browser, viewer, color_scheme="dark", reduced_motion="reduce") as page:
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
        axe(page)


def test_a_narrow_page_does_not_scroll_sideways(browser: Browser, viewer: Viewing) -> None:
    with tab(browser, viewer, viewport={"width": 360, "height": 740}) as page:
        fits(page)
        expect(page.locator("ol.stream")).to_be_visible()
        expect(page.locator("figure.wheel")).to_be_hidden()
        axe(page)


def test_a_page_is_read_without_its_script(browser: Browser, viewer: Viewing) -> None:
    with tab(browser, viewer, java_script_enabled=False) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("turns")
        page.get_by_role("link", name="Accepted", exact=True).click()
        expect(page).to_have_url(viewer.at("accepted"))


def test_a_list_shows_every_session_and_one_that_cannot_be_read(
    browser: Browser, played: Path, tmp_path: Path
) -> None:  # fmt: skip
    shutil.copytree(played, tmp_path / "it's <b>bold & 50%?#")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ledger.db").write_bytes(b"no database at all" * 100)
    with viewing(tmp_path) as several, tab(browser, several) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="broken")).to_contain_text("not readable")
        axe(page)
        page.get_by_role("link", name="it's <b>bold").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("it's <b>bold & 50%?#")
        expect(page.locator(".lede")).to_contain_text("Finished after 2 rounds")
        page.get_by_role("link", name="Refused", exact=True).click()
        expect(page).to_have_url(re.compile(r"/s/it%27s%20%3Cb%3Ebold%20%26%2050%25%3F%23/refused$"))


def test_a_session_that_is_deleted_while_it_is_viewed_leaves_a_sentence(
    browser: Browser, played: Path, tmp_path: Path
) -> None:  # fmt: skip
    shutil.copytree(played, tmp_path / "brief")
    with viewing(tmp_path / "brief") as one, tab(browser, one) as page:
        expect(page.locator("#live")).to_have_text("live")
        shutil.rmtree(tmp_path / "brief")
        expect(page.locator("#live")).to_have_text("gone")
        expect(page.get_by_role("heading", level=1)).to_have_text("brief")
    with viewing(played.parent) as other:
        assert other.name == ""


def test_a_ledger_of_a_newer_noria_is_refused_with_its_sentence(
    browser: Browser, played: Path, tmp_path: Path
) -> None:  # fmt: skip
    shutil.copytree(played, tmp_path / "newer")
    with sqlite3.connect(tmp_path / "newer" / "ledger.db") as ledger:
        ledger.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    with viewing(tmp_path / "newer") as one:
        context = browser.new_context()
        page = context.new_page()
        answer = page.goto(one.address)
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("heading", level=1)).to_contain_text("newer Noria")
        axe(page)
        context.close()
