"""`noria`: the command line.

Every command prints what a person needs, or JSON with `--json`. Bad input ends with a
sentence and status 2, a run that failed midway with 1, an interrupted one with 130; a
traceback is a fault of ours.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from noria import failpoints
from noria.errors import NoriaError

app = typer.Typer(
    help="Self-evolving instruction data: agents propose, attack and verify it; "
    "it trains the student, and the student rejoins.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
WIDE = 160
"""Columns of a table where no terminal says how many there are."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True, width=None if sys.stderr.isatty() else WIDE)

INTERRUPTED = 130
"""Status of a run that was told to stop."""

Session = Annotated[Path, typer.Argument(help="The session's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register() -> None:
    """Let every command register itself, and stand in its panel of the help."""
    from noria.cli import (  # noqa: F401  (the commands register themselves)
        accepted,
        attack,
        compress,
        contamination,
        coreset,
        doctor,
        documents,
        export,
        figures,
        guards,
        lineage,
        model,
        plan,
        prompts,
        purge,
        push,
        query,
        reading,
        readings,
        report_page,
        review,
        rollback,
        running,
        seats,
        steer,
        study,
        study_gain,
        view,
    )
    from noria.cli.panels import arrange

    arrange(app)


def main() -> None:
    """Run the command line; errors become sentences and statuses."""
    register()
    try:
        failpoints.arm()
        # Typer returns the status of an exit, and 130 for an interrupt, where it is not to end the process itself.
        left = app(standalone_mode=False)
        status = left if isinstance(left, int) else 0
        sys.stdout.flush()  # an output that is full is to fail here, where it gets a sentence
    except NoriaError as fault:
        err.print(f"noria: {fault}", markup=False)
        status = fault.status
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        _hush()  # whoever read our output has gone
        status = 0
    except OSError as fault:
        if fault.filename is not None or fault.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        _hush()
        err.print(f"noria: The output cannot be written: {fault.strerror}.", markup=False)
        status = NoriaError.status
    except Exception as fault:
        if not hasattr(fault, "show"):
            raise
        fault.show()
        status = getattr(fault, "exit_code", 2)
    if status == INTERRUPTED:
        err.print("noria: interrupted; what was accepted is safe, and `noria resume` goes on from here.", markup=False)
    sys.exit(status)


def _hush() -> None:
    """Keep the interpreter from flushing once more into an output that takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
