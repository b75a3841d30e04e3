"""`noria view`: the viewer."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.main import app, out
from noria.errors import SessionError

SESSIONS = Path("sessions")
"""Where sessions lie unless they are told to lie elsewhere."""


@app.command()
def view(
    folder: Annotated[Path, typer.Argument(help="A session's folder, or one with sessions in it.")] = SESSIONS,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    allow_steering: Annotated[
        bool, typer.Option("--allow-steering", help="Let its pages pause, resume, note, approve and refuse.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = False,
) -> None:
    """See sessions in the browser: the wheel, the accepted-data log, traces, prompts, policies."""
    from noria.viewer.access import Access
    from noria.viewer.serving import listen, serve
    from noria.viewer.shelf import Shelf

    shelf = Shelf(folder)
    if not shelf.names():
        raise SessionError(
            f"{str(folder)!r} holds no session.", mend="Name a session's folder, or one with sessions in it."
        )

    def ready(address: str) -> None:
        out.print(address, markup=False, soft_wrap=True)
        if open_it:
            webbrowser.open(address)

    try:
        serve(shelf, Access(steering=allow_steering), listen(port), ready)
    except KeyboardInterrupt:
        return  # to end it is how it is left
