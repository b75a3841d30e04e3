"""The domains there are: those that ship, those of installed packages, those of the user's own files.

    SHIPPED ─┐
    entry points of the group `noria.domains` ─┼─► known() ─► domains(levels)
    files named by `domain_files` ─┘

A domain of one's own is one file with one class. It is the user's own code and runs as
such; what it does wrong while a session plays is an episode's outcome (see `guard.py`).
"""

import difflib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from noria.errors import ConfigError
from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.code import Code
from noria.evaluators.constraints import Constraints
from noria.evaluators.deduction import Deduction
from noria.evaluators.domain import Domain
from noria.evaluators.grounded import Grounded
from noria.evaluators.guard import guarded
from noria.evaluators.open import Open
from noria.evaluators.text_ops import TextOps
from noria.evaluators.units import Units
from noria.identity import digest
from noria.types import Seed

SHIPPED: tuple[type[Domain], ...] = (Arithmetic, TextOps, Units, Constraints, Code, Deduction)

DOMAINS: dict[str, type[Domain]] = {kind.name: kind for kind in SHIPPED}

JUDGED: dict[str, type[Domain]] = {Open.name: Open}
"""Those that ship and have no program for a truth; nothing is planted in them but what a judge is shown."""

GROUP = "noria.domains"
"""The group of entry points by which an installed package brings domains."""


def known(files: Iterable[Path] = ()) -> tuple[dict[str, type[Domain]], list[str]]:
    """Every domain there is, by name, and a sentence for each that does not load."""
    found, broken = {**DOMAINS, **JUDGED}, list[str]()
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            kind = point.load()
            if not (isinstance(kind, type) and issubclass(kind, Domain)):
                raise TypeError(f"{point.value} is no class of a domain")
            found[kind.name] = guarded(kind)
        except Exception as fault:  # somebody else's package may raise anything
            broken.append(f"The domain {point.name!r} of an installed package does not load: {_words(fault)}.")
    for path in files:
        try:
            kind = _class(path)
            found[kind.name] = guarded(kind)
        except Exception as fault:  # the user's own file may raise anything
            broken.append(f"The domain file {str(path)!r} does not load: {_words(fault)}.")
    return found, broken


def _class(path: Path) -> type[Domain]:
    """The one class of a domain that a file defines."""
    name = f"noria_domain_{digest(str(path))[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError("there is no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    kinds = [
        one for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Domain) and one.__module__ == name
    ]  # fmt: skip
    if len(kinds) != 1:
        raise TypeError(f"it defines {len(kinds)} classes of a domain, one is wanted")
    if missing := sorted(kinds[0].__abstractmethods__):
        raise TypeError(f"{kinds[0].__name__} lacks {', '.join(missing)}")
    return kinds[0]


def _words(fault: Exception) -> str:
    said = " ".join(str(fault).split())[:200]
    return f"{type(fault).__name__}: {said}" if said else type(fault).__name__


def domain(name: str, among: Mapping[str, type[Domain]] = DOMAINS) -> Domain:
    """A domain by name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in among:
        near = difflib.get_close_matches(name, among, n=1)
        mend = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join((*among, Grounded.name))}."
        raise ConfigError(f"There is no domain {name!r}.", mend=mend)
    return among[name]()


def domains(
    levels: dict[str, tuple[int, ...]], files: Iterable[Path] = (), passages: Sequence[Seed] = ()
) -> tuple[dict[str, Domain], list[str]]:  # fmt: skip
    """The named domains, once their levels are known to exist, and a sentence for each that does not load.

    A name that may belong to one that does not load is left out, for the session goes on
    without it; a name that belongs to none is an error. `passages` are what the session's documents give.

    Raises:
        ConfigError: a domain or a level does not exist, or none is left.
    """
    among, broken = known(files)
    made = {Grounded.name: Grounded(passages)}
    found = {name: made.get(name) or domain(name, among) for name in levels if {name} & {*among, *made} or not broken}
    if not found:
        raise ConfigError(f"None of the domains {', '.join(levels)} can be used. {' '.join(broken)}")
    for name, kind in found.items():
        if unknown := [level for level in levels[name] if level not in kind.offered]:
            there = ", ".join(map(str, kind.offered))
            raise ConfigError(f"The domain {name!r} has no level {unknown[0]}.", mend=f"Its levels are {there}.")
    return found, broken
