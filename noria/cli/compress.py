"""`noria prompts compress`: a shorter text of a template, measured on real seeds before anything is written.

template ─► shorter (nothing but deleted) ─► both asked of the session's seeds ─► marks, difference, interval
                                                                               └► --write, unless it is worse
"""

import asyncio
import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from noria.cli.main import AsJson, out
from noria.cli.prompts import prompts
from noria.cli.template_words import known, source
from noria.errors import ConfigError
from noria.viewer.text import printable

if TYPE_CHECKING:
    from noria.graphs.rehearsing.compressing import Shorter, Told


@prompts.command("compress")
def compress(
    name: Annotated[str, typer.Argument(metavar="TEMPLATE", help="The template to shorten.")],
    session: Annotated[Path, typer.Option("--session", "-s", help="The session whose seeds are asked.")],
    keep: Annotated[float, typer.Option(help="Share of its own words, beside its fields, that stays.")] = 0.7,
    count: Annotated[int, typer.Option("-n", min=1, max=256, help="Seeds to ask.")] = 32,
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="An address, or an endpoint of the session's config.")
    ] = "",
    model: Annotated[str, typer.Option("--model", help="The name served there.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask a puppet.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Make it the session's own template, unless it is worse beyond noise.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Shorten a template by what tells least, and measure what the shorter one gets; written only with --write."""
    if not 0 < keep < 1:
        raise ConfigError(f"--keep is a share between 0 and 1, not {keep}.")
    if endpoint and dry_run:
        raise ConfigError("Either an endpoint is asked, or a puppet.", mend="Leave out --endpoint or --dry-run.")
    shorter, old, found, who = asyncio.run(_tried(name, session, keep, count, endpoint, model, dry_run=dry_run))
    from noria.graphs.rehearsing.compressing import worse

    lost, place = worse(found), ""
    if write and found and not lost:
        place = _written(session, shorter.template.name, shorter.template.text)
    if as_json:
        typer.echo(json.dumps(_facts(shorter, old, found, who, place)))
        return
    _print(shorter, old, found, who)
    if place:
        out.print(f"Written to {place}; it is in force from the next batch on.", markup=False)
    elif write and lost:
        out.print(f"Not written: it is worse beyond noise at {', '.join(lost)}.", markup=False)


async def _tried(
    word: str, session: Path, keep: float, count: int, named: str, model: str, *, dry_run: bool
) -> "tuple[Shorter, str, dict[str, Told], str]":
    from noria.graphs.rehearsing import asked, compressing, rehearsal

    with known(session) as here, source(session) as (read, pretended):
        old = here.find(word)
        questions = await rehearsal.chosen(read, old.name, count)
        if named:
            whom = asked.endpoint(read, named, model)
        else:
            whom = asked.puppet() if dry_run or pretended else asked.seated(read, questions[0])
        try:
            shorter = await compressing.shorten(old, keep, whom.client, whom.model)
            if shorter.template.text == old.text:
                return shorter, old.text, {}, whom.said
            pairs = await rehearsal.rehearse(
                read, whom.client, whom.model, questions, old, shorter.template,
                lambda one: rehearsal.sheet(read, here.templates, one).notes,
            )  # fmt: skip
        finally:
            await whom.client.close()
    return shorter, old.text, compressing.earned(pairs), whom.said


def _written(session: Path, name: str, text: str) -> str:
    from noria.graphs.steering.files import place_text
    from noria.prompts.lookup import FOLDER

    place_text(session, name, text)
    return str(session / FOLDER / f"{name}.md")


def _facts(shorter: "Shorter", old: str, found: "dict[str, Told]", who: str, place: str) -> dict[str, Any]:
    return {
        "template": shorter.template.name, "version": shorter.template.version, "words": list(shorter.words),
        "by": shorter.by, "asked": who, "text": shorter.template.text, "changed": shorter.template.text != old,
        "marks": {
            name: {
                "old": [one.old.part, one.old.whole], "new": [one.new.part, one.new.whole],
                **({"difference": one.gap.value, "low": one.gap.low, "high": one.gap.high} if one.gap else {}),
            }
            for name, one in found.items()
        },
        "written": place,
    }  # fmt: skip


def _print(shorter: "Shorter", old: str, found: "dict[str, Told]", who: str) -> None:
    before, after = shorter.words
    if not found:
        out.print(f"Nothing of {shorter.template.name!r} can go at this share.", markup=False)
        return
    for line in difflib.unified_diff(
        old.splitlines(), shorter.template.text.splitlines(), "in force", "shorter", "", "", 0
    ):
        out.print(printable(line.rstrip()), markup=False)
    out.print(f"{before} words of its own became {after}, chosen by {shorter.by}; asked {who}.", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", "in force", "shorter", "difference, 95 %"):
        table.add_column(column)
    for name, one in found.items():
        both = (f"{side.part} of {side.whole}" for side in (one.old, one.new))
        gap = f"{100 * one.gap.value:+.0f} [{100 * one.gap.low:+.0f} – {100 * one.gap.high:+.0f}]" if one.gap else ""
        table.add_row(name, *both, gap)
    out.print(table)
