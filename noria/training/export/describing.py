"""The facts that a dataset's card is made of, from what was written and what the session knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from noria.memory.history import History
from noria.training.export import facts
from noria.training.export.card import card, code, dataset_front
from noria.training.export.choice import Format
from noria.training.export.columns import STORY, TRAINED, columns
from noria.types import Json

if TYPE_CHECKING:
    from noria.training.export.dataset import Inspection, Written

USE: dict[Format, str] = {
    "sft": "supervised fine-tuning on whole chats",
    "prompt-completion": "supervised fine-tuning on the answer alone",
    "preference": "preference training (DPO) and reward models",
    "kto": "training on single labelled answers (KTO)",
    "chatml": "trainers that read rendered text",
}

TRAINER: dict[Format, str] = {
    "sft": "`SFTTrainer`",
    "prompt-completion": "`SFTTrainer`",
    "preference": "`DPOTrainer`, `RewardTrainer`",
    "kto": "`KTOTrainer`",
    "chatml": "`SFTTrainer`",
}

PARTS = (
    ("answers by the", "answered by"), ("answers of", "policy"),
    ("tasks worded by the", "worded by"), ("tasks of round", "round"), ("tasks dealt by", "strategy"),
    ("tasks that are", "warrant"),
)  # fmt: skip
"""What is counted one by one, in words."""

ALT = {
    "composition": "Composition: samples by domain and who answered",
    "funnel": "Funnel: how many episodes reached each stage",
    "exams": "Exams: share of fresh items right before and after each round's training",
}


def described(
    history: History, done: "Written", look: "Inspection", paths: Mapping[Format, Mapping[str, str]],
    figures: Sequence[str], lost: Sequence[str],
) -> str:  # fmt: skip
    """The text of the card."""
    order, made = done.order, done.composition
    forms = [form for form in order.formats if form in paths]
    title = order.title or f"Noria session {order.session.name}"
    front = dataset_front(
        {form: paths[form] for form in forms}, max(sum(done.rows[form].values()) for form in forms),
        title=title, licence=order.licence, language=order.language,
    )  # fmt: skip
    limits = facts.limits(history, made)
    if lost:
        limits.append(
            f"**Lost wordings.** The texts of {len(lost)} template version{'s' * (len(lost) != 1)} were not kept: "
            f"{', '.join(map(code, lost))}."
        )
    body: Json = {
        "title": title,
        "pretended": facts.pretended(history),
        "samples": made.samples,
        "tasks": made.tasks,
        "roles": " and ".join(f"{count} of the {role}'s" for role, count in made.parts["role"].most_common()),
        "answers": made.answers.total(),
        "proposals": made.parts["role"]["generator"],
        "session": order.session.name,
        "forms": [
            {
                "name": form,
                "use": USE[form],
                "trainer": TRAINER[form],
                **{side: done.rows[form].get(side, 0) for side in ("train", "test")},
            }
            for form in forms
        ],
        "chatml": "chatml" in forms,
        "contrast": bool({"preference", "kto"} & set(forms)),
        "drafts": "generator" in order.choice.roles,
        "figures": {name: {"alt": ALT.get(name, name)} for name in figures},
        "strata": made.rows(),
        "parts": [
            {"what": f"{what} {code(value)}", "count": count, "whole": made.parts[name].total()}
            for what, name in PARTS
            for value, count in sorted(made.parts[name].items(), key=lambda one: (-one[1], one[0]))
        ],
        "verifiers": facts.verifiers(history),
        "probes": made.probes,
        "opinions": made.parts["warrant"]["judged"],
        "judge": facts.judged(history),
        "split": _split(done),
        "proof": {"sentence": done.proof.sentence},
        "hygiene": _hygiene(look, done.left),
        "left": sorted(done.left.items(), key=lambda one: (-one[1], one[0])),
        "limits": limits,
        "made": facts.made(history),
        "exams": facts.exams(history),
        "chain": {"samples": done.chain.samples, "head": done.chain.head},
        "columns": _columns(forms),
        "licence": order.licence,
    }
    return card("dataset", front, body)


def _split(done: "Written") -> Json:
    """How many tasks are held out, and what the hash could not hold out."""
    split, sides = done.split, done.composition.parts["side"]
    sizes = Counter(split.groups.values())
    domains = {(row["domain"]) for row in done.composition.rows()}
    held = {row["domain"] for row in done.composition.rows() if row["test"]}
    return {
        "share": split.share,
        "tasks": done.composition.tasks,
        "held_out": sides["test"],
        "groups": len(sizes),
        "largest": max(sizes.values(), default=0),
        "moved": split.moved,
        "absent": sorted(domains - held) if held else [],
    }


def _hygiene(look: "Inspection", left: Mapping[str, int]) -> Json:
    def met(*words: str) -> int:
        return sum(count for why, count in left.items() if all(word in why for word in words))

    held = met("its text holds") + met("unclean")
    benchmarks = "No benchmark was named to compare with."
    if look.benchmark_items:
        benchmarks = f"So was it with {look.benchmark_items} items of benchmarks that the user named: "
        benchmarks += _met(met("contaminated", "benchmark"))
    return {
        "exams": f"Every sample was compared with the {look.exam_items} items of the session's exams, in the same "
        f"words and in others: {_met(met('contaminated', 'exam'))}",
        "benchmarks": benchmarks,
        "screen": f"Every text was screened, by pattern and word list, for {', '.join(look.kinds)}: "
        f"{f'{held} rows held something and are left out' if held else 'nothing was found'}. A word list knows words: "
        "what is meant and not said passes."
        if look.kinds
        else "Nothing was screened for secrets, personal data or toxic words.",
    }


def _met(count: int) -> str:
    return f"{count} met one and are left out." if count else "none met one."


def _columns(forms: Sequence[Format]) -> list[Json]:
    """Every column once; those that not all formats have with the formats they are of."""
    shared = {one.name for one in STORY}
    found: dict[tuple[str, str], Json] = {}
    for form in forms:
        for one in columns(form):
            row = found.setdefault(
                (one.name, one.means), {"name": one.name, "kind": one.kind, "means": one.means, "of": []}
            )
            row["of"] += [] if one.name in shared else [form]
    trained = {one.name for form in forms for one in TRAINED[form]}
    ordered = sorted(found.values(), key=lambda row: (row["name"] not in trained, row["name"] in shared))
    return [{**row, "of": ", ".join(row["of"]) if len(forms) > 1 else ""} for row in ordered]
