"""The story of a thing, what follows from it, and its withdrawal, by the commands a user types."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from noria.memory.history import History
from noria.memory.ledger import Ledger
from tests import build
from tests.cli.shell import load, noria, refused, right
from tests.graphs.test_purge import played, settings


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished session of two rounds, its first student promoted, its second kept out."""
    folder = tmp_path_factory.mktemp("lineage")
    played(settings(folder))
    return folder / "session"


@pytest.fixture(scope="module")
def history(session: Path) -> History:
    return History(Ledger(session))


def test_why_tells_an_accepted_sample(session: Path, history: History) -> None:
    sample = next(one for one in history.samples(number=2, role="solver") if one.provenance.source == "student")
    said = right("why", session, sample.id)
    story = sample.provenance
    for words in (
        f"{sample.id} is an accepted sample: arithmetic/{story.skill}, level {story.level}, round 2.",
        f"base proposed it as hand {history.episode(story.episode).position + 1} of round 2",  # type: ignore[union-attr]
        "to keep away from:", "from the domain itself", "student-r0001 tried 2 times; 2 of them passed.",
        "What it teaches is attempt", "The critic, base, ", "The adversary, base, attacked it", "none of them held:",
        "The judge, base, ruled accept with confidence", "novelty passed: nobody asked it before",
        "The answer was checked by arithmetic@2.", "student-r0002 learned from it in round 2 and was kept out (",
        "It stands.",
    ):  # fmt: skip
        assert words in said, words
    for neighbour in story.neighbours:
        assert neighbour in said
    body = load(right("why", session, sample.id.removeprefix("sample-"), "--json"))
    assert (body["kind"], body["id"]) == ("sample", sample.id)
    assert [one["sample"] for one in body["neighbours"]] == list(story.neighbours)
    assert [one["policy"] for one in body["learned"]] == ["student-r0002"]
    assert body["seats"]["judge"] == "base"
    assert (story.critic, story.adversary, story.judge) == (story.generator,) * 3


def test_why_tells_a_refusal_and_what_was_proposed(session: Path, history: History) -> None:
    episode = next(one for one in history.episodes() if one.outcome == "refused")
    said = right("why", session, episode.id)
    assert said.startswith(f"{episode.id} was refused: ")
    assert f"{episode.reason.value}: " in said
    assert " ".join(episode.evidence.split())[:100] in said
    assert "It came as far as" in said
    assert ("It proposed “" if not episode.drafts else "The task, ") in said


def test_why_tells_an_adapter_an_exam_and_a_verifier(session: Path, history: History) -> None:
    said = right("why", session, "student-r0001")
    assert "was trained in round 1 from base and was promoted, and is the student now." in said
    exam = history.exams()[0]
    for words in (
        "It was given ", " new", f"base had {exam.parent_right} right, student-r0001 {exam.student_right}",
        f"Promoted: {exam.why}.", "It was the solver of round 2.",
    ):  # fmt: skip
        assert words in said, words
    kept = right("why", session, "student-r0002")
    assert f"was kept out ({history.exams()[1].why})" in kept
    assert right("why", session, exam.id).startswith(f"{exam.id} is the exam of round 1: student-r0001 against base")
    assert "vouches for" in right("why", session, "arithmetic@2")


def test_an_id_that_is_unknown_or_may_be_several_is_a_sentence(session: Path) -> None:
    assert "'sample-' may be sample-" in refused("why", session, "sample-")
    assert "knows no sample, episode, policy, verifier or exam 'sample-zz'" in refused("why", session, "sample-zz")
    assert "knows no sample, episode, policy or verifier 'nobody'" in refused("descendants", session, "nobody")


def test_what_a_model_wrote_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    story = History(ledger)
    task = build.task(instruction="What is\x1b[31m red?\n\nIt stands.")
    episode = build.episode(
        outcome="accepted", drafts=(task,), attacks=(build.attack(),), critiques=(build.critique(),)
    )
    sample = build.sample(asked=task.instruction)
    asyncio.run(story.keep_deal(1, [build.dealt(neighbours=("\x1b]0;title\x07",), shown=("sample-0",))]))
    asyncio.run(story.settle(episode, [sample]))
    ledger.close()
    said = right("why", tmp_path, "sample-1")
    assert "\x1b" not in said
    assert "“What is\\u001b[31m red? It stands.”" in said
    assert "sample-0: “\\u001b]0;title\\u0007”" in said


