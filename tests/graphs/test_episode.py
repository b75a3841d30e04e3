"""Whole episodes through the real graph, with a scripted client where a model would be."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria.errors import EndpointError
from noria.graphs.opening import Watch, opened
from noria.graphs.playing import play
from noria.inference.client import Request
from noria.inference.scripted import Script, ScriptedClient
from noria.types import Episode, Reason, Sample, Stage, Turn
from tests import build

PROPOSAL = {"skill": "add", "a": 1, "b": 3, "instruction": "What is 1 + 3?"}
CRITIQUE = {"faults": [], "revise": False, "advice": ""}
PROBE = {"kind": "ambiguity", "answer": "13", "claim": "one and three side by side"}


def script(**said: Any) -> Script:
    """Every seat says its part; a part may be a text, JSON, or a function of the request."""
    parts: dict[str, Any] = {
        "generator": PROPOSAL, "critic": CRITIQUE, "adversary": PROBE, "judge": "accept", "solver": "4",
    } | said  # fmt: skip

    def answer(request: Request) -> Any:
        part = parts[request.role]
        if callable(part):
            part = part(request)
        return part if isinstance(part, (str, tuple)) else json.dumps(part)

    return answer


def one(
    folder: Path, said: Script, count: int = 1, admits: bool = True, hand: dict[str, Any] | None = None, **changes: Any
) -> tuple[list[Episode], list[Sample], list[Turn]]:
    """Play dealt hands of one batch; returns the episodes, the samples and the first one's turns."""
    settings = build.config(folder, **changes)

    async def run() -> tuple[list[Episode], list[Sample], list[Turn]]:
        client = ScriptedClient(said)
        async with opened(settings, build.means(settings, client=client), Watch()) as context:
            more = {"admits": admits} | (hand or {})
            hands = [build.dealt(f"episode-{at}", position=at, **more) for at in range(count)]
            await context.history.keep_deal(1, hands)
            await asyncio.gather(*(play(context, 1, 0, hand.episode) for hand in hands))
            history = context.history
            return list(history.episodes()), history.samples(), history.trace("episode-0")

    return asyncio.run(run())


def test_a_verified_answer_of_the_student_is_accepted_with_its_whole_story(tmp_path: Path) -> None:
    (episode,), samples, turns = one(tmp_path, script())
    assert (episode.outcome, episode.reason, episode.stage) == ("accepted", Reason.VERIFIED, Stage.ACCEPTED)
    assert episode.solve_rate == 1
    answer, proposal = samples
    assert (answer.role, proposal.role) == ("solver", "generator")
    assert episode.sample == answer.id
    assert answer.messages[-1].content == "4"
    assert [message.role for message in answer.messages] == ["system", "user", "assistant"]
    story = answer.provenance
    assert (story.source, story.worded_by, story.domain, story.skill) == ("student", "generator", "arithmetic", "add")
    assert story.policy == story.generator == "policy-pretended"
    assert story.probes == 6
    assert all(
        value not in (None, "")
        for name, value in story.model_dump().items()
        if name not in ("free_text", "parents", "sandbox", "strategy")
    )
    assert [turn.key.role for turn in turns] == ["generator", "solver", "critic", "adversary", "judge"]
    assert json.loads(proposal.messages[-1].content) == PROPOSAL


def test_where_nobody_solves_it_the_program_writes_the_target_and_the_sample_says_so(tmp_path: Path) -> None:
    (episode,), samples, _ = one(tmp_path, script(solver="5"))
    assert episode.outcome == "accepted"
    assert episode.solve_rate == 0
    assert samples[0].provenance.source == "program"
    assert samples[0].provenance.policy == "arithmetic@2"
    assert samples[0].messages[-1].content == "4"


def test_where_only_verified_answers_may_teach_an_unsolved_task_is_refused(tmp_path: Path) -> None:
    play_rules = {"episodes": 1, "attempts": 2, "targets": "verified"}
    (episode,), samples, _ = one(tmp_path, script(solver="5"), play=play_rules)
    assert (episode.reason, samples) == (Reason.UNSOLVED, [])


def test_a_wording_that_lost_its_parameters_is_replaced_by_the_programs(tmp_path: Path) -> None:
    lost = PROPOSAL | {"instruction": "What is 5 + 9 in all?"}
    (episode,), samples, _ = one(tmp_path, script(generator=lost))
    assert episode.outcome == "accepted"
    assert samples[0].provenance.worded_by == "program"
    assert "5" not in samples[0].messages[1].content


@pytest.mark.parametrize(
    ("said", "reason", "stage"),
    [
        ({"generator": "no JSON at all"}, Reason.MALFORMED, Stage.PROPOSED),
        ({"generator": ""}, Reason.SILENT, Stage.DEALT),
        ({"generator": {"skill": "add", "a": 1, "instruction": "What is it then?"}}, Reason.MALFORMED, Stage.PROPOSED),
        ({"generator": PROPOSAL | {"z": 0}}, Reason.MALFORMED, Stage.PROPOSED),
        ({"generator": PROPOSAL | {"a": 2}}, Reason.RESERVED, Stage.PROPOSED),
        ({"critic": "shrug"}, Reason.UNREADABLE, Stage.SOLVABLE),
        ({"critic": {"faults": ["bad"], "revise": True, "advice": ""}}, Reason.UNREADABLE, Stage.SOLVABLE),
        ({"adversary": "{"}, Reason.UNREADABLE, Stage.SOLVABLE),
        ({"judge": "maybe"}, Reason.UNREADABLE, Stage.SOLVABLE),
        ({"judge": ""}, Reason.UNREADABLE, Stage.SOLVABLE),
    ],
)  # fmt: skip
def test_nonsense_ends_an_episode_with_its_reason(
    tmp_path: Path, said: dict[str, Any], reason: Reason, stage: Stage
) -> None:
    (episode,), samples, turns = one(tmp_path, script(**said))
    assert (episode.reason, episode.stage) == (reason, stage)
    assert episode.outcome in ("refused", "error")
    assert episode.evidence
    assert samples == []
    # What was paid for stands in the trace, readable or not.
    assert turns


