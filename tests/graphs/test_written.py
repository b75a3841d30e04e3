"""Tasks whose truth a model wrote, through the real graph: what is let in, and what is never learned from."""

import json
from pathlib import Path
from typing import Any

from noria.inference.client import Request
from noria.types import Episode, Reason, Sample, Turn
from tests.graphs.test_episode import one, script

CODE = {
    "skill": "written_int_int", "does": "doubles it and adds one", "body": ["return 2 * x + 1"],
    "examples": [{"x": 3, "y": 7}, {"x": 0, "y": 1}, {"x": -4, "y": -7}, {"x": 10, "y": 21}],
    "properties": [["return y - x - x == 1"]],
    "instruction": "Write f(x) in Python: it takes an integer, doubles it and adds one.",
}  # fmt: skip
RULE = {
    "skill": "written", "topic": "green tea", "rule": "in at most six words",
    "functions": [
        ["return len(response.split()) <= 6"],
        ["return len(response.split()) < 7"],
        ["return 'tea' in response"],
    ],
    "cases": [
        {"response": "Tea is warm and kind.", "holds": True},
        {"response": "A tea that is drunk by many people every day.", "holds": False},
        {"response": "Warm tea helps.", "holds": True},
        {"response": "One two three four five six seven", "holds": False},
    ],
    "instruction": "Write about green tea in at most six words.",
}  # fmt: skip
ANSWER = "Green tea calms busy, tired people."


def played(
    folder: Path, domain: str, said: dict[str, Any], veto: bool = True, **parts: Any
) -> tuple[Episode, list[Sample], list[Turn]]:
    """One hand of level 4 whose generator proposes, and tells back on request."""

    def generator(request: Request) -> Any:
        fields = (request.schema or {})["properties"]
        return said if "skill" in fields else {"instruction": "The text has six words at the most."}

    hand = {
        "domain": domain,
        "level": 4,
        "veto": veto,
        "window": {"skill": said["skill"], "size": 3, "topics": ["tea"]},
    }
    (episode,), samples, turns = one(folder, script(generator=generator, **parts), hand=hand, domains={domain: (4,)})
    return episode, samples, turns


def test_a_function_that_passes_tests_a_model_wrote_is_learned_from(tmp_path: Path) -> None:
    solved = "def f(x):\n    return x + x + 1"
    episode, samples, _ = played(tmp_path, "code", CODE, solver=solved)
    assert episode.outcome == "accepted", episode.evidence
    answer, proposal = samples
    assert answer.messages[-1].content == solved
    assert "f(3) = 7 and f(0) = 1." in answer.messages[1].content
    assert (answer.provenance.verifier, answer.provenance.worded_by) == ("code.written@1", "generator")
    written = json.loads(proposal.messages[-1].content)
    assert set(written) == set(CODE)
    assert all(check.sandbox or check.name == "form" for attempt in episode.attempts for check in attempt.checks)


def test_what_nobody_solved_from_the_wording_alone_is_not_learned_from(tmp_path: Path) -> None:
    episode, samples, _ = played(tmp_path, "code", CODE, solver="def f(x):\n    return 3 * x")
    assert (episode.reason, samples) == (Reason.UNSOLVED, [])


def test_tests_that_tell_nothing_end_the_episode_before_anyone_is_asked(tmp_path: Path) -> None:
    weak = CODE | {"properties": [["return True"]]}
    episode, samples, turns = played(tmp_path, "code", weak)
    assert (episode.reason, samples) == (Reason.UNGROUNDED, [])
    assert "its properties refuse 0" in episode.evidence
    assert [turn.key.role for turn in turns] == ["generator"]


def test_a_rule_whose_functions_mean_it_judges_responses(tmp_path: Path) -> None:
    def judge(request: Request) -> str:
        return "yes" if "yes" in list(request.choices) else "accept"

    episode, samples, turns = played(tmp_path, "constraints", RULE, solver=ANSWER, judge=judge)
    assert episode.outcome == "accepted", episode.evidence
    assert samples[0].messages[-1].content == ANSWER
    assert samples[0].provenance.verifier == "constraints.written@2"
    assert "back_translation" in samples[0].provenance.checks
    told = next(turn for turn in turns if turn.template.startswith("explain@"))
    assert str(RULE["rule"]) not in " ".join(message.content for message in told.messages)


def test_functions_that_mean_something_else_judge_nothing(tmp_path: Path) -> None:
    def judge(request: Request) -> str:
        return "no" if "no" in list(request.choices) else "accept"

    episode, samples, _ = played(tmp_path, "constraints", RULE, solver=ANSWER, judge=judge)
    assert (episode.reason, samples) == (Reason.UNGROUNDED, [])
    assert "does not follow" in episode.evidence


def test_what_only_a_benched_judge_could_admit_is_not_admitted(tmp_path: Path) -> None:
    episode, samples, turns = played(tmp_path, "constraints", RULE, veto=False, solver=ANSWER)
    assert (episode.reason, samples) == (Reason.UNGROUNDED, [])
    assert "benched" in episode.evidence
    assert [turn.key.role for turn in turns] == ["generator"]


def test_a_judge_that_says_neither_yes_nor_no_is_an_error_and_no_guess(tmp_path: Path) -> None:
    def judge(request: Request) -> str:
        return "perhaps" if "yes" in request.choices else "accept"

    episode, samples, _ = played(tmp_path, "constraints", RULE, solver=ANSWER, judge=judge)
    assert (episode.outcome, episode.reason, samples) == ("error", Reason.UNREADABLE, [])


def test_a_written_program_is_asked_about_in_words_of_ours(tmp_path: Path) -> None:
    body = ["total = 0", "for n in x:", "    total = total * 2 + n", "return total"]
    said = {"skill": "written_output", "body": body, "x": [1, 0, 2], "instruction": "What does f give for it?"}
    episode, samples, _ = played(tmp_path, "deduction", said, solver="no idea")
    assert episode.outcome == "accepted", episode.evidence
    assert samples[0].provenance.source == "program"
    assert samples[0].messages[-1].content == "6"
    assert all(line in samples[0].messages[1].content for line in body)
