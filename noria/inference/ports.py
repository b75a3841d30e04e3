"""Ports on loopback that nobody has.

vLLM opens its port with SO_REUSEPORT, so two servers on one port share the requests in
silence. A port is therefore taken by binding it without that option first, and a server
that answers is asked who it is.
"""

import socket

from noria.errors import EndpointError

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """A free port: the wanted one, or any where it is 0.

    Raises:
        EndpointError: the wanted port is in use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, wanted))
        except OSError as fault:
            raise EndpointError(
                f"Port {wanted} on {HOST} is in use.", mend="Set `serve.port` to another, or to 0 for any free one."
            ) from fault
        port: int = probe.getsockname()[1]
    return port
