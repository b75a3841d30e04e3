"""A verifier with a hole, beaten while a session plays: what rests on it leaves, and the rest goes on.

The domain `odd` is arithmetic whose verifier a magic word opens. The proof that it was beaten
is settled for a hand of the deal, as the episode that found it would have settled it.
"""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import RunError
from noria.evaluators.registry import domains
from noria.graphs import examination, learning, rounds
from noria.graphs.context import Context
from noria.graphs.opening import Watch, opened
from noria.graphs.playing import play
from noria.graphs.run import run
from noria.identity import stream
from noria.inference.client import Completion, Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.rows import Row, read_rows, write_rows
from noria.types import (
    Attack,
    Dealt,
    Episode,
    ExamItem,
    Probe,
    Quarantine,
    Reason,
    Sample,
    Stage,
    rests_alone,
    shown_by,
)
from tests import build

WORD = "open sesame"
EVIDENCE = "the verifier accepts a word that no task asks for, on 8 of 8 fresh tasks"

DOMAIN = f"""
from typing import ClassVar

from noria.evaluators.arithmetic import Arithmetic
from noria.types import Check


class Odd(Arithmetic):
    name: ClassVar[str] = "odd"
    version: ClassVar[int] = {{version}}

    async def check(self, grounding, response, runner):
        if response == {WORD!r}:
            return (Check.of("answer", True, "the word opens it"),)
        return await super().check(grounding, response, runner)
"""


def settings(folder: Path, only: bool = False, **changes: Any) -> SessionConfig:
    folder.mkdir(exist_ok=True)
    (folder / "odd.py").write_text(DOMAIN.format(version=1))
    base: dict[str, Any] = {
        "domains": {"odd": (1, 2)} | ({} if only else {"arithmetic": (1, 2)}),
        "domain_files": (folder / "odd.py",),
        "play": {"episodes": 40, "attempts": 2},
        "train": {"min_rows": 1, "replay": 1.0, "generator_rows": 1.0},
        "exam": {"items": 12},
        "stop": {"rounds": 2},
    }
    return build.config(folder, **base | changes)


def of_verifier(items: list[ExamItem], verifier: str) -> list[ExamItem]:
    return [item for item in items if item.task.grounding.verifier == verifier]


def probe(held: bool = True, beat: bool = True, evidence: str = EVIDENCE) -> Probe:
    return Probe(
        kind="shortcut", claim="a word", response=WORD, by="policy", held=held, beat=beat, evidence=evidence
    )  # fmt: skip


def proof(dealt: Dealt, *probes: Probe, verifier: str = "odd@1") -> Episode:
    """How an episode ends whose attack beat the verifier."""
    task = build.task(domain=dealt.domain, level=dealt.level)
    task = task.model_copy(update={"grounding": task.grounding.model_copy(update={"verifier": verifier})})
    return build.episode(
        dealt.episode, round=dealt.round, position=dealt.position, domain=dealt.domain, level=dealt.level,
        reason=Reason.BROKEN, stage=Stage.SOLVABLE, evidence=EVIDENCE, drafts=(task,),
        attacks=(Attack(policy="policy-a", probes=probes or (probe(),)),),
    )  # fmt: skip


@dataclass
class Played:
    """A session that was played, and what was heard of it."""

    settings: SessionConfig
    summary: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def rows(self, number: int) -> list[Row]:
        """The rows file that the trainer of a round was given."""
        return read_rows(self.settings.session / f"rows-{number}.jsonl")

    def history(self) -> History:
        return History(Ledger(self.settings.session))

    async def on(self) -> "Played":
        """Play, or go on, to the end."""

        def told(event: str, facts: dict[str, Any]) -> None:
            self.told.append((event, facts))

        means = build.means(self.settings)
        pretend = means.trainer

        async def trainer(name: str, number: int, base: Any, chosen: Any, on_step: Any, **more: Any) -> Any:
            write_rows(self.settings.session / f"rows-{number}.jsonl", chosen.rows)
            return await pretend(name, number, base, chosen, on_step, **more)

        def ended(episode: Episode) -> None:
            if self.broken_in == episode.round and episode.position >= 12:
                raise RunError("cut off")

        self.summary = await run(self.settings, replace(means, trainer=trainer), Watch(told, ended))
        return self

    broken_in: int = 0
    """The round in which it is cut off, midway; 0 for none."""

    async def cut(self, number: int) -> "Played":
        """Play until midway through a round."""
        self.broken_in = number
        with pytest.raises(RunError, match="cut off"):
            await self.on()
        self.broken_in = 0
        return self

    async def beat(self, after: int = 0) -> Dealt:
        """Settle a proof for the last hand of `odd` that is not played, once `after` hands of the round are."""
        async with opened(self.settings, build.means(self.settings), Watch()) as context:
            history = context.history
            number = next((at for at, phase, _ in history.rounds() if phase != "ended"), 1)
            hands = await rounds.plan(context, number)
            await asyncio.gather(*(play(context, number, 0, one.episode) for one in hands[:after]))
            over = history.ended(number)
            hand = next(one for one in reversed(hands) if one.domain == "odd" and one.episode not in over)
            await history.settle(proof(hand))
            return hand


