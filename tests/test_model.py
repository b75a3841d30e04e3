"""The real thing, once, as small as it can be: vLLM serves the default student, a round is played,
an adapter is trained, loaded at run time, and answers the exam."""

import json
from math import isfinite
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from safetensors.numpy import load_file

from noria.memory.history import History
from noria.memory.ledger import Ledger
from tests.cli.shell import config, load, right
from tests.viewer.browser import CHROMIUM, axe, fits, tab, viewing

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    path = config(
        folder,
        domains={"arithmetic": [1]},
        serve={"student": "adapter"},
        play={"episodes": 12, "attempts": 4},
        judge={"calibration": 2},
        # A learning rate above the default, and all of what was learned, so that so few steps leave their mark.
        train={"min_rows": 4, "max_tokens": 4000, "epochs": 2, "learning_rate": 0.002, "interpolation": 1.0},
        exam={"items": 10},
        stop={"rounds": 1},
    )
    right("run", "--config", path)
    return folder / "session"


def test_the_real_model_plays_a_round_and_its_samples_are_verified(session: Path) -> None:
    summary = load(right("status", session, "--json"))
    assert summary["finished"] == "rounds: 1 played"
    assert summary["samples"]["accepted"] >= 4
    assert {"generator", "solver", "critic", "adversary", "judge"} == {one["role"] for one in summary["seats"]}
    assert all(one["completion_tokens"] > 0 for one in summary["seats"])
    assert summary["machine"]["peak_bytes"] < 12e9


def test_the_trained_adapter_is_safetensors_with_its_story(session: Path) -> None:
    adapter = session / "students" / "student-r0001" / "adapter"
    assert (adapter / "adapter_model.safetensors").stat().st_size > 1e6
    assert not [*adapter.glob("*.bin"), *adapter.glob("*.pt")]
    weights = load_file(adapter / "adapter_model.safetensors")
    # LoRA's second factor begins at zero: what is not zero was learned, in every layer that has an adapter.
    learned = [tensor for name, tensor in weights.items() if "lora_B" in name]
    assert len(learned) > 100
    assert all(tensor.any() for tensor in learned)
    report = json.loads((adapter / "training.json").read_text())
    assert report["rows"] == sum(report["rows_by_source"].values()) >= 4
    assert 0 < report["tokens"] <= 4000
    assert len(report["losses"]) >= 2
    assert all(isfinite(loss) for loss in report["losses"])


def test_the_trained_adapter_was_loaded_and_answers_otherwise_than_its_parent(session: Path) -> None:
    ledger = Ledger(session)
    history = History(ledger)
    (exam,), items = history.exams(), [item for item in history.exam_items(1) if not item.frozen]
    turns = history.trace("exam-r0001")
    ledger.close()
    assert exam.items == len(items) > 0
    by_student = [turn for turn in turns if turn.served_as == "student-r0001"]
    assert len(by_student) == len(items)
    assert all(turn.replies[0].strip() for turn in by_student)
    assert any(item.parent != item.student for item in items)
    # Prose too: scored through the adapter, of which a CPU's vLLM dies without Noria's plugin.
    assert {demand.name for demand in exam.demands if demand.asked} == {"gain", "domains", "frozen", "prose", "form"}


def test_every_page_of_the_viewer_shows_it_without_a_fault(session: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: the pages are not looked at")
    ledger = Ledger(session)
    sample = next(iter(History(ledger).each(role="solver", last=1)))
    ledger.close()
    places = {
        "": "the wheel", "accepted": sample.messages[-2].content,
        f"sample/{sample.id}": sample.messages[-1].content,
        "refused": "refused", f"episode/{sample.provenance.episode}": "solver", "prompts": "generator",
        "policies": "student-r0001", "policies/student-r0001": "adapter",
    }  # fmt: skip
    # A browser of its own, closed at the end: its loop may not run beside the asynchronous tests that follow.
    with sync_playwright() as playwright, viewing(session) as viewer:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with tab(browser, viewer) as page:
            for place, said in places.items():
                page.goto(viewer.at(place))
                assert said.lower() in page.locator("main").inner_text().lower(), (place, said)
                axe(page)
                fits(page)
        browser.close()


def test_no_server_outlives_its_run(session: Path) -> None:
    assert not list((session / "servers").glob("*.owner.json"))
