"""How the running Python was built: one made without optimisation runs all of Noria's own code slower.

    configure line ─► --enable-optimizations? ─► quick
                       └ no ─► the system's own, built so by other means? ─► quick, else plain

A release of CPython that is compiled by its defaults, as pyenv does, has neither profile-guided nor link-time
optimisation, and nothing tells but its configure line.
"""

import sys
import sysconfig

SYSTEM = "/usr"
"""Where a distribution's Python lies."""

MEND = (
    "Use one that is: the system's, a container's, uv's, or pyenv's with "
    "PYTHON_CONFIGURE_OPTS='--enable-optimizations --with-lto'."
)


def quick(configured: str | None, prefix: str) -> bool:
    """Whether a Python was built for speed, by its configure line and prefix; where nothing tells, it was."""
    return configured is None or "--enable-optimizations" in configured or prefix == SYSTEM


def built_quick() -> bool:
    """Whether the running one was."""
    return quick(sysconfig.get_config_var("CONFIG_ARGS"), sys.base_prefix)
