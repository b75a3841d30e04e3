"""The columns of every format, with the type each has in Arrow and in a card's front matter.

    what a trainer reads      messages · prompt · completion · chosen · rejected · label · text
    where a row comes from    id, episode, round, domain, …          flat, in every format, of one type for ever

TRL drops what it does not know, but only by the names that it gives to what it made of a row
(`remove_unused_columns`); a column of ours may therefore bear none of the names that it looks
for: `tools`, `images`, `margin`, `labels`, `input_ids`, `seq_lengths`, `chat_template_kwargs`,
`conversations`. No cell is ever null, so that no split of a dataset has another schema than its
neighbour; what has no fixed form is a JSON text.
"""

from dataclasses import dataclass
from typing import Any, Literal

from noria.training.export.choice import Format

Kind = Literal["messages", "string", "int32", "float64", "bool"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    kind: Kind
    means: str


def _trained(name: str, means: str, kind: Kind = "messages") -> Column:
    return Column(name, kind, means)


PROMPT = _trained("prompt", "the chat up to the answer")

TRAINED: dict[Format, tuple[Column, ...]] = {
    "sft": (_trained("messages", "the whole chat, the answer last"),),
    "prompt-completion": (PROMPT, _trained("completion", "the answer, as a chat of one line")),
    "preference": (
        PROMPT,
        _trained("chosen", "the answer that every check passed"),
        _trained("rejected", "the answer that was refused"),
    ),
    "kto": (
        PROMPT,
        _trained("completion", "an answer"),
        Column("label", "bool", "whether every check passed it"),
    ),
    "chatml": (
        Column("text", "string", "the whole chat with the control tokens of ChatML"),
        _trained("messages", "the same chat"),
    ),
}
"""What a trainer reads."""

STORY = (
    Column("id", "string", "hash of what the row says"),
    Column("split", "string", "`train` or `test`"),
    Column("group", "string", "what may not be torn apart: rows of one group are on one side of the split"),
    Column("role", "string", "the role the row teaches: `solver`, or `generator`"),
    Column("sample", "string", "the accepted sample it rests on"),
    Column("episode", "string", "the episode that made it"),
    Column("round", "int32", "the round that played it"),
    Column("domain", "string", "the family of tasks"),
    Column("skill", "string", "the skill inside the domain"),
    Column("level", "int32", "the difficulty inside the domain"),
    Column("source", "string", "who wrote the answer: `student`, `pool`, `program` or `adversary`"),
    Column("policy", "string", "the policy or program that wrote the answer"),
    Column("worded_by", "string", "who worded the task: the `generator` or a `program`"),
    Column("generator", "string", "the policy that proposed the task"),
    Column("verifier", "string", "the program that checked the answer, with its version"),
    Column("warrant", "string", "what it rests on: `verified` by a program, or `judged` by a judge's opinion alone"),
    Column("strategy", "string", "the method by which it was asked for; empty where the generator proposed plainly"),
    Column("checks", "string", "JSON: the checks that the accepted sample passed"),
    Column("solve_rate", "float64", "share of the solver's attempts at the task that passed"),
    Column("verdict", "string", "the judge's opinion; it admits nothing"),
    Column("probes", "int32", "attacks on the task and its answer that did not hold"),
    Column("quarantined", "bool", "whether the verifier was beaten later; such rows are here only on request"),
    Column("templates", "string", "JSON: version of each prompt template; the texts are in `prompts/`"),
    Column("provenance", "string", "JSON: everything else that the session knows of the sample"),
)
"""Where a row comes from."""

CONTRAST = (
    Column("why_rejected", "string", "`failed check`, `refuted attack` or `revised draft`"),
    Column("evidence", "string", "what the program (for a revised draft: the critic) found wrong"),
    Column("chosen_checks", "string", "JSON: each check of the chosen answer"),
    Column("rejected_source", "string", "who wrote the rejected answer"),
    Column("rejected_policy", "string", "the policy or program that wrote it"),
    Column("rejected_checks", "string", "JSON: each check of the rejected answer, passed or not"),
)
"""What a pair says besides."""

MORE: dict[Format, tuple[Column, ...]] = {
    "preference": CONTRAST,
    "kto": (
        Column("evidence", "string", "what the checks found"),
        Column("completion_checks", "string", "JSON: each check of the answer, passed or not"),
    ),
}


def columns(form: Format) -> tuple[Column, ...]:
    """The columns of a format, what a trainer reads first."""
    return (*TRAINED[form], *STORY, *MORE.get(form, ()))


def features(form: Format) -> list[dict[str, Any]]:
    """The columns as a dataset card's front matter names their types."""
    return [{"name": one.name, **_typed(one.kind)} for one in columns(form)]


def _typed(kind: Kind) -> dict[str, Any]:
    if kind != "messages":
        return {"dtype": kind}
    return {"list": [{"name": name, "dtype": "string"} for name in ("role", "content")]}