def test_a_fault_of_an_endpoint_is_one_episodes_outcome(tmp_path: Path) -> None:
    calls = 0

    def broken(request: Request) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise EndpointError("it is away")
        return "4"

    episodes, samples, _ = one(tmp_path, script(solver=broken, generator=by_position), count=3)
    assert [episode.outcome for episode in episodes].count("error") == 1
    assert [episode.reason for episode in episodes].count(Reason.ENDPOINT) == 1
    assert len(samples) == 4


def test_critic_and_adversary_are_asked_at_once_and_the_critics_fault_is_the_episodes(tmp_path: Path) -> None:
    (episode,), _, turns = one(tmp_path, script(critic="", adversary="no JSON"))
    assert (episode.outcome, episode.reason, episode.stage) == ("error", Reason.UNREADABLE, Stage.SOLVABLE)
    assert "critic" in episode.evidence
    assert {turn.key.role for turn in turns} == {"generator", "solver", "critic", "adversary"}


def test_a_fault_of_ours_ends_one_episode_and_says_where(tmp_path: Path) -> None:
    def odd(request: Request) -> str:
        raise ZeroDivisionError("a bug")

    (episode,), samples, _ = one(tmp_path, script(solver=odd))
    assert (episode.outcome, episode.reason) == ("error", Reason.FAULT)
    assert "ZeroDivisionError: a bug" in episode.evidence
    assert samples == []


def by_position(request: Request) -> dict[str, Any]:
    """Another sum for each dealt hand: the example in its prompt differs by the hand's random name."""
    from noria.identity import digest

    a = 1 + int(digest(request.messages[-1].content)[:8], 16) % 1000
    return {"skill": "multiply", "a": a, "b": 7, "instruction": f"What is {a} × 7?"}


def test_of_two_equal_proposals_the_first_dealt_is_the_new_one(tmp_path: Path) -> None:
    episodes, samples, _ = one(tmp_path, script(), count=3)
    assert [episode.reason for episode in episodes] == [Reason.VERIFIED, Reason.DUPLICATE, Reason.DUPLICATE]
    assert len(samples) == 2


def revisions(wish: Callable[[int], bool], wording: str) -> Script:
    """A critic that wishes by draft, and a generator that words again as told."""
    drafts = 0

    def critic(request: Request) -> dict[str, Any]:
        nonlocal drafts
        drafts += 1
        return {"faults": ["clumsy"], "revise": wish(drafts), "advice": "shorter"}

    def generator(request: Request) -> Any:
        return PROPOSAL if "skill" in (request.schema or {})["properties"] else {"instruction": wording}

    return script(critic=critic, generator=generator)


def test_a_revision_is_examined_like_a_first_draft(tmp_path: Path) -> None:
    (episode,), samples, turns = one(tmp_path, revisions(lambda draft: draft == 1, "Add 1 and 3."))
    assert episode.outcome == "accepted"
    assert [task.draft for task in episode.drafts] == [1, 2]
    assert samples[0].messages[1].content == "Add 1 and 3."
    assert sum(turn.key.role == "solver" for turn in turns) == 2


def test_a_revision_that_lost_its_parameters_leaves_the_first_draft_standing(tmp_path: Path) -> None:
    (episode,), samples, _ = one(tmp_path, revisions(lambda draft: True, "Add 7 and 9."))
    assert episode.outcome == "accepted"
    assert samples[0].messages[1].content == "What is 1 + 3?"


def test_wishes_for_more_drafts_are_bounded(tmp_path: Path) -> None:
    (episode,), _, turns = one(tmp_path, revisions(lambda draft: True, "Add 1 and 3."))
    assert episode.outcome == "accepted"
    assert sum(turn.key.role == "critic" for turn in turns) == 2


def test_a_leak_breaks_a_candidate(tmp_path: Path) -> None:
    leaking = PROPOSAL | {"instruction": "What is 1 + 3? The answer is 4."}
    (episode,), _, _ = one(tmp_path, script(generator=leaking))
    # The wording names a number too many, so the program words the task and nothing leaks.
    assert episode.outcome == "accepted"
    assert episode.drafts[0].worded_by == "program"


def test_a_judge_without_calibration_refuses_nothing(tmp_path: Path) -> None:
    (episode,), _, _ = one(tmp_path, script(judge="reject"))
    assert episode.outcome == "accepted"
    assert episode.verdicts[0].ruling == "reject"
    assert not episode.verdicts[0].veto


def test_what_a_verifier_passes_that_failed_its_own_test_is_not_accepted(tmp_path: Path) -> None:
    (episode,), samples, _ = one(tmp_path, script(), admits=False)
    assert (episode.outcome, episode.reason, samples) == ("refused", Reason.UNTRUSTED, [])
    assert "failed its own test" in episode.evidence


def test_candidates_outside_the_band_of_solve_rates_are_refused(tmp_path: Path) -> None:
    (episode,), _, _ = one(tmp_path, script(), play={"episodes": 1, "attempts": 2, "solve_rate": (0.1, 0.9)})
    assert episode.reason is Reason.OUT_OF_BAND
    assert "1.00" in episode.evidence
