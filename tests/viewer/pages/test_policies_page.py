"""The pages of the policies, in a browser: the graph, the table, and one policy."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.viewer.browser import Viewing, axe, fits
from tests.viewer.pages.conftest import TRIED


def test_the_graph_leads_to_a_policy_and_on(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("policies", TRIED))
    drawing = view.get_by_role("group", name="How the policies descend from one another")
    expect(drawing).to_contain_text("base")
    expect(view.get_by_role("row", name=re.compile("student-r0001"))).to_contain_text("pretended: a dry run")
    axe(view)
    drawing.get_by_role("link", name="student-r0001").click()
    expect(view).to_have_url(shelf.at("policies/student-r0001", TRIED))
    expect(view.get_by_role("heading", level=1)).to_have_text("student-r0001")
    expect(view.locator("#exam")).to_contain_text("exact McNemar")
    axe(view)
    view.get_by_role("link", name="base", exact=True).first.click()
    expect(view.locator("main")).to_contain_text("Every student of this session is trained from it.")
    expect(view.locator("main")).to_contain_text("Master keys taken")
    axe(view)


def test_the_items_won_and_lost_are_paged(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("policies/student-r0001?items=all", TRIED))
    first = view.locator(".item").all_inner_texts()
    assert len(first) == 10
    view.get_by_role("link", name="further").click()
    view.wait_for_url("**after=*")
    second = view.locator(".item").all_inner_texts()
    assert second
    assert not set(first) & set(second)
    view.get_by_role("link", name=re.compile(r"^lost \d")).click()
    view.wait_for_url("**items=lost*")
    count = int(view.locator(".sorts [aria-current]").inner_text().split()[1])
    assert view.locator(".item").count() == min(10, count)


def test_what_a_policy_wrote_leads_into_the_log(view: Page, shelf: Viewing) -> None:
    view.goto(shelf.at("policies/base", TRIED))
    link = view.locator("dt", has_text="Accepted answers").locator("xpath=..").get_by_role("link")
    assert (link.get_attribute("href") or "").endswith("/accepted?policy=base")


@pytest.mark.parametrize("asked", ["?items=all&after=-1", "?items=nothing&after=99999999999999", "?after=%C2%B2"])
def test_a_place_that_is_none_is_the_beginning(view: Page, shelf: Viewing, asked: str) -> None:
    assert view.request.get(shelf.at(f"policies/student-r0001{asked}", TRIED)).status == 200


def test_a_policy_that_is_none_is_not_found(view: Page, shelf: Viewing) -> None:
    assert view.request.get(shelf.at("policies/..%2F..%2Fetc", TRIED)).status == 404
    assert view.request.get(shelf.at("policies/nobody", TRIED)).status == 404


@pytest.mark.parametrize("place", ["policies", "policies/base", "policies/student-r0001"])
def test_the_pages_fit_a_narrow_dark_screen(narrow: Page, shelf: Viewing, place: str) -> None:
    narrow.goto(shelf.at(place, TRIED))
    fits(narrow)
    axe(narrow)