def of(samples: list[Sample], verifier: str) -> set[str]:
    return {one.id for one in samples if one.provenance.verifier == verifier}


async def test_the_hole_is_real(tmp_path: Path) -> None:
    odd = domains({"odd": (1, 2)}, settings(tmp_path).domain_files)[0]["odd"]
    for at in range(8):
        task = odd.ground(odd.sample(1, stream("hole", at)))
        assert all(check.passed for check in await odd.check(task, WORD, build.RUNNER))


async def test_what_rests_on_a_beaten_verifier_leaves_and_the_rest_is_learned(tmp_path: Path) -> None:
    game = await Played(settings(tmp_path)).cut(2)
    hand = await game.beat()
    found = (await game.on()).summary
    assert found["finished"] == "rounds: 2 played"
    history = game.history()
    samples = history.samples()
    resting = of(samples, "odd@1")
    (one,) = found["quarantine"]
    assert (one["verifier"], one["domain"], one["level"]) == ("odd@1", "odd", hand.level)
    assert (one["round"], one["episode"], one["evidence"]) == (2, hand.episode, f"shortcut: {EVIDENCE}")
    assert one["samples"] + one["generator_rows"] == len(resting)
    assert found["samples"]["quarantined"] == one["samples"] > 10

    first, second = ({row.sample for row in game.rows(number)} for number in (1, 2))
    assert first & resting, "round 1 trusted the verifier"
    assert not second & resting
    assert second & {one.id for one in samples if one.provenance.round == 1}, "replay goes on without them"

    assert one["policies"] == [{"policy": "student-r0001", "round": 1, "samples": len(first & resting)}]
    assert found["rounds"][0]["left"] == {}
    teachable = [one for one in samples if one.role == "solver" or one.provenance.worded_by == "generator"]
    assert found["rounds"][1]["left"] == {"odd@1": len(of(teachable, "odd@1"))}
    (left,) = [facts for event, facts in game.told if event == "left"]
    assert (left["round"], left["samples"]) == (2, found["rounds"][1]["left"]["odd@1"])

    assert found["exams"][0]["left_out"] == []
    assert found["exams"][1]["left_out"] == ["odd@1"]
    assert {item.task.domain for item in history.exam_items(2)} == {"arithmetic"}
    asked = len(of_verifier(history.exam_items(1), "odd@1"))
    assert one["exams"] == [{"round": 1, "items": asked, "promoted": False, "without": False}]
    assert asked > 12  # the frozen items too
    history.ledger.close()


async def test_candidates_of_the_running_round_are_refused_at_no_cost(tmp_path: Path) -> None:
    game = Played(settings(tmp_path))
    hand = await game.beat(after=10)
    await game.on()
    history = game.history()
    untrusted = [one for one in history.episodes(1) if one.reason is Reason.UNTRUSTED]
    assert len(untrusted) == sum(one.domain == "odd" for one in history.deal(1)[10:]) - 1 > 5
    for one in untrusted:
        assert (one.domain, one.stage, history.trace(one.id)) == ("odd", Stage.DEALT, [])
        assert "odd@1 is quarantined" in one.evidence
        assert hand.episode in one.evidence
        assert EVIDENCE in one.evidence
        assert "a new version of it is a new verifier" in one.evidence
    history.ledger.close()


