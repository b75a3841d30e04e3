"""Compressing a template: its own sentences and words, and what is left when the least telling go.

    text ─► units (sentences without a field, their words) ─► cost of each ─► cheapest out while the rest is valid

A compressed template is the file with something deleted, and nothing added: no model writes a word of it.
What holds a field or a block of Jinja stays whole, and so does the front matter. After *LLMLingua*
(Jiang et al., arXiv 2310.05736): what a model would have foreseen tells it little, so it can go; in
sentences first, as *LLMLingua-2* (Pan et al., arXiv 2403.12968) keeps what it keeps whole. Where no model tells how
likely a text is, a program leaves out one sentence after another and counts the words that are then said nowhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from noria.errors import ConfigError
from noria.prompts.template import Template, examine

_ROLE = re.compile(r"(system|user|assistant):[ \t]*")
_SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s|$)|$)")
_WORD = re.compile(r"\S+")
_JINJA = re.compile(r"\{[{%#]")
_FIELDS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_TELLING = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a template's text that may go."""

    start: int
    end: int
    words: int

    def within(self, other: "Unit") -> bool:
        """Whether it lies in another."""
        return other.start <= self.start and self.end <= other.end


def units(template: Template) -> list[Unit]:
    """The sentences of a template that hold no field, and the words of those that have several."""
    text, found = template.text, list[Unit]()
    for start, line in _lines(template):
        if _JINJA.search(line) and "{%" in line:
            continue
        for sentence in _SENTENCE.finditer(line):
            if _JINJA.search(sentence[0]) or "}}" in sentence[0]:
                continue
            own = list(_WORD.finditer(sentence[0]))
            found.append(Unit(start + sentence.start(), start + sentence.end(), len(own)))
            if len(own) > 1:
                at = start + sentence.start()
                found += [Unit(at + word.start(), at + word.end(), 1) for word in own]
    assert all(text[one.start : one.end].strip() for one in found)
    return found


def size(text: str, name: str) -> int:
    """Words of a template's own, beside its fields and its front matter."""
    template = Template.parse(text, name)
    return sum(
        len(_WORD.findall(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", line))) for _, line in _lines(template)
    )


def without(text: str, gone: list[Unit]) -> str:
    """A text without some units, and without the blanks and empty lines that they leave."""
    for one in sorted(gone, key=lambda unit: -unit.start):
        before, after = text[: one.start], text[one.end :]
        if after.startswith((" ", "\t")) and (not before or before[-1] in " \t\n"):
            after = after.lstrip(" \t")
        elif before.endswith((" ", "\t")) and (not after or after[0] == "\n"):
            before = before.rstrip(" \t")
        if before.endswith("\n") and after.startswith("\n"):
            after = after[1:]
        text = before + after
    return text


def compressed(template: Template, cost: Mapping[Unit, float], keep: float) -> Template:
    """The template without its cheapest units, as long as more than a share `keep` of its words is left.

    `cost` is what a unit tells, in any measure; it is weighed by its words. What stands in no `cost` stays, and
    so does whatever the template would not be valid without. The template itself, where nothing can go.

    Raises:
        ConfigError: `keep` is no share.
    """
    if not 0 < keep < 1:
        raise ConfigError(f"The share of words to keep lies between 0 and 1, not at {keep}.")
    most = size(template.text, template.name) * (1 - keep)
    gone, dropped, best = list[Unit](), 0, template
    for unit in sorted(cost, key=lambda one: (cost[one] / one.words, one.start, one.end)):
        taken = [one for one in gone if one.within(unit)]
        new = unit.words - sum(one.words for one in taken)
        if any(unit.within(one) for one in gone) or dropped + new > most:
            continue
        rest = [one for one in gone if one not in taken] + [unit]
        if (made := _valid(without(template.text, rest), template)) is not None:
            gone, dropped, best = rest, dropped + new, made
    return best


def told(template: Template) -> dict[Unit, float]:
    """What each sentence tells, by program: its words that are said nowhere else in the template."""
    found = dict[Unit, float]()
    for one in (unit for unit in units(template) if unit.words > 1):
        own = _TELLING.findall(template.text[one.start : one.end].lower())
        rest = " ".join(line for _, line in _lines(template, template.text[: one.start], template.text[one.end :]))
        others = set(_TELLING.findall(rest.lower()))
        found[one] = float(len(set(own) - others))
    return found


def _valid(text: str, old: Template) -> Template | None:
    """The template that a text makes; none where it is none, asks for less, or has lost a role."""
    new, faults = examine(text, old.name)
    if new is None or any(not fault.warning for fault in faults):
        return None
    same = new.inputs == old.inputs and [role for role, *_ in new.blocks] == [role for role, *_ in old.blocks]
    return new if same and _filled(new) else None


def _filled(template: Template) -> bool:
    """Whether something stands under each role."""
    bodies = list[str]()
    for line in _body(template.text)[1].split("\n"):
        if _ROLE.fullmatch(line):
            bodies.append("")
        elif bodies:
            bodies[-1] += line.strip()
    return all(bodies)


def _lines(template: Template, before: str | None = None, after: str = "") -> list[tuple[int, str]]:
    """The lines of a body that are no role, each with where it begins in the text."""
    at, body = _body(template.text if before is None else before + "\n" + after)
    found = []
    for line in body.split("\n"):
        if line.strip() and not _ROLE.fullmatch(line):
            found.append((at, line))
        at += len(line) + 1
    return found


def _body(text: str) -> tuple[int, str]:
    """Where the front matter ends, and what follows it."""
    end = re.compile(r"\n---[ \t]*(?:\n|\Z)").search(text, 3)
    return (end.end(), text[end.end() :]) if end else (0, text)
