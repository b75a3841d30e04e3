"""The page that compares, in a browser: the form, two rounds, two sessions, and what is wrong with a name."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.viewer.browser import Viewing, axe, fits
from tests.viewer.pages.conftest import TRIED


def test_two_rounds_are_chosen_and_compared(view: Page, shelf: Viewing) -> None:
    view.goto(f"{shelf.host}/compare?a={TRIED}")
    expect(view.get_by_text("Choose two sessions")).to_be_visible()
    axe(view)
    view.get_by_label("this").select_option(f"{TRIED}:1")
    assert view.get_by_label("with").locator("option", has_text="turns, round").count() == 0
    view.get_by_label("with").select_option(f"{TRIED}:2")
    view.get_by_role("button", name="Compare").press("Enter")
    expect(view.locator("#sum")).to_contain_text(f"{TRIED}, round 1: 24 episodes")
    expect(view.locator("#sum")).to_contain_text(re.compile(r"\d+ comparisons were made"))
    expect(view.get_by_text("One session, one config.")).to_be_visible()
    expect(view.get_by_role("region", name="Refused, by reason")).to_contain_text("noise")
    view.get_by_text(re.compile("^generator: ")).click()
    expect(view.locator("details[open] ins").first).to_have_text(", surprising")
    axe(view)
    view.get_by_role("link", name="Turn round").click()
    expect(view.get_by_label("this")).to_have_value(f"{TRIED}:2")


def test_two_sessions_are_compared_with_their_configs(view: Page, shelf: Viewing) -> None:
    view.goto(f"{shelf.host}/compare?a={TRIED}&b=turns")
    row = view.get_by_role("region", name="Config").get_by_role("row", name=re.compile(r"^session "))
    expect(row.locator("td")).to_have_text([re.compile(TRIED), re.compile("turns")])
    expect(view.get_by_role("region", name="Funnel")).to_contain_text("well formed")
    axe(view)


def test_a_side_against_itself_differs_in_nothing(view: Page, shelf: Viewing) -> None:
    view.goto(f"{shelf.host}/compare?a={TRIED}&b={TRIED}")
    expect(view.locator("#sum")).to_contain_text("Both sides are the same.")
    expect(view.locator("#sum")).to_contain_text("None is beyond noise")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (f"a={TRIED}:9&b={TRIED}", "has no round 9"),
        ("a=nobody&b=%3Cimg%20src%3Dx%3E", "There is no session"),
        (f"a=..%2F{TRIED}&b={TRIED}", "There is no session"),
    ],
)
def test_a_name_that_is_none_is_said(view: Page, shelf: Viewing, asked: str, said: str) -> None:
    view.goto(f"{shelf.host}/compare?{asked}")
    expect(view.get_by_role("alert").first).to_contain_text(said)
    assert view.locator("main img").count() == 0
    axe(view)


def test_the_page_fits_a_narrow_dark_screen(narrow: Page, shelf: Viewing) -> None:
    narrow.goto(f"{shelf.host}/compare?a={TRIED}:1&b=turns")
    fits(narrow)
    axe(narrow)
