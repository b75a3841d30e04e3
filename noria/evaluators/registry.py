"""The domains that ship, by name."""

import difflib

from noria.errors import ConfigError
from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.code import Code
from noria.evaluators.constraints import Constraints
from noria.evaluators.deduction import Deduction
from noria.evaluators.domain import Domain
from noria.evaluators.text_ops import TextOps
from noria.evaluators.units import Units

DOMAINS: dict[str, type[Domain]] = {
    kind.name: kind for kind in (Arithmetic, TextOps, Units, Constraints, Code, Deduction)
}


def domain(name: str) -> Domain:
    """A domain by name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in DOMAINS:
        near = difflib.get_close_matches(name, DOMAINS, n=1)
        mend = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(DOMAINS)}."
        raise ConfigError(f"There is no domain {name!r}.", mend=mend)
    return DOMAINS[name]()


def domains(levels: dict[str, tuple[int, ...]]) -> dict[str, Domain]:
    """The named domains, once their levels are known to exist.

    Raises:
        ConfigError: a domain or a level does not exist.
    """
    found = {name: domain(name) for name in levels}
    for name, wanted in levels.items():
        if unknown := [level for level in wanted if level not in found[name].levels]:
            known = ", ".join(map(str, found[name].levels))
            raise ConfigError(f"The domain {name!r} has no level {unknown[0]}.", mend=f"Its levels are {known}.")
    return found
