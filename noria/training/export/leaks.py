"""The proof that nothing leaked: the written files are read again, and nothing is believed that the writer thought.

test files ─► what each row asks: parameters, solution, shape, words ─┐
train files ─► the same of each row ─────────────────────────────────┴─► in common? exam items?
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noria.evaluators.contamination import words
from noria.identity import digest
from noria.training.export.files import read

COMPARED = ("parameters", "solution", "shape", "words", "group", "answer")
"""What no task may have in common with one of the other side; `answer` is prompt and answer together."""


@dataclass
class Proof:
    """What was compared, and what was found on both sides."""

    train: int = 0
    """Rows read."""
    test: int = 0
    exam_items: int = 0
    """Exam items that no row may ask."""
    common: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COMPARED, 0))
    """Rows of train that share this with a row of test."""
    examined: int = 0
    """Rows that ask an exam's item, in the same words."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not any(self.common.values()) and not self.examined

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.test:
            shared = ", ".join(f"{name} {count}" for name, count in self.common.items() if count)
            said = f"of {self.train} rows of train, {shared or 'none'} "
            said += "share" + (" something" if shared else "s parameters, solution, shape, words, group or answer")
            said += f" with one of the {self.test} held-out rows"
        else:
            said = f"nothing is held out of {self.train} rows"
        asked = f"{self.examined} of them ask" if self.examined else "none of them asks"
        return f"{said}; {asked} one of the {self.exam_items} exam items in the same words."


def prove(files: Collection[tuple[str, Path]], exam: Iterable[str]) -> Proof:
    """Compare the sides of written files, each named by its side; `exam` are the wordings of the exams' items."""
    asked = {_said(text) for text in exam}
    found = Proof(exam_items=len(asked))
    held: dict[str, set[str]] = {name: set() for name in COMPARED}
    for row in (row for side, path in files if side == "test" for row in read(path)):
        found.test += 1
        found.examined += _said(_instruction(row)) in asked
        for name, key in _keys(row).items():
            held[name].add(key)
    for row in (row for side, path in files if side == "train" for row in read(path)):
        found.train += 1
        found.examined += _said(_instruction(row)) in asked
        for name, key in _keys(row).items():
            found.common[name] += key in held[name]
    return found


def _keys(row: dict[str, Any]) -> dict[str, str]:
    story = json.loads(row["provenance"])
    chat = row.get("messages") or [*row["prompt"], *(row.get("chosen") or row["completion"])]
    found = {
        "parameters": f"{row['domain']}\n{story['shape']}\n{story['free_text']}",
        "solution": f"{row['domain']}\n{story['signature']}",
        # Where the text is all that is asked every task has one shape (see `splitting.keys`).
        "shape": f"{row['domain']}\n{story['free_text' if row.get('warrant') == 'judged' else 'shape']}",
        "words": " ".join(sorted(words(_instruction(row)))),
        "group": row["group"],
        "answer": f"{row['role']}\n" + "\n".join(one["content"] for one in chat),
    }
    return {name: digest(text)[:16] for name, text in found.items()}


def _instruction(row: dict[str, Any]) -> str:
    """What a row's task asks: the last thing said to the solver, or the instruction of a proposal."""
    chat = row.get("messages") or [*row["prompt"], *(row.get("chosen") or row["completion"])]
    if row["role"] == "solver":
        return str(chat[-2]["content"])
    return str(json.loads(chat[-1]["content"]).get("instruction", ""))


def _said(text: str) -> str:
    return digest(" ".join(words(text)))[:16]
