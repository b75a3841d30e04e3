"""Ports on loopback that nobody has.

vLLM opens its port with SO_REUSEPORT, so two servers on one port share the requests in
silence. A port is therefore taken by binding it without that option first, and a server
that answers is asked who it is.

A server binds its port seconds after it was told which. One of the range that the system gives to
whoever connects could be gone by then, so any free one is drawn from below that range.
"""

import random
import socket
from contextlib import suppress
from pathlib import Path

from noria.errors import EndpointError

HOST = "127.0.0.1"

GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Which ports the system gives to whoever connects."""

LOWEST = 20_000
"""Below it stand the ports of well-known services."""

DRAWS = 50
"""Ports that are tried before the system is asked for one of its own range."""


def free_port(wanted: int = 0) -> int:
    """A free port: the wanted one, or any where it is 0.

    Raises:
        EndpointError: the wanted port is in use.
    """
    for port in [wanted] if wanted else [*_drawn(), 0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.bind((HOST, port))
            found: int = probe.getsockname()[1]
            return found
    raise EndpointError(
        f"Port {wanted} on {HOST} is in use.", mend="Set `serve.port` to another, or to 0 for any free one."
    )


def _drawn() -> list[int]:
    """Ports below the range, by chance and not by a seed: two processes must not draw the same ones."""
    highest = 32_768
    with suppress(OSError, ValueError, IndexError):
        highest = int(GIVEN.read_text().split()[0])
    choices = range(LOWEST, highest)
    return random.SystemRandom().sample(choices, DRAWS) if len(choices) >= DRAWS else []
