"""Joining a Ray cluster, or having one of one's own for as long as a session plays.

    RAY_ADDRESS ─┬─ names one ─► is anybody there? ─► the same Ray and Python? ─► joined, and left again
                 └─ not set ───► one is started on loopback, without a dashboard ─► ended with the session

The session's process must be on a machine of the cluster: it tells players and hears them all the time, which
Ray's client (`ray://`) and its door for jobs (`http://`) are not made for. `deploy/ray-job.sh` puts it there.
Ray tells nobody how it is used.
"""

import os
import re
import signal
import socket
import threading
from dataclasses import dataclass
from math import ceil
from typing import Any

from noria.config import SessionConfig
from noria.errors import ConfigError, EndpointError
from noria.graphs.afar.house import loopback

ADDRESS = "RAY_ADDRESS"

QUIETLY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray warns of a default that it is going to change, unless it is told.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""What Ray is told through the environment, before it is imported."""

ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What keeps a Ray of one machine on loopback, or finds one there: its switch for systems where it has no clusters."""

STORE = 100 * 2**20
"""Bytes of the object store of a Ray of our own: hands and turns travel beside it."""

CALLS = 32
"""Model calls in flight that one player keeps up with."""

ANSWERS = 5.0
"""Seconds within which somebody must answer at the cluster's address."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A cluster that this process is of."""

    address: str
    """Where it is, for people."""
    node: str
    """Ray's id of this machine."""
    machines: int
    cpus: int
    gpus: int
    """GPUs of the machine that has the most."""
    ours: bool
    """Whether it was joined here, and is to be left."""

    def players(self, config: SessionConfig) -> int:
        """How many players a session has here."""
        return config.play.players or max(1, min(self.cpus, ceil(config.play.concurrency / CALLS)))

    def leave(self) -> None:
        """Leave it; one that was started here ends."""
        if self.ours:
            import ray

            ray.shutdown()


def join(config: SessionConfig) -> Joined:
    """Join the cluster that RAY_ADDRESS names, or start one on this machine.

    Raises:
        ConfigError: Ray is not installed, or the address is none that a session can be played at.
        EndpointError: nobody is there, or it has another Ray or Python.
    """
    address = os.environ.get(ADDRESS, "").removeprefix("local")
    host = _reached(address) if address else "localhost"
    os.environ.update(QUIETLY | (ALONE if loopback(host) else {}))
    # Loopback is open to every user of the machine; and what answers at an address may be no Ray at all.
    name, value = ("RAY_gcs_server_port_wait_time_s", "3") if address else ("RAY_AUTH_MODE", "token")
    os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as fault:
        raise ConfigError(
            "`executor: ray` needs Ray, which is not installed.", mend="pip install 'noria[ray]'"
        ) from fault

    ours = not ray.is_initialized()
    if ours:
        more: dict[str, Any] = {} if address else {
            "num_cpus": max(os.cpu_count() or 1, config.play.players), "object_store_memory": STORE,
            "include_dashboard": False,
        }  # fmt: skip
        heeded = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level="CRITICAL", **more)
        except Exception as fault:  # Ray's own tree, and what lies below it
            ray.shutdown()
            what, mend = _said(address, fault)
            raise EndpointError(what, mend=mend) from fault
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, heeded)  # Ray puts a handler of its own there
    nodes = [one["Resources"] for one in ray.nodes() if one["Alive"]]
    return Joined(
        address or "this machine's own", ray.get_runtime_context().get_node_id(), len(nodes),
        int(sum(one.get("CPU", 0) for one in nodes)), int(max(one.get("GPU", 0) for one in nodes)), ours,
    )  # fmt: skip


def _reached(address: str) -> str:
    """The host of an address; one at which nobody is is refused, sooner than Ray gives it up.

    Raises:
        ConfigError: it is no address of a cluster.
        EndpointError: nobody answers.
    """
    if "://" in address:
        raise ConfigError(
            f"{ADDRESS}={address} is not where machines join a cluster.",
            mend="Play the session on a machine of the cluster (`deploy/ray-job.sh` does) with host:port, or `auto`.",
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return ""  # `auto`, which Ray looks up
    host = host.strip("[]")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWERS).close()
    except (OSError, OverflowError) as fault:
        raise EndpointError(
            f"No Ray cluster answers at {address} ({fault}).",
            mend=f"Start one (`ray start --head`), mend {ADDRESS}, or unset it to play on this machine alone.",
        ) from fault
    return host


def _said(address: str, fault: Exception) -> tuple[str, str]:
    """What is wrong with a cluster, and how to mend it."""
    import ray

    where = f"The Ray cluster at {address}" if address else "Ray"
    told = str(fault)
    if found := re.search(r"started with:\s+Ray: (\S+)\s+Python: (\S+)", told):
        mine = re.findall(r"started with:\s+Ray: (\S+)\s+Python: (\S+)", told)[-1]
        return (
            f"{where} has Ray {found[1]} and Python {found[2]}, here are Ray {mine[0]} and Python {mine[1]}.",
            f"Install the same on every machine: pip install ray=={found[1]} under Python {found[2]}.",
        )
    why = next((line.strip() for line in told.splitlines() if line.strip()), type(fault).__name__)[:300]
    does = "cannot be joined" if address else f"{ray.__version__} does not start here"
    return f"{where} {does}: {why}", "Look at /tmp/ray/session_latest/logs."
