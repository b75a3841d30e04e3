"""Templates from the session's folder: a changed file is taken before the next batch, a broken one is refused.

    SESSION/prompts/NAME.md ─┬─ as it was                     ─► nothing
                             ├─ another text, a template       ─► step `template`: in force from this batch on
                             └─ broken, gone, somebody else's  ─► step `broken_template`, once; the old one plays on

A text is rehearsed before it is taken: rendered with fields that are empty, short and long, for
a template that fails in play would spend a batch. What is in force stands in the ledger with
its text, so a resumed session does not hang on what the folder holds by then.
"""

import time
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.errors import ConfigError
from noria.failpoints import at
from noria.graphs.steering.files import PROMPTS, read
from noria.graphs.steering.saying import step
from noria.identity import digest
from noria.memory.history import History
from noria.memory.ledger import Write
from noria.memory.steps import Steps, forcing, stepping, texting
from noria.prompts import Template, Templates
from noria.prompts.fields import FIELDS, MARK
from noria.prompts.lookup import places
from noria.prompts.template import normal
from noria.types import Step

LISTS = frozenset({"neighbours", "weak", "faults", "notes", "counts", "samples"})
"""Fields that hold several texts."""

TEXTS = ("", "One short text.", "A long one, again and again. " * 20)
"""What each field holds in one rehearsal."""


def rehearsed(text: str, name: str, path: Path | None = None) -> Template:
    """A template, once it was parsed and rendered.

    Raises:
        ConfigError: it is none, or cannot be rendered.
    """
    template = Template.parse(text, name, path)
    for said in TEXTS:
        fields: dict[str, Any] = {
            one: (2 if one == "level" else [said] * 2 if said and one in LISTS else [] if one in LISTS else said)
            for one in FIELDS[name] - {MARK}
        }
        template.render(fields)
    return template


def in_force(history: History, config: SessionConfig) -> Templates:
    """The templates a session opens with: those that its ledger says are in force, or the folders' of a new one.

    Raises:
        ConfigError: a template of a new session is broken, or somebody else's.
    """
    if versions := Steps(history).in_force():
        texts = Steps(history).texts(versions.values())
        return Templates().using({name: texts[one] for name, one in versions.items() if one in texts})
    return fresh(config)


def fresh(config: SessionConfig) -> Templates:
    """The templates that a new session begins with, as its folders have them.

    Raises:
        ConfigError: one is broken, or somebody else's.
    """
    own = config.session / PROMPTS
    for path in sorted(own.glob("*.md")):
        if path.stem in FIELDS:
            read(path, config.session)
    return Templates(places(config.session, config.prompts))


async def beginning(history: History, templates: Templates) -> None:
    """Write down the templates that a session begins with, once."""
    if not (steps := Steps(history)).in_force():
        texts = {one.version: one.text for one in (templates[name] for name in templates.versions())}
        await history.ledger.write(*texting(steps, texts, time.time()), forcing(templates.versions()))


async def take(history: History, templates: Templates, number: int, batch: int) -> tuple[Templates, list[Step]]:
    """The templates that play from this batch on, and what was taken or refused, committed now."""
    steps, folder = Steps(history), history.ledger.path.parent
    made: list[Step] = []
    taken: dict[str, Template] = {}
    for name, version in templates.versions().items():
        if (found := _looked_at(steps, folder, name, templates[name], (number, batch))) is None:
            continue
        one, template = found
        made.append(one)
        if template.version != version:
            taken[name] = template
    if not made:
        return templates, []
    texts = {name: one.text for name, one in taken.items()}
    after = templates.using(texts)
    writes: list[Write] = [*map(stepping, made), forcing(after.versions())]
    writes += texting(steps, {one.version: one.text for one in taken.values()}, made[0].at)
    await history.ledger.write(*writes)
    at("templates.taken")
    return after, made


def _looked_at(
    steps: Steps, folder: Path, name: str, old: Template, place: tuple[int, int]
) -> tuple[Step, Template] | None:
    """What there is to say of one file, and the template that plays; none where it is as it was."""
    path, last = folder / PROMPTS / f"{name}.md", steps.last("template", "broken_template", name=name)
    broken = last if last is not None and last.kind == "broken_template" else None
    text = ""
    try:
        text = read(path, folder)
        if broken is None and normal(text) == old.text:
            return None
        new = Template.parse(text, name, path)
        if new.version != old.version:
            new = rehearsed(text, name, path)
    except ConfigError as fault:
        mark = digest(text or str(fault).replace(str(folder), ""))[:12]
        if broken is not None and broken.body["mark"] == mark:
            return None  # said before
        said = f"template {name} is refused, {old.version} plays on: {fault}"
        body = {"version": old.version, "mark": mark, "why": str(fault)}
        key = "/".join(map(str, ("broken_template", *place, name, mark)))
        return step(steps, "broken_template", name, said, body, key=key, place=place), old
    if new.version == old.version and broken is None:
        return None
    said = f"template {name}: {new.version} in place of {old.version}"
    if new.version == old.version:
        said = f"template {name} reads again: {old.version} plays on"
    body, key = {"old": old.version, "new": new.version}, "/".join(map(str, ("template", *place, new.version)))
    return step(steps, "template", name, said, body, key=key, place=place), new
