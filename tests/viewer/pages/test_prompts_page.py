"""The pages of the prompts, in a browser: versions, what changed, and what came of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.viewer.browser import Viewing, axe, fits
from tests.viewer.pages.conftest import TRIED


def test_from_the_list_to_what_a_version_changed(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("prompts", TRIED))
    expect(view.get_by_role("heading", name="Trial of two versions")).to_be_visible()
    row = view.get_by_role("rowheader", name=re.compile("^generator "))
    assert row.get_attribute("rowspan") == "2"
    axe(view)
    view.get_by_role("link", name="what changed in generator").click()
    expect(view.get_by_role("heading", name="What changed", exact=True)).to_be_visible()
    assert view.locator("#difference ins").all_inner_texts() == [", surprising", "No apples."]
    assert view.locator("#difference del").count() == 0
    effect = view.locator("#effect")
    expect(effect).to_contain_text("Counted over the rounds in which both were in force (2)")
    expect(effect).to_contain_text("5 comparisons were made")
    assert "confounded" not in effect.inner_text()
    trial = view.get_by_role("region", name="What each arm of the trial did")
    expect(trial.get_by_role("row", name=re.compile("^accepted "))).to_contain_text("noise")
    expect(view.locator("main")).to_contain_text("tells neither apart")
    expect(effect.get_by_role("row", name="accepted, of all proposed")).to_contain_text("noise")
    axe(view)


def test_the_versions_to_compare_are_chosen_by_keyboard(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("prompts/generator", TRIED))
    view.get_by_label("Shown").select_option("sides")
    view.get_by_role("button", name="Compare").press("Enter")
    expect(view.get_by_role("region", name="Difference, side by side")).to_be_visible()
    assert view.locator("#difference ins").all_inner_texts() == [", surprising", "No apples."]
    new = view.get_by_label("New")
    new.select_option(index=0)
    view.get_by_label("Old").select_option(index=0)
    view.get_by_role("button", name="Compare").press("Enter")
    expect(view.locator("#text")).to_contain_text("Write one new task as JSON.")
    assert view.locator("#difference").count() == 0


def test_a_template_with_one_version_has_nothing_to_compare(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("prompts/solver", TRIED))
    expect(view.locator("#text .said")).to_contain_text("{{ instruction }}")
    assert view.get_by_role("button", name="Compare").count() == 0
    axe(view)


@pytest.mark.parametrize("asked", ["?new=generator@nothing", "?old=%00&new=%E2%80%AE", "?as=upside-down"])
def test_a_version_that_is_none_is_the_last(view: Page, shelf: Viewing, asked: str) -> None:
    answer = view.goto(shelf.at(f"prompts/generator{asked}", TRIED))
    assert answer is not None
    assert answer.status == 200
    expect(view.locator("#text")).to_contain_text("No apples.")


def test_a_template_that_is_none_is_not_found(view: Page, shelf: Viewing) -> None:
    answer = view.request.get(shelf.at("prompts/%3Cscript%3E", TRIED))
    assert answer.status == 404
    assert "<script>'" not in answer.text()


@pytest.mark.parametrize("place", ["prompts", "prompts/generator", "prompts/generator?as=sides"])
def test_the_pages_fit_a_narrow_dark_screen(narrow: Page, shelf: Viewing, place: str) -> None:
    narrow.goto(shelf.at(place, TRIED))
    fits(narrow)
    axe(narrow)
