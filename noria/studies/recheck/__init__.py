"""A second opinion on verified answers, from the words of the task and with none of the verifiers' code.

    instruction ─► a reading of its words ─► what is asked ─┐
    response    ─► a reading of its own   ─► what is said  ─┴─► right · wrong · cannot tell

A verifier compares a response with a truth that was built from typed parameters. Where a wording
does not say its parameters, or the truth or the comparison is at fault, the verifier
is wrong with a clear conscience. This reading never sees parameters or truth: it is handed the two
texts that a person would see. Wherever it is silent it has found no fault, and none was ruled out.
"""

from collections.abc import Callable

from noria.studies.recheck import arithmetic, constraints, deduction, text_ops, units
from noria.studies.recheck.ruling import LONGEST, Ruling, unsure
from noria.types import Task

__all__ = ["Ruling", "recheck"]

READINGS: dict[str, Callable[[str, str], Ruling]] = {
    "arithmetic": arithmetic.read,
    "text_ops": text_ops.read,
    "units": units.read,
    "constraints": constraints.read,
    "deduction": deduction.read,
}
"""The reading of each domain: of an instruction and a response, and of nothing else."""

LEVELS = (1, 2, 3)
"""Levels that can be read; above them a model may have written what is right."""


def recheck(task: Task, response: str) -> Ruling:
    """What the second reading says of a response to a task; it raises for no text, however odd.

    Raises:
        SessionError: a conversion is to be read, and pint is not installed.
    """
    read = READINGS.get(task.domain)
    if read is None or task.level not in LEVELS:
        return unsure(f"there is no second reading of {task.domain} at level {task.level}")
    if max(len(response), len(task.instruction)) > LONGEST:
        return unsure(f"longer than the {LONGEST} characters that are read")
    return read(task.instruction, response)
