"""`noria report`: a session as one page, to read, to print, to attach."""

import json
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.errors import storage


@app.command()
def report(
    session: Session,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write; report.html in the session's folder else.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a session as one HTML page: it opens from disk, asks nobody for anything, and prints well."""
    from noria.viewer.report import make

    page = make(session).encode("utf-8", "backslashreplace")
    file = session / "report.html" if to is None else to
    part = file.with_name(f".{file.name}.part")
    with storage(file):
        try:
            part.write_bytes(page)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "bytes": len(page)}))
    else:
        out.print(
            f"Wrote {file} ({len(page) / 1000:.0f} kB). Open it in a browser; printing it makes a PDF.", markup=False
        )