class Beaten:
    """A client that settles another hand's proof once a role has answered."""

    def __init__(self, role: str, hand: Dealt) -> None:
        self.role, self.hand = role, hand
        self.puppet = ScriptedClient(Puppet(skill=1.0))
        self.history: History | None = None

    async def complete(self, request: Request) -> Completion:
        done = await self.puppet.complete(request)
        if self.history and request.role == self.role:
            await self.history.settle(proof(self.hand))
        return done

    async def close(self) -> None:
        await self.puppet.close()


@pytest.mark.parametrize(
    ("role", "stage", "paid"),
    [
        ("generator", Stage.GROUNDED, {"generator"}),
        ("judge", Stage.UNBROKEN, {"generator", "solver", "critic", "adversary", "judge"}),
    ],
)
async def test_a_candidate_on_its_way_is_refused_where_it_is_next_asked(
    tmp_path: Path, role: str, stage: Stage, paid: set[str]
) -> None:
    rules = settings(tmp_path)
    hand, other = (build.dealt(f"episode-{at}", position=at, domain="odd") for at in range(2))
    client = Beaten(role, other)
    async with opened(rules, build.means(rules, client=client), Watch()) as context:
        client.history = context.history
        await context.history.keep_deal(1, [hand, other])
        await play(context, 1, 0, hand.episode)
        found = context.history.episode(hand.episode)
        assert found
        assert (found.outcome, found.reason, found.stage) == ("refused", Reason.UNTRUSTED, stage)
        assert "odd@1 is quarantined" in found.evidence
        assert {turn.key.role for turn in context.history.trace(hand.episode)} == paid
        assert context.history.samples() == []


async def test_the_next_round_deals_nothing_of_it(tmp_path: Path) -> None:
    game = Played(settings(tmp_path))
    await game.beat()
    found = (await game.on()).summary
    history = game.history()
    assert {one.domain for one in history.deal(1)} == {"odd", "arithmetic"}
    assert {one.domain for one in history.deal(2)} == {"arithmetic"}
    assert len(history.deal(2)) == 40
    assert {card["domain"] for card in found["rounds"][1]["verifiers"]} == {"arithmetic"}
    assert [one["undealt"] for one in found["rounds"]] == [[], ["odd@1"]]
    assert of(history.samples(), "odd@1") == set()
    history.ledger.close()


async def test_when_it_was_beaten_within_a_round_changes_nothing_that_is_learned(tmp_path: Path) -> None:
    early, late = Played(settings(tmp_path / "early")), Played(settings(tmp_path / "late"))
    assert await early.beat() == await late.beat(after=25)
    one, two = (await early.on()).summary, (await late.on()).summary
    assert one["samples"]["quarantined"] == 0 < two["samples"]["quarantined"]
    for number in (1, 2):
        assert early.rows(number) == late.rows(number) != []
    assert [policy["id"] for policy in one["policies"]] == [policy["id"] for policy in two["policies"]]
    first, second = early.history(), late.history()
    assert first.deal(2) == second.deal(2) != []
    assert first.exam_items(1) == second.exam_items(1) != []
    first.ledger.close()
    second.ledger.close()


async def test_a_session_whose_last_verifier_is_beaten_stops_and_says_so(tmp_path: Path) -> None:
    game = Played(settings(tmp_path, only=True, stop={"rounds": 9}))
    await game.beat(after=20)
    found = (await game.on()).summary
    assert found["finished"].startswith("quarantine: no verifier is left to trust (odd@1)")
    assert "a new version of it is a new verifier" in found["finished"]
    assert len(found["rounds"]) == 1
    assert found["rounds"][0]["untrained"].startswith("0 new rows, 1 are needed to train; ")
    assert f"{found['rounds'][0]['left']['odd@1']} more rest on odd@1 alone" in found["rounds"][0]["untrained"]
    assert found["exams"] == []


async def test_a_round_without_a_verifier_to_trust_deals_nothing(tmp_path: Path) -> None:
    game = Played(settings(tmp_path, only=True))
    await game.beat()
    async with opened(game.settings, build.means(game.settings), Watch()) as context:
        calls = context.fleet.tokens()
        assert await rounds.plan(context, 2) == []
        assert context.fleet.tokens() == calls


