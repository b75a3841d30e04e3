"""`noria coreset`: a small set of the accepted answers that stands for all of them, and whether it keeps the score.

session ─► answers ─► herded ─► FILE          --examine ─► trained on both, the same exam, the difference
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noria.cli.export import inspection, still
from noria.cli.main import AsJson, Session, app, err, out
from noria.errors import ConfigError

if TYPE_CHECKING:
    from noria.graphs.apart import Compared
    from noria.memory.history import History
    from noria.types import Sample


@app.command()
def coreset(
    session: Session,
    size: Annotated[int, typer.Option("--size", min=1, help="Answers of the coreset.")],
    to: Annotated[Path, typer.Option("--out", help="The file to write: JSON lines of prompt and completion.")],
    rounds: Annotated[list[int] | None, typer.Option("--round", help="Only of this round.")] = None,
    examine: Annotated[
        bool, typer.Option("--examine", help="Train on the coreset and on the whole, and hold the same exam.")
    ] = False,
    rows: Annotated[
        int, typer.Option("--rows", min=8, max=5000, help="With --examine: rows each training is shown.")
    ] = 240,
    items: Annotated[int, typer.Option("--items", min=2, max=200, help="With --examine: items of each domain.")] = 20,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that stands there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose a small set of the accepted answers that stands for all of them; nothing is written into the session."""
    from noria.graphs.folder import stored
    from noria.memory.embed import StaticEmbedder
    from noria.training.export import coreset as writing
    from noria.training.selecting.coreset import drawn, stratum

    if to.is_dir() or (to.exists() and not force):
        raise ConfigError(f"{str(to)!r} is there already.", mend="--force replaces a file; or name another.")
    stored(session)
    with still(session) as story:
        whole = writing.standing(story, inspection(session, story).stain, rounds or ())
        writing.must_be_smaller(size, len(whole), session)
        embedder = StaticEmbedder()
        kept = set(drawn(whole, size, lambda texts: embedder.embed(list(texts))))
        chosen = [one for one in whole if one.id in kept]
        writing.write(to, chosen, {one.id: one.name for one in story.policies()}, force=force)
        said: dict[str, Any] = {
            "out": str(to), "size": size, "source": len(whole), "strata": len({stratum(one) for one in whole}),
            "strata_kept": len({stratum(one) for one in chosen}),
        }  # fmt: skip
        if not as_json:
            out.print(
                f"{size} of {len(whole)} answers, of {said['strata_kept']} of {said['strata']} domains, skills and "
                f"levels, in {to}", markup=False,
            )  # fmt: skip
        if examine:
            found = _examined(session, story, chosen, whole, rows, items)
            words = found.said("trained on the whole", "on the coreset")
            said["exam"] = {
                "rows": rows, "items": found.items, "whole": found.a.part, "coreset": found.b.part, "said": words,
                **({"difference": found.gap.value, "low": found.gap.low, "high": found.gap.high} if found.gap else {}),
            }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(said))
    elif examine:
        out.print(f"Shown {rows} rows each, {words}", markup=False)


def _examined(
    session: Path, story: "History", chosen: "list[Sample]", whole: "list[Sample]", rows: int, items: int
) -> "Compared":
    from noria.cli.means import pretended, real
    from noria.evaluators.registry import domains
    from noria.evaluators.sandbox.runner import Chosen
    from noria.graphs import apart, coresets
    from noria.graphs.folder import stored
    from noria.graphs.steering.taking import in_force

    config, puppets = stored(session)
    known, _ = domains(dict(config.domains), config.domain_files)
    name = f"{config.random}/coreset/{len(chosen)}"
    asked, templates = apart.items(story, config, known, items, name), in_force(story, config)
    with tempfile.TemporaryDirectory(prefix="noria-coreset-") as place, err.status("Training twice") as status:

        def told(own: str, step: Any) -> None:
            status.update(f"{own}: step {step.step} of {step.steps}, loss {step.loss:.2f}")

        folder, runner = Path(place), Chosen(config.sandbox.minimum)
        own = coresets.equal(config, rows, folder)
        means = pretended(own) if puppets else real(own, lambda who, seconds, line: status.update(f"{who}: {line}"))
        try:
            return asyncio.run(
                coresets.weigh(
                    chosen, whole, rows, asked, means=means, templates=templates, runner=runner, folder=folder,
                    name=name, on_step=told,
                )
            )  # fmt: skip
        finally:
            runner.close()
