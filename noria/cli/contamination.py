"""`noria contamination`: the accepted samples and the user's rows, compared with exams and benchmarks."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.cli.reading import history
from noria.viewer.text import printable

FOUND = 1
"""Status where something met an item."""


@app.command()
def contamination(
    session: Session,
    benchmark: Annotated[
        list[Path] | None, typer.Option("--benchmark", help="A JSONL file of items, besides those of the config.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare samples and rows with exam and benchmark items; nothing is written. Status 1 where one met an item."""
    found = _compared(session, benchmark or [])
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for one in found["met"]:
            out.print(f"{one['id']}  {one['how']}  {one['item']}: {printable(one['shown'])}", markup=False)
            out.print(f"    here: {printable(one['text'])!r}", markup=False)
            out.print(f"    item: {printable(one['asks'])!r}", markup=False)
        out.print(
            f"{found['samples']} samples and {found['rows']} rows compared with {found['exam_items']} exam items and "
            f"{found['benchmark_items']} benchmark items: {len(found['met']) or 'none'} found",
            markup=False,
        )
    if found["met"]:
        raise typer.Exit(FOUND)


def _compared(session: Path, more: list[Path]) -> dict[str, Any]:
    from noria.evaluators.benchmarks import benchmarks
    from noria.evaluators.registry import domains
    from noria.graphs.folder import stored
    from noria.graphs.hygiene import Hygiene
    from noria.memory.documents.passages import kept
    from noria.memory.embed import StaticEmbedder

    config, _ = stored(session)
    items = benchmarks((*config.hygiene.benchmarks, *more))
    # What is screened for was screened: here likeness alone is asked.
    config = config.model_copy(update={"hygiene": config.hygiene.model_copy(update={"screen": ()})})
    met = []
    with history(session) as story:
        known, _ = domains(dict(config.domains), config.domain_files, kept(story))
        hygiene = Hygiene(config, known, StaticEmbedder().embed, items)
        exams, samples = hygiene.examined(story), story.samples()
        rows = [seed for seed in story.seeds() if seed.messages]
        stains = [(one.id, hygiene.stain(one, exams, hygiene.told(story, one))) for one in samples]
        stains += [(one.id, hygiene.stain(one, exams)) for one in rows]
        for key, stain in stains:
            if stain is not None and (met_by := stain.overlap) is not None:
                place = {"how": met_by.how, "item": met_by.item.place, "asks": met_by.item.text, "shown": met_by.shown}
                met.append({"id": key, **place, "text": stain.text})
    return {
        "samples": len(samples),
        "rows": len(rows),
        "exam_items": len(exams),
        "benchmark_items": len(hygiene.named),
        "met": met,
    }
