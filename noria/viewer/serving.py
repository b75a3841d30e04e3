"""The viewer's server: on loopback and nowhere else, its address told once it listens."""

import logging
import socket
from collections.abc import Callable
from ipaddress import ip_address

import uvicorn

from noria.errors import ConfigError
from noria.viewer.access import Access
from noria.viewer.app import application
from noria.viewer.shelf import Shelf

HOST = "127.0.0.1"

LEAVE = 2
"""Seconds that open pages are given when the viewer ends."""


def listen(port: int = 0, host: str = HOST) -> socket.socket:
    """Listen on a port of loopback; 0 is a free one.

    Raises:
        ConfigError: the host is not loopback, or the port is taken or not ours to take.
    """
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ConfigError(
            f"The viewer does not listen on {host!r}: it shows what models wrote to this machine's user alone.",
            mend="To look from elsewhere, forward the port through ssh.",
        )
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as fault:
        listening.close()
        raise ConfigError(
            f"The viewer cannot listen on port {port}: {fault.strerror}.", mend="Choose another with --port."
        ) from fault
    return listening


def serve(shelf: Shelf, access: Access, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve a shelf until a signal ends it; `ready` is told the address, with the token in it."""
    logging.basicConfig(format="noria view: %(message)s")
    host, port = listening.getsockname()[:2]
    config = uvicorn.Config(
        application(shelf, access), lifespan="off", access_log=False, server_header=False, proxy_headers=False,
        log_config=None, log_level="critical", timeout_graceful_shutdown=LEAVE,
    )  # fmt: skip
    ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={access.token}")
    uvicorn.Server(config).run(sockets=[listening])
