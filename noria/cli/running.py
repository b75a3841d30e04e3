"""`noria init`, `run`, `resume`: starting sessions and going on with them."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noria import turning
from noria.cli.live import LiveView
from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.peak import Peak
from noria.cli.report import print_summary
from noria.cli.stopping import until_told
from noria.config import SessionConfig, load
from noria.errors import ConfigError, NoriaError, storage

if TYPE_CHECKING:
    from noria.graphs.opening import Means  # pulls half the house in

DryRun = Annotated[bool, typer.Option("--dry-run", help="Puppets instead of models: the whole wheel in seconds.")]

EXAMPLE = Path(__file__).parent / "noria.yaml"
"""The commented config that `noria init` writes."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write noria.yaml and prompts/.")] = Path(),
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="Begin from a recipe, such as evolve.")] = "",
) -> None:
    """Write a commented config, or a recipe, and a copy of the prompts to change."""
    from noria.prompts.fields import FIELDS
    from noria.prompts.lookup import PACKAGED
    from noria.studies.recipes import written

    if (folder / "noria.yaml").exists():
        raise ConfigError(f"{str(folder / 'noria.yaml')!r} exists already.", mend="Choose another folder.")
    text = written(recipe) if recipe else EXAMPLE.read_text(encoding="utf-8")
    with storage(folder):
        (folder / "prompts").mkdir(parents=True, exist_ok=True)
        for name in FIELDS:
            shutil.copy(PACKAGED / f"{name}.md", folder / "prompts" / f"{name}.md")
        (folder / "noria.yaml").write_text(text, encoding="utf-8")
    out.print(
        f"Wrote {folder / 'noria.yaml'} and {folder / 'prompts'}/. Next: noria run --config {folder / 'noria.yaml'}"
    )


@app.command()
def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="The session's config.")] = Path("noria.yaml"),
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Play a session from its beginning to its end."""
    from noria.graphs.folder import must_be_new

    settings = load(config)
    must_be_new(settings.session)
    if not dry_run:
        from noria.cli.tune import settled

        settings = settled(settings)
    _play(settings, dry_run=dry_run, as_json=as_json)


@app.command()
def resume(session: Session, as_json: AsJson = False) -> None:
    """Go on with a session from where it was left; no finished model call is paid again."""
    from noria.graphs.folder import stored

    config, pretended = stored(session)
    _play(config, dry_run=pretended, as_json=as_json)


def _play(config: SessionConfig, *, dry_run: bool, as_json: bool) -> None:
    from noria.cli.means import pretended, real

    play(config, lambda view: pretended(config) if dry_run else real(config, view.starting), as_json=as_json)


def play(config: SessionConfig, means: "Callable[[LiveView], Means]", *, as_json: bool) -> None:
    """Play a session to its end, or until it is told to stop, and print its summary.

    Raises:
        NoriaError: bad input, or a run that failed midway and can be resumed.
        KeyboardInterrupt: a signal ended it.
    """
    from noria.graphs import folder
    from noria.graphs import run as running
    from noria.graphs.opening import Watch
    from noria.viewer.exporting import traced

    view = LiveView(err if as_json else out)
    started = time.monotonic()
    with Peak() as peak, view:
        found = means(view)
        try:
            # What a library prints meanwhile is no part of the answer.
            aside = redirect_stdout(sys.stderr) if as_json else nullcontext()
            with aside, traced(config.session, Watch(view.tell, view.ended, view.opened), view.say) as watch:
                turning.run(until_told(running.run(config, found, watch), view))
        except asyncio.CancelledError as ended:
            raise KeyboardInterrupt from ended
        finally:
            # Where the ledger is away, that is what ended the run, and what is to be said.
            with suppress(NoriaError):
                if view.context is not None:
                    folder.note_machine(config.session, peak.bytes, time.monotonic() - started)
    summary = folder.summary(config.session)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        print_summary(out, summary)
