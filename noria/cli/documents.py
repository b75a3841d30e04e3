"""`noria documents`: what documents of one's own would give a session, before there is one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from noria.cli.main import AsJson, app, out
from noria.errors import ConfigError
from noria.viewer.text import printable


@app.command()
def documents(
    paths: Annotated[list[Path], typer.Argument(help="Files (.txt, .md, .pdf, .jsonl) and folders of such.")],
    words: Annotated[int, typer.Option("--words", help="Words of a passage at most.")] = 70,
    overlap: Annotated[int, typer.Option("--overlap", help="Words that a passage repeats of the one before.")] = 0,
    field: Annotated[str, typer.Option("--field", help="The field of a JSONL line that holds its text.")] = "text",
    count: Annotated[int, typer.Option("-n", "--limit", min=0, help="Passages that are shown.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show what documents give: passages, questions of the program, what is left out and why; nothing is written."""
    found = _looked([path.absolute() for path in paths], words=words, overlap=overlap, field=field, count=count)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in _lines(found):
        out.print(line, markup=False)


def _looked(paths: list[Path], *, count: int, **rules: Any) -> dict[str, Any]:
    from noria.config import SessionConfig
    from noria.config.methods.grounded import Documents
    from noria.evaluators.grounded import Grounded
    from noria.evaluators.screening import Screen
    from noria.graphs.documents import sieved
    from noria.identity import passage_bucket, stream

    try:
        asked = Documents(paths=tuple(paths), unusable="skip", **rules)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        raise ConfigError(f"`{first['loc'][0] if first['loc'] else 'paths'}`: {first['msg']}.") from fault
    found = sieved(asked, Screen(SessionConfig().hygiene.screen))
    domain, buckets = Grounded(found.passages), dict[str, int]()
    for seed in found.passages:
        side = passage_bucket(seed.id)
        buckets[side] = buckets.get(side, 0) + 1
    rng = stream("documents", *(seed.id for seed in found.passages))
    shown = rng.sample(list(found.passages), min(count, len(found.passages)))
    return {
        **found.facts(),
        "names": list(found.documents),
        "buckets": buckets,
        "usable": {str(level): len(domain.usable(level)) for level in domain.levels},
        "refused": [{"place": seed.place, "why": why} for seed, why in found.left_out],
        "sample": [
            {"place": seed.place, "text": seed.text, "asks": list(_asks(Grounded([seed]), rng))} for seed in shown
        ],
    }


def _asks(alone: Any, rng: Any) -> Iterator[dict[str, Any]]:
    """A question of the program a level about one passage, where it has something for it."""
    for level in alone.levels:
        if alone.usable(level):
            point = alone.sample(level, rng)
            yield {"level": level, "question": alone.wording(point, alone.phrase(point, rng)), "answer": point.span}


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for one in found["sample"]:
        yield f"{one['place']}"
        yield f"    {printable(one['text'])}"
        for asked in one["asks"]:
            yield f"    level {asked['level']}: {printable(asked['question'])} -> {asked['answer']!r}"
    for one in found["skipped"]:
        yield f"cannot be used: {one}"
    for one in found["refused"]:
        yield f"left out: {one['place']}: {printable(one['why'])}"
    sides = ", ".join(f"{name} {count}" for name, count in sorted(found["buckets"].items()))
    levels = ", ".join(f"level {level}: {count}" for level, count in found["usable"].items())
    yield f"{found['documents']} documents give {found['passages']} passages ({sides}); usable for {levels}."
