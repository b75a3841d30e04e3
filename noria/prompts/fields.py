"""What each template may ask for, and who wrote it.

    the program's own   stands open          about, level, skill, example, faults, counts, …
    the operator's own  stands open, defused  notes
    everything else     stands behind the fence: a model, a row or memory wrote it

No template may ask for the truth: a seat that must not see the answer cannot be shown it.
"""

from typing import Any

from noria.types import Role

MARK = "mark"
"""The opening of the call's fence, which the renderer gives by itself."""

NOTES = "notes"
"""The steering notes of the person who runs the session, a line each."""

FIELDS: dict[str, frozenset[str]] = {
    "generator": frozenset(
        {"about", "level", "skill", "example", "example_json", "topic", "neighbours", "weak", "seed_text", NOTES, MARK}
    ),
    "self_instruct": frozenset({"about", "skill", "example_json", "topic", "examples", "weak", NOTES, MARK}),
    "evolve": frozenset({"about", "skill", "operator", "given", "topic", NOTES, MARK}),
    "hardened": frozenset({"about", "level", "skill", "example_json", "weakness", "given", NOTES, MARK}),
    "ground": frozenset({"skill", "passage", "spans", "weak", NOTES, MARK}),
    "reword": frozenset({"about", "instruction", "parameters", "faults", "advice", NOTES, MARK}),
    "critic": frozenset({"about", "instruction", "response", "evidence", MARK}),
    "adversary": frozenset({"about", "instruction", "response", MARK}),
    "judge": frozenset({"instruction", "response", "evidence", MARK}),
    "prefer": frozenset({"instruction", "first", "second", MARK}),
    "solver": frozenset({"instruction"}),
    "restate": frozenset({"instruction", "response", MARK}),
    "adviser": frozenset({"counts", "samples", MARK}),
    "explain": frozenset({"program", MARK}),
    "entails": frozenset({"premise", "statement", MARK}),
    "tag": frozenset({"instruction", MARK}),
    "coach": frozenset({"instruction", "response", "evidence", MARK}),
    "revise": frozenset({"instruction", "response", "advice", MARK}),
    "paraphrase": frozenset({"about", "instruction", "parameters", MARK}),
    "mistake": frozenset(
        {"about", "level", "skill", "example", "example_json", "instruction", "response", "neighbours", NOTES, MARK}
    ),
    "toxic": frozenset({"text", MARK}),
    "subtle": frozenset({"remarks", MARK}),
}
"""Template to the fields it may ask for."""

OPTIONAL: dict[str, Any] = {NOTES: ()}
"""Fields that nobody has to give, and what stands in their place."""

PROGRAMS = frozenset(
    {
        "about",
        "level",
        "skill",
        "example",
        "example_json",
        "weak",
        "faults",
        "operator",
        "weakness",
        "counts",
        NOTES,
        MARK,
    }
)
"""Fields that a program or the operator wrote, or chose from a closed set; everything else is data."""

CHOSEN = {"critic": frozenset({"evidence"}), "coach": frozenset({"evidence"})}
"""Fields that are data elsewhere and a program's own here: the critic is shown the names of checks alone."""

OPEN = frozenset({"solver"})
"""Templates whose data is the task itself: it is defused and stands open."""

SEATS: dict[str, Role] = {
    "generator": "generator", "self_instruct": "generator", "evolve": "generator", "hardened": "generator",
    "reword": "generator", "explain": "generator", "critic": "critic",
    "ground": "generator",
    "adversary": "adversary", "judge": "judge", "prefer": "judge", "entails": "judge", "solver": "solver",
    "tag": "critic",
    "coach": "critic", "revise": "solver", "paraphrase": "generator", "mistake": "generator", "toxic": "judge",
    "subtle": "adversary",
    "restate": "solver",
    "adviser": "critic",
}  # fmt: skip
"""Template to the role that asks with it."""

REPLIES = {
    "critic": frozenset({"faults", "revise", "advice"}), "adversary": frozenset({"kind", "answer", "claim"}),
    "reword": frozenset({"instruction"}), "explain": frozenset({"instruction"}), "tag": frozenset({"tags"}),
}  # fmt: skip
"""Templates that may say the JSON schema of the reply themselves, and the properties that a program reads of it."""


PLAIN = frozenset({"solver", "restate", "revise"})
"""Templates that are answered in plain text: JSON and a choice of words end by themselves."""


def own(name: str) -> frozenset[str]:
    """The fields of a template that need no fence."""
    return PROGRAMS | CHOSEN.get(name, frozenset())
