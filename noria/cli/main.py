"""`noria`: the command line.

Every command prints what a person needs, or JSON with `--json`. Bad input ends with a
sentence and status 2, a run that failed midway with 1, an interrupted one with 130; a
traceback is a fault of ours.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from noria.errors import NoriaError

app = typer.Typer(
    help="Self-evolving instruction data: agents propose, attack and verify it, it trains the student, the student rejoins.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Session = Annotated[Path, typer.Argument(help="The session's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line; errors become sentences and statuses."""
    from noria.cli import model, reading, running  # noqa: F401  (the commands register themselves)

    try:
        app(standalone_mode=False)
    except NoriaError as fault:
        err.print(f"noria: {fault}", markup=False)
        sys.exit(fault.status)
    except KeyboardInterrupt:
        err.print("noria: interrupted; everything accepted is safe, `noria resume` goes on from here.", markup=False)
        sys.exit(130)
    except typer.Exit as left:
        sys.exit(left.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as fault:
        if isinstance(fault, typer.Abort) or not hasattr(fault, "show"):
            raise
        fault.show()
        sys.exit(getattr(fault, "exit_code", 2))
