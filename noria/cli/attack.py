"""`noria attack`: the accepted samples of a session, attacked again by program."""

import asyncio
import json
from typing import Any

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.cli.reading import history
from noria.viewer.text import printable

BROKEN = 1
"""Status where an attack broke a sample."""


@app.command()
def attack(session: Session, as_json: AsJson = False) -> None:
    """Attack the accepted samples again, by program; nothing is written. Status 1 where a sample broke."""
    found = asyncio.run(_attack(session))
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for one in found["broken"]:
            out.print(f"{one['sample']}  {one['verifier']}  {one['episode']}", markup=False)
            out.print(f"    {printable(one['instruction'])!r}", markup=False)
            for probe in one["probes"]:
                mark = ", and it beat the verifier" if probe["beat"] else ""
                out.print(f"    {probe['kind']}: {printable(probe['evidence'])}{mark}", markup=False)
        beaten = ", ".join(found["beaten"]) or "none"
        left = f", {found['left_out']} left out (no task or domain of today)" if found["left_out"] else ""
        out.print(
            f"{found['attacked']} samples attacked{left}, {len(found['broken'])} broke; beaten verifiers: {beaten}",
            markup=False,
        )
    if found["broken"]:
        raise typer.Exit(BROKEN)


async def _attack(session: Any) -> dict[str, Any]:
    from noria.evaluators.registry import domains
    from noria.evaluators.sandbox.runner import Chosen
    from noria.graphs.folder import stored
    from noria.graphs.reattack import reattack
    from noria.memory.documents.passages import kept

    config, _ = stored(session)
    runner, attacked, broken = Chosen(config.sandbox.minimum), 0, []
    try:
        with history(session) as story:
            known, _ = domains(dict(config.domains), config.domain_files, kept(story))
            accepted = story.count(role="solver")
            async for _, one in reattack(story, known, runner):
                attacked += 1
                if one is not None:
                    broken.append(one)
    finally:
        runner.close()
    beaten = sorted({one.verifier for one in broken if any(probe.beat for probe in one.probes)})
    left = accepted - attacked
    return {
        "attacked": attacked,
        "left_out": left,
        "broken": [one.model_dump(mode="json") for one in broken],
        "beaten": beaten,
    }