def test_descendants_are_a_tree_with_counts(session: Path, history: History) -> None:
    body = load(right("descendants", session, "student-r0001", "--json"))
    (top,) = body["then"]
    wrote = {one.id for one in history.samples() if one.provenance.policy == top["id"]}
    assert set(top["samples"]) == wrote
    (second,) = top["then"]
    assert (second["policy"], second["learned"]) == ("student-r0002", len(wrote))
    assert body["counts"]["samples"] == len(wrote)
    said = right("descendants", session, "student-r0001")
    assert f"student-r0001 wrote {len(wrote)} samples (arithmetic {len(wrote)})" in said
    assert f"└─ student-r0002 learned from {len(wrote)} of them; wrote 0 samples" in said
    whole = load(right("descendants", session, "base", "--json"))
    assert whole["counts"]["samples"] == len(history.samples())


def copy(session: Path, folder: Path) -> Path:
    shutil.copytree(session, folder / "session")
    return folder / "session"


def test_a_purge_is_shown_asked_and_done(session: Path, tmp_path: Path) -> None:
    place = copy(session, tmp_path)
    rows = len(right("accepted", place, "--jsonl").splitlines())
    shown = right("purge", place, "--policy", "student-r0001", "--dry-run")
    assert "the student steps back from student-r0001 to base" in shown
    assert "student-r0002 is tainted, it learned from what student-r0001 wrote" in shown
    assert "Nobody answered, and nothing was changed." in refused("purge", place, "--policy", "student-r0001")
    assert len(right("accepted", place, "--jsonl").splitlines()) == rows

    chained = right("accepted", "verify", place, "--json")
    done: dict[str, Any] = load(right("purge", place, "--policy", "student-r0001", "--yes", "--json"))
    assert done["done"]
    assert done["samples"] == len(done["ids"]) > 0
    log = noria("accepted", place, "--jsonl")
    kept = {load(line)["id"] for line in log.stdout.splitlines()}
    assert len(kept) == rows - done["samples"]
    assert not kept & set(done["ids"])
    assert f"{done['samples']} rows are left out, withdrawn by a purge (--withdrawn shows them)" in log.stderr
    marked = [load(line) for line in right("accepted", place, "--jsonl", "--withdrawn").splitlines()]
    assert {one["id"] for one in marked if one["withdrawn"]} == set(done["ids"])
    assert right("accepted", "verify", place, "--json") == chained  # nothing was deleted
    assert f"holds {len(kept)} samples again" in right("memory", "rebuild", place)
    assert f"Accepted: {len(kept)} samples, {done['samples']} more withdrawn" in right("status", place)
    assert "by `--policy student-r0001`, because student-r0001 wrote it." in right("why", place, done["ids"][0])
    said = right("why", place, "student-r0002")
    assert "It is tainted: purged on " in said
    assert "because it learned from what student-r0001 wrote. It plays no more." in said
    again = right("purge", place, "--policy", "student-r0001", "--yes")
    assert "withdraws nothing" in again


def test_a_dry_run_of_a_finished_session_trains_again_at_once(session: Path, tmp_path: Path) -> None:
    place = copy(session, tmp_path)
    sample = load(right("accepted", place, "--jsonl").splitlines()[0])["id"]
    said = right("purge", place, sample, "--yes", "--retrain")
    assert "the student of round 1 is trained again without them, and examined before it plays" in said
    assert "Round 3 trains the student of round 1 again" in said
    summary = load(right("status", place, "--json"))
    assert summary["finished"] == "rounds: 3 played"
    assert [one["round"] for one in summary["exams"]] == [1, 2, 3]


def test_a_purge_that_cannot_be_changes_nothing(session: Path, tmp_path: Path) -> None:
    place = copy(session, tmp_path)
    before = load(right("status", place, "--json"))
    assert "would empty the pool" in refused("purge", place, "--policy", "base", "--yes")
    assert "would empty the pool" in refused("purge", place, "--verifier", "arithmetic@2", "--yes")
    assert "knows no verifier 'odd@1'" in refused("purge", place, "--verifier", "odd@1", "--yes")
    assert "A purge names one thing." in refused("purge", place, "--yes")
    assert "A purge names one thing." in refused("purge", place, "sample-1", "--policy", "base")
    held = Ledger(place, write=True)
    assert "is in use by the process" in refused("purge", place, "--source", "student", "--yes")
    held.close()
    assert load(right("status", place, "--json")) == before
