"""The log as a person uses it: searched, filtered, paged, followed while it is written, and read to the last turn."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from noria.memory.history import History
from noria.types import Message, Reason, Stage
from tests import build
from tests.viewer.browser import Viewing, axe, fits, tab, viewing
from tests.viewer.hostile import written

ROWS = 130
"""Accepted episodes of the session that is paged through."""

PLAYING = "episode-00000000000000aa"
BROKEN = "episode-00000000000000bb"
REVISED = "episode-00000000000000cc"
SEATS = ("generator", "solver", "critic", "adversary", "judge")


def sample_key(number: int) -> str:
    return f"sample-{number * 7919:016x}"


def episode_key(number: int) -> str:
    return f"episode-{number * 7919:016x}"


async def accepted(history: History, number: int) -> None:
    """An accepted episode with the sample it gave."""
    domain, fruit = ("arithmetic", "apples") if number % 2 else ("units", "pears")
    key, asked = episode_key(number), f"Count {number} {fruit}"
    task = build.task(asked, domain=domain, level=1 + number % 3)
    sample = build.sample(
        sample_key(number), asked=asked, episode=key, domain=domain, level=1 + number % 3, round=1,
        signature=f"sum:{number % 60}", neighbours=(sample_key(number - 1),) if number > 1 else (),
    )  # fmt: skip
    verdict = build.verdict("reject" if number == 7 else "accept")
    ended = build.episode(
        key, position=number, domain=domain, level=1 + number % 3, outcome="accepted", reason=Reason.VERIFIED,
        stage=Stage.ACCEPTED, evidence="3 checks passed", drafts=(task,), attempts=(build.attempt(),),
        sample=sample.id, solve_rate=0.5, verdicts=(verdict,),
    )  # fmt: skip
    await history.settle(ended, [sample])


async def filled(history: History) -> None:
    await history.keep_policy(build.policy(), "base", "student")
    hands = [build.dealt(episode_key(one), position=one) for one in range(1, ROWS + 1)]
    await history.keep_deal(1, [*hands, build.dealt(PLAYING, position=900), build.dealt(REVISED, position=901)])
    for number in range(1, ROWS + 1):
        await accepted(history, number)
    await history.keep_turn(build.turn(PLAYING, "generator"))
    broke = {"outcome": "error", "reason": Reason.ENDPOINT, "evidence": "the endpoint was away for 60 s"}
    await history.settle(build.episode(BROKEN, position=902, **broke))
    proposal = '{"skill":"add","instruction":"Add one plum to two plums."}'
    await history.keep_turn(build.turn("episode-00000000000000dd", "generator", replies=(proposal,)))
    twice = {"position": 903, "evidence": f"{episode_key(3)} was accepted with the same parameters or solution"}
    await history.settle(build.episode("episode-00000000000000dd", **twice))
    await revised(history)


async def revised(history: History) -> None:
    """An episode of two drafts that a probe broke, with hours between its two halves."""
    long = "You solve tasks. " * 80
    for draft, at in ((1, 100.0), (2, 9000.0)):
        for place, role in enumerate(SEATS):
            asked = (Message(role="system", content=long), Message(role="user", content="<data-abcde>3</data-abcde>"))
            weighed = {"accept": -0.1, "reject": -2.4} if role == "judge" else {}
            turn = build.turn(REVISED, role, draft, messages=asked, started=at + place, seconds=1.0, logprobs=weighed)
            await history.keep_turn(turn)
    first = build.task("Add one and two apples.", id="task-1")
    second = first.model_copy(update={"id": "task-2", "draft": 2, "instruction": "Add one and two pears, please."})
    tried = [build.attempt().model_copy(update={"task": one.id}) for one in (first, second)]
    ended = build.episode(
        REVISED, position=901, reason=Reason.BROKEN, stage=Stage.SOLVABLE, evidence="shortcut: it passed",
        drafts=(first, second), attempts=tuple(tried), critiques=(build.critique(True), build.critique()),
        attacks=(build.attack(), build.attack(True)), verdicts=(build.verdict(),), checks=(build.check(name="form"),),
        solve_rate=1.0,
    )  # fmt: skip
    await history.settle(ended)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("log") / "long", filled)


@pytest.fixture(scope="module")
def log(session: Path) -> Iterator[Viewing]:
    with viewing(session) as one:
        yield one


@pytest.fixture
def reader(browser: Browser, log: Viewing) -> Iterator[Page]:
    with tab(browser, log) as one:
        yield one


@pytest.fixture
def plain(browser: Browser, log: Viewing) -> Iterator[Page]:
    """A tab without scripts."""
    with tab(browser, log, java_script_enabled=False) as one:
        yield one


def asked(page: Page) -> list[str]:
    page.wait_for_load_state()
    return page.locator("#log .asked").all_inner_texts()


def test_filters_change_the_list_in_place_and_the_address_says_it(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted"))
    expect(reader.locator(".count")).to_have_text("130 samples match")
    reader.evaluate("window.stays = 1")
    reader.get_by_label("domain").select_option("units")
    expect(reader.locator(".count")).to_have_text("65 samples match")
    assert all("pears" in one for one in asked(reader))
    reader.get_by_label("words in it").fill("count 12")
    expect(reader.locator(".count")).to_have_text("6 samples match")  # 12, 120, 122 … 128 of the even ones
    assert reader.evaluate("window.stays") == 1
    assert reader.url.endswith("/accepted?q=count+12&domain=units")
    reader.goto(reader.url)
    expect(reader.locator(".count")).to_have_text("6 samples match")
    assert reader.get_by_label("domain").input_value() == "units"
    reader.get_by_role("link", name=re.compile("domain units")).click()
    expect(reader.locator(".count")).to_have_text(re.compile("1[0-9] samples match"))


def test_pages_lead_to_the_end_and_back_without_a_script(plain: Page, log: Viewing) -> None:
    plain.goto(log.at("accepted?domain=&q="))
    assert plain.url.endswith("/accepted")
    found = asked(plain)
    for _ in range(2):
        plain.get_by_role("link", name="Older", exact=True).click()
        found += asked(plain)
    assert found == [f"Count {at} {'apples' if at % 2 else 'pears'}" for at in range(ROWS, 0, -1)]
    assert plain.get_by_role("link", name="Older", exact=True).count() == 0
    plain.get_by_role("link", name="Newer", exact=True).click()
    assert asked(plain) == found[50:100]
    plain.get_by_label("level").select_option("2")
    plain.get_by_role("button", name="Search").click()
    assert plain.url.endswith("/accepted?level=2")
    assert plain.locator(".count").inner_text() == "44 samples match"


def test_paging_in_place_keeps_the_page(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted?domain=units"))
    reader.evaluate("window.stays = 1")
    reader.get_by_role("link", name="Older", exact=True).click()
    expect(reader.locator("#log .asked").first).to_have_text("Count 30 pears")
    assert reader.evaluate("window.stays") == 1
    reader.go_back()
    expect(reader.locator("#log .asked").first).to_have_text("Count 130 pears")


@pytest.mark.parametrize(
    ("asked_for", "count"),
    [("verdict=reject", "1 sample matches"), ("source=student&worded=program", "130 samples match"),
     ("role=generator", "0 samples match"), ("role=all&level=3", "43 samples match"), ("round=1", "130 samples match"),
     ("withdrawn=1&quarantined=1", "130 samples match"), ("template=solver%401", "130 samples match"),
     ("q=%22count+7+apples%22", "1 sample matches"), ("q=%22%28%29%2A", "0 samples match")],
)  # fmt: skip
def test_each_filter_is_an_address(asked_for: str, count: str, plain: Page, log: Viewing) -> None:
    plain.goto(log.at(f"accepted?{asked_for}"))
    assert plain.locator(".count").inner_text() == count


def test_who_types_on_before_the_answer_came_gets_the_last_and_no_fault(reader: Page, log: Viewing) -> None:
    held: list[Route] = []
    reader.goto(log.at("accepted"))
    reader.route("**/accepted?*q=*", lambda route: route.continue_() if held else held.append(route))
    words = reader.get_by_label("words in it")
    words.press_sequentially("pea")
    while not held:
        reader.wait_for_timeout(50)
    words.press_sequentially("rs 64")
    reader.wait_for_timeout(800)  # longer than a pause in typing: the second question waits for the first
    held[0].continue_()
    expect(reader.locator("#log .count")).to_contain_text("1 sample matches")
    reader.unroute_all()


def test_nothing_found_says_what_to_change(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted?domain=units&level=9"))
    expect(reader.get_by_text("Nothing matches all of this.")).to_be_visible()
    reader.get_by_role("link", name="without level 9").click()
    expect(reader.locator(".count")).to_have_text("65 samples match")


def test_an_id_or_its_beginning_leads_there(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted"))
    reader.get_by_label("words in it").fill(episode_key(99)[:20])
    reader.wait_for_url("**/accepted?q=*")
    expect(reader.get_by_role("note")).to_contain_text("Several ids begin with")
    reader.get_by_label("words in it").fill(f" {sample_key(99)} ")
    reader.wait_for_url(f"**/sample/{sample_key(99)}")
    reader.goto(log.at(f"episode/{REVISED[:-1]}"), wait_until="commit")
    assert reader.url.endswith(REVISED)


def test_rows_that_are_accepted_meanwhile_are_announced_and_move_nothing(tmp_path: Path, browser: Browser) -> None:
    async def begun(history: History) -> None:
        await history.keep_policy(build.policy(), "base", "student")
        for number in range(1, 4):
            await accepted(history, number)
        await history.keep_deal(1, [build.dealt(PLAYING, position=900)])
        await history.keep_turn(build.turn(PLAYING, "generator"))

    async def went_on(history: History) -> None:
        for number in range(4, 7):
            await accepted(history, number)
        await history.keep_turn(build.turn(PLAYING, "solver"))

    async def ended(history: History) -> None:
        await history.settle(build.episode(PLAYING, position=900))

    folder = written(tmp_path / "live", begun)
    with viewing(folder) as served, tab(browser, served) as page, tab(browser, served) as other:
        page.goto(served.at("accepted?domain=arithmetic"))
        other.goto(served.at(f"episode/{PLAYING}"))
        expect(other.get_by_text("still playing")).to_be_visible()
        written(folder, went_on)
        expect(page.locator(".news")).to_have_text("1 newer")
        assert asked(page) == ["Count 3 apples", "Count 1 apples"]
        expect(other.locator(".news")).to_have_text("1 newer turn")
        page.get_by_role("link", name="1 newer").click()
        expect(page.locator("#log .asked").first).to_have_text("Count 5 apples")
        expect(page.locator(".news")).to_have_text("")
        written(folder, ended)
        other.get_by_role("link", name=re.compile("It has ended: refused")).click()
        expect(other.get_by_text("refused: duplicate").first).to_be_visible()


def test_the_refused_are_counted_by_reason_and_each_says_why(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("refused"))
    expect(reader.locator(".count")).to_have_text("3 episodes match")
    reasons = reader.locator(".reasons li").all_inner_texts()
    assert re.sub(r"\s+", " ", reasons[0]).startswith("broken 1 an attack broke it")
    assert "Add one plum to two plums." in asked(reader)  # what was proposed, though no draft came of it
    reader.get_by_role("link", name=re.compile("^duplicate")).click()
    expect(reader.locator(".count")).to_have_text("1 episode matches")
    reader.locator(".evidence a").click()
    assert reader.url.endswith(episode_key(3))
    reader.goto(log.at("refused?outcome=error"))
    expect(reader.locator(".row")).to_contain_text("the endpoint was away for 60 s")


def test_a_sample_tells_all_and_leads_on(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted?q=%22count+67+apples%22"))
    reader.get_by_role("link", name="Count 67 apples", exact=True).click()
    main = reader.locator("main")
    for said in ("the answer to learn", "arithmetic@1", "expected 3, found 3", "4 probes",
                 "No policy has learned from it.", "Its story in words", "is an accepted sample"):  # fmt: skip
        expect(main).to_contain_text(said)
    came = reader.get_by_role("region", name="Where it came from")
    expect(came).to_contain_text("Count 66 pears")
    expect(reader.get_by_role("region", name="What came of it")).to_contain_text("Count 68 pears")
    expect(reader.get_by_role("region", name="Beside it")).to_contain_text("Count 127 apples")  # the same signature
    chain = reader.get_by_role("region", name="Its place in the chain").locator("dd.mono").all_inner_texts()
    reader.get_by_role("link", name="Older sample").click()
    reader.wait_for_url(f"**/sample/{sample_key(66)}")
    before = reader.get_by_role("region", name="Its place in the chain").locator("dd.mono").all_inner_texts()
    assert chain[1] == before[0]
    reader.keyboard.press("[")
    reader.wait_for_url(f"**/sample/{sample_key(67)}")
    reader.get_by_role("link", name="its episode").click()
    expect(reader.locator("h1")).to_contain_text("arithmetic")


def test_a_trace_reads_in_order(reader: Page, log: Viewing) -> None:
    reader.goto(log.at(f"episode/{REVISED}"))
    steps = [one.split("\n")[0].strip() for one in reader.locator(".trace h3, .trace .divider").all_inner_texts()]
    first = [re.sub(r"^\d+ ", "", one).split(" ")[0].lower() for one in steps]
    drafted = ["draft", "solver", "attempt", "critic", "critique", "adversary", "attack", "judge"]
    assert first == ["generator", *drafted, "verdict", "draft", "generator", "checked", *drafted]
    assert reader.locator("ins").all_inner_texts() == ["pears, please"]
    assert reader.locator("del").all_inner_texts() == ["apples"]
    expect(reader.locator(".fall")).to_contain_text("idle before it, drawn shorter")
    expect(reader.locator("#turn-5 .chances tbody tr").first).to_contain_text("accept")
    expect(reader.locator(".duel.held")).to_contain_text("the attack held")
    assert reader.locator("#turn-2 .message details").count() == 1  # the long part of the prompt is folded
    reader.get_by_role("button", name="Fold the prompts").click()
    assert reader.locator("details.prompt[open]").count() == 0
    reader.locator(".fall").get_by_role("link", name="judge").last.click()
    assert reader.url.endswith("#turn-10")


def test_an_id_is_copied(browser: Browser, log: Viewing) -> None:
    with tab(browser, log, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(log.at(f"sample/{sample_key(5)}"))
        page.get_by_role("button", name=f"Copy the id {sample_key(5)}").click()
        expect(page.get_by_role("button", name=f"Copied {sample_key(5)}")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == sample_key(5)


def test_keys_search_and_open(reader: Page, log: Viewing) -> None:
    reader.goto(log.at("accepted"))
    reader.keyboard.press("/")
    expect(reader.get_by_label("words in it")).to_be_focused()
    reader.keyboard.press("Escape")
    reader.keyboard.press("j")
    reader.keyboard.press("j")
    expect(reader.get_by_role("link", name="Count 129 apples")).to_be_focused()
    reader.keyboard.press("Enter")
    reader.wait_for_url(f"**/sample/{sample_key(129)}")


PAGES = (
    "accepted", "accepted?level=9", "accepted?q=apples&verdict=accept", "refused", "refused?reason=broken",
    f"sample/{sample_key(67)}", f"episode/{REVISED}", f"episode/{PLAYING}", f"episode/{BROKEN}",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_holds_to_axe(scheme: str, browser: Browser, log: Viewing) -> None:
    with tab(browser, log, color_scheme=scheme) as page:
        for address in PAGES:
            page.goto(log.at(address))
            axe(page)


def test_every_page_fits_a_narrow_screen(browser: Browser, log: Viewing) -> None:
    with tab(browser, log, viewport={"width": 320, "height": 700}) as page:
        for address in PAGES:
            page.goto(log.at(address))
            fits(page)


def test_a_played_session_reads_to_its_calibration(page: Page, viewer: Viewing) -> None:
    page.goto(viewer.at("accepted"))
    page.locator("#log .asked").first.click()
    expect(page.get_by_role("region", name="Why it was kept")).to_contain_text("passed")
    page.get_by_role("link", name="its episode").click()
    expect(page.locator(".step.seat").nth(3)).to_be_visible()
    axe(page)
    page.goto(viewer.at("episode/calibration-r0001"))
    expect(page.locator("h1")).to_contain_text("calibration-r0001")
    assert page.locator(".step.seat.judge").count() > 3