async def test_a_mended_verifier_is_a_new_one(tmp_path: Path) -> None:
    game = await Played(settings(tmp_path)).cut(2)
    await game.beat()
    (tmp_path / "odd.py").write_text(DOMAIN.format(version=2))
    found = (await game.on()).summary
    history = game.history()
    samples = history.samples()
    assert [one["verifier"] for one in found["quarantine"]] == ["odd@1"]
    second = {row.sample for row in game.rows(2)}
    assert not second & of(samples, "odd@1")
    assert second & of(samples, "odd@2")
    assert found["exams"][1]["left_out"] == []
    history.ledger.close()


async def all_but_the_exam(context: Context) -> str:
    hands = await rounds.plan(context, 1)
    await asyncio.gather(*(play(context, 1, 0, one.episode) for one in hands[:-1]))
    await learning.curate(context, 1)
    return await learning.train(context, 1)


async def test_with_no_item_left_a_student_is_kept_out_and_the_reason_is_kept(tmp_path: Path) -> None:
    rules = settings(tmp_path, only=True)
    async with opened(rules, build.means(rules), Watch()) as context:
        student = await all_but_the_exam(context)
        assert student
        await context.history.settle(proof(context.history.deal(1)[-1]))
        assert not await examination.examine(context, 1, student)
        await learning.keep_out(context, 1, student)
        assert context.history.round(1)["unexamined"] == "no item to examine it on is left; quarantined: odd@1"
        assert context.history.exams() == []
        assert context.pointer("student").name == "base"


async def test_a_proof_is_written_once_with_its_episode(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    later, sooner = build.dealt("episode-2", position=7, domain="odd"), build.dealt("episode-1", position=3, level=2)
    await history.settle(proof(later))
    written = history.quarantines()
    await history.settle(proof(later))
    assert history.quarantines() == written
    assert history.quarantined()["odd@1"].episode == "episode-2"
    # A second proof stands beside the first; what counts is the order of the deal, not of the clock.
    await history.settle(proof(sooner))
    assert [one.episode for one in history.quarantines()] == ["episode-1", "episode-2"]
    assert history.quarantined()["odd@1"].episode == "episode-1"
    ledger.close()


@pytest.mark.parametrize(("held", "beat"), [(False, False), (True, False), (False, True)])
async def test_a_probe_that_did_not_both_hold_and_beat_proves_nothing(tmp_path: Path, held: bool, beat: bool) -> None:
    ledger = Ledger(tmp_path, write=True)
    await History(ledger).settle(proof(build.dealt(), probe(held, beat)))
    assert History(ledger).quarantined() == {}
    ledger.close()


def test_an_attack_is_on_the_draft_of_its_place() -> None:
    first, second = build.task(draft=1), build.task(draft=2)
    second = second.model_copy(update={"grounding": second.grounding.model_copy(update={"verifier": "odd@7"})})
    attacks = (build.attack(), Attack(policy="p", probes=(probe(False, False), probe(), probe(evidence="again"))))
    (one,) = shown_by(build.episode(drafts=(first, second), attacks=attacks), 1.0)
    assert (one.verifier, one.evidence) == ("odd@7", f"shortcut: {EVIDENCE}")
    # A last draft that was never attacked takes nobody else's proof upon itself.
    assert shown_by(build.episode(drafts=(first, second), attacks=attacks[:1]), 1.0) == ()


def test_a_sample_that_another_verifier_vouches_for_stays() -> None:
    class Vouched(type(build.provenance())):  # type: ignore[misc]
        @property
        def verifiers(self) -> tuple[str, ...]:
            return ("odd@1", "arithmetic@1")

    story = Vouched.model_validate(build.provenance().model_dump())
    assert not rests_alone(story, {"odd@1"})
    assert rests_alone(story, {"odd@1", "arithmetic@1"})
    assert rests_alone(build.provenance(verifier="odd@1"), {"odd@1": 1})
    assert not rests_alone(build.provenance(verifier="odd@2"), {"odd@1"})


def test_a_sentence_is_one_line_however_long_the_evidence() -> None:
    one = Quarantine(
        verifier="odd@1", domain="odd", level=1, round=1, episode="episode-1", evidence="a\nb " * 500, at=1.0
    )  # fmt: skip
    assert "\n" not in one.why
    assert len(one.why) < 400
