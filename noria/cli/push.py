"""`noria push`: an exported folder to a hub, when told to, and asked once more."""

import json
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.main import AsJson, app, err, out
from noria.errors import ConfigError
from noria.viewer.text import printable


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="A folder that `noria export` wrote.")],
    repo: Annotated[str, typer.Argument(help="The repository, as OWNER/NAME; it is made where there is none.")],
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it; private is the default.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go where, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload an export to a hub (HF_ENDPOINT names another): exactly the files its manifest lists, in one commit."""
    from noria.training.export.pushing import planned
    from noria.training.export.pushing import push as send

    one = planned(folder, repo, public=public)
    seen = "public" if public else "private"
    body = {"repo": repo, "type": one.kind, "private": not public, "files": list(one.files), "bytes": one.size}
    if not as_json:
        out.print(f"{len(one.files)} files, {one.size / 1e6:.1f} MB, to the {seen} {one.kind} {repo}:", markup=False)
        for name in one.files:
            out.print(f"  {(folder / name).stat().st_size:>12,}  {printable(name)}", markup=False)
    if not dry_run and (yes or _agreed(public=public)):
        body["url"] = send(one)
        if not as_json:
            out.print(f"Pushed: {body['url']}", markup=False)
    elif not as_json:
        out.print("Nothing was sent.")
    if as_json:
        typer.echo(json.dumps(body))


def _agreed(*, public: bool) -> bool:
    """Ask.

    Raises:
        ConfigError: nobody is there to answer.
    """
    try:
        return typer.confirm("Everybody will see it. Push?" if public else "Push?", err=True)
    except typer.Abort:
        err.print()
        raise ConfigError("Nobody answered, and nothing was sent.", mend="Give --yes, or --dry-run.") from None
