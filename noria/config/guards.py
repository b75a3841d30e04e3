"""The guards against collapse: what each watches, its bound, what it does, and why the bound stands where it does.

    reading of the round ─► against its bound ─► ok · watching (too little to tell) · fired ─► its action

Most readings are ratios to the first round, taken at equal domains and levels: 1 is no
change. A guard fires only where the whole interval of its reading lies beyond its bound, so
that a small round is watched and does not alarm; a wrong label and a cheat that passes are no
estimates but proofs, and one is enough. The bounds of the ratios leave room for what a round
that learns well does to them: in two runs of the demo on the default student the second
round's sets lay between 0.94 and 1.01, entropy at 0.88 to 0.90, new proposals at 0.93 to 0.94.
"""

import difflib
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import field_validator

from noria.config.parts import Part

GuardName = Literal[
    "distinct", "compression", "spread", "nearest", "vendi", "signatures", "solve_rates", "entropy", "pass_at_k",
    "length", "acceptance", "judge", "labels", "hacks",
]  # fmt: skip
"""What is watched."""

GUARDS: tuple[GuardName, ...] = get_args(GuardName)

GuardAction = Literal["off", "cool_down", "step_back", "stop"]
"""What follows once a guard fires, the mildest first; `off` does not measure."""

GUARD_ACTIONS: tuple[GuardAction, ...] = get_args(GuardAction)


@dataclass(frozen=True, slots=True)
class Default:
    """A guard as it ships."""

    bound: float
    action: GuardAction
    watches: str
    """What is read, in plain words."""
    why: str
    """Why the bound stands where it does."""
    mend: str
    """What a person can do about it."""


_WIDEN = "add seeds, topics or domains, raise `play.temperature`, or start again with more rows of your own"
_STUDENT = "lower `train.epochs` or `train.learning_rate`, raise `train.replay` and `train.anchors`, add rows"

TABLE: dict[GuardName, Default] = {
    "distinct": Default(
        0.7, "cool_down", "distinct word pairs of what was accepted, of those of the program's own tasks",
        "same domains, levels and count leave a ratio within some hundredths of the first round's; a third less is "
        "another way of speaking",
        _WIDEN,
    ),
    "compression": Default(
        0.7, "cool_down", "bytes left of what was accepted once compressed, of those of the program's own tasks",
        "long repetitions that word pairs do not see; a third less is a third of the rows that say nothing new",
        _WIDEN,
    ),
    "spread": Default(
        0.7, "cool_down", "mean distance in meaning between two accepted samples, against the program's own",
        "the mean of all pairs hardly moves by chance (some hundredths); a third less is a lost subject",
        _WIDEN,
    ),
    "nearest": Default(
        0.5, "cool_down", "distance in meaning from an accepted sample to its nearest, against the program's own",
        "nearest distances are small and noisier than mean ones, and near repeats halve them",
        _WIDEN,
    ),
    "vendi": Default(
        0.6, "cool_down", "effective number of accepted samples that differ (Vendi score), against the program's own",
        "the score counts what differs; losing two in five of it in a few rounds is no drift of the deal",
        _WIDEN,
    ),
    "signatures": Default(
        0.6, "cool_down", "share of well-formed proposals whose solution nobody asked before, against the first round",
        "small domains run dry slowly (0.98 to 0.91 in the demo); under 0.6 most calls buy what is known",
        "add levels or domains: these are asked out; or " + _WIDEN,
    ),
    "solve_rates": Default(
        0.2, "cool_down", "variance of the solve rates between tasks of one level, against the first round",
        "tasks that all are solved equally often teach nothing; it counts only while the mean did not rise, for a "
        "student that solves everything is done here, not collapsed",
        "deal other levels or domains: what is dealt is always or never solved",
    ),
    "entropy": Default(
        0.5, "step_back", "how much the student's answers to one task differ, right answers aside where one is right",
        "what learns answers right more often, which is left out; wrong answers that become one answer are collapse",
        _STUDENT,
    ),
    "pass_at_k": Default(
        0.7, "step_back", "share of tasks solved in k tries (pass@k), against the first round at the same levels",
        "pass@1 may rise while pass@k falls: then training narrows what can be found at all; three tasks in ten lost "
        "is more than one round's forgetting",
        _STUDENT,
    ),
    "length": Default(
        2.0, "cool_down", "length of accepted answers over the program's own, against the first round",
        "twice as long, or half as long, at the same tasks is verbosity or truncation, not a better answer",
        "look at `noria accepted`; a verifier that rewards length, or `answer_tokens`, may be the cause",
    ),
    "acceptance": Default(
        0.5, "cool_down", "share of dealt episodes that were accepted, against the first round",
        "half the yield doubles the price of every sample and says that proposals or checks changed",
        "`noria status` says for which reasons episodes were refused",
    ),
    "judge": Default(
        0.2, "cool_down", "loss of the judge's agreement with planted truth (Cohen's κ) since its first card",
        "0.2 is one band of agreement on Landis and Koch's scale (1977), and the least that gives a veto",
        "seat another judge; `noria judges` shows its cards",
    ),
    "labels": Default(
        0.0, "stop", "share wrong of an audited slice of accepted samples, grounded and checked anew",
        "what a program can prove wrong twice is wrong, so one is enough",
        "`noria trace` the named episodes; mend the verifier and raise its version, or the disk that changed a row",
    ),
    "hacks": Default(
        0.02, "stop", "share of planted cheats that pass a verifier, the worst verifier's",
        "reward hacking is said to generalise from 2 % of hacked episodes on (arXiv 2511.18397)",
        "mend the verifier and raise its version; `noria verifiers` shows what passed",
    ),
}  # fmt: skip


class Guard(Part):
    """One guard of a session."""

    bound: float
    action: GuardAction

    @field_validator("action", mode="before")
    @classmethod
    def _off(cls, value: Any) -> Any:
        # YAML reads a bare `off` as false.
        return "off" if value is False else value


def resolved(given: Any) -> Any:
    """The whole mapping of guards from what a config says of some of them; false turns all of them off.

    Raises:
        ValueError: a guard is named that there is not.
    """
    if given is False:
        return {name: {"bound": one.bound, "action": "off"} for name, one in TABLE.items()}
    if not isinstance(given, dict):
        return given
    for name in given:
        if name not in TABLE:
            near = difflib.get_close_matches(str(name), TABLE, n=1)
            said = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(TABLE)}"
            raise ValueError(f"there is no guard {name!r}; {said}")
    defaults = {name: {"bound": one.bound, "action": one.action} for name, one in TABLE.items()}
    return {
        name: {**own, **given[name]} if isinstance(given.get(name), dict) else given.get(name, own)
        for name, own in defaults.items()
    }
