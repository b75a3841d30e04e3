"""`noria init`, `run`, `resume`: starting sessions and going on with them."""

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.live import LiveView
from noria.cli.main import AsJson, Session, app, out
from noria.cli.peak import Peak
from noria.cli.report import print_summary
from noria.config import SessionConfig, load
from noria.errors import ConfigError, storage

EXAMPLE = Path(__file__).parent / "noria.yaml"
"""The commented config that `noria init` writes."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write noria.yaml and prompts/.")] = Path(),
) -> None:
    """Write a commented config and a copy of the prompts to change."""
    from noria.prompts.templates import FIELDS, PACKAGED

    if (folder / "noria.yaml").exists():
        raise ConfigError(f"{str(folder / 'noria.yaml')!r} exists already.", mend="Choose another folder.")
    with storage(folder):
        (folder / "prompts").mkdir(parents=True, exist_ok=True)
        for name in FIELDS:
            shutil.copy(PACKAGED / f"{name}.md", folder / "prompts" / f"{name}.md")
        shutil.copy(EXAMPLE, folder / "noria.yaml")
    out.print(f"Wrote {folder / 'noria.yaml'} and {folder / 'prompts'}/. Next: noria run --config {folder / 'noria.yaml'}")


@app.command()
def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="The session's config.")] = Path("noria.yaml"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Puppets instead of models: the whole wheel in seconds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play a session from its beginning to its end."""
    from noria.graphs.run import must_be_new

    settings = load(config)
    must_be_new(settings.session)
    _play(settings, dry_run=dry_run, as_json=as_json)


@app.command()
def resume(session: Session, dry_run: Annotated[bool, typer.Option("--dry-run", help="Puppets instead of models.")] = False, as_json: AsJson = False) -> None:  # fmt: skip
    """Go on with a session from where it was left; no finished model call is paid again."""
    from noria.graphs.run import stored

    _play(stored(session), dry_run=dry_run, as_json=as_json)


def _play(config: SessionConfig, *, dry_run: bool, as_json: bool) -> None:
    from noria.cli.means import pretended, real
    from noria.graphs import run as running

    view = LiveView(out if not as_json else _quiet())
    started = time.monotonic()
    with Peak() as peak, view:
        means = pretended(config) if dry_run else real(config, view.starting)
        watch = running.Watch(view.tell, view.ended, view.opened)
        try:
            summary = asyncio.run(running.run(config, means, watch))
        finally:
            running.note_machine(config.session, peak.bytes, time.monotonic() - started)
    summary = running.summary(config.session)
    _show(summary, as_json=as_json)


def _quiet() -> Any:
    from rich.console import Console

    return Console(quiet=True)


def _show(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        print_summary(out, summary)
