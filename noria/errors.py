"""One tree of errors, each a sentence with the name, the place and the mend.

    NoriaError ─┬─ ConfigError      the config file, a flag, a template           exit 2
                ├─ ModelError       a model folder, a wheel, an adapter           exit 2
                ├─ EndpointError    an endpoint that is away or lacks something   exit 2
                ├─ SandboxError     no sandbox that is strong enough works here  exit 2
                ├─ SessionError     the session folder, its lock, its ledger      exit 2
                ├─ RunError         a run that failed midway and can be resumed   exit 1
                ├─ VerifierError    a domain of the user's own that fails: data too
                └─ ReplyError       a reply that cannot be read: data, not a crash

Bad input never shows a traceback: the command line prints `str(error)` and leaves with
`error.status`. A `ReplyError` or `VerifierError` ends an episode as its reason.
"""

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoriaError(Exception):
    """A fault with a sentence for whoever can mend it."""

    status = 2

    def __init__(self, what: str, *, mend: str = "") -> None:
        """Say what is wrong, where, and (separately) how to mend it."""
        self.what = what
        self.mend = mend
        super().__init__(f"{what} {mend}".strip())


class ConfigError(NoriaError):
    """The config, a flag, a seed file or a template is wrong."""


class ModelError(NoriaError):
    """A model, its wheel or an adapter is missing or no model at all."""


class EndpointError(NoriaError):
    """An endpoint is away, refuses us, or lacks what a seat needs."""


class SandboxError(NoriaError):
    """A sandbox does not work, or is weaker than the config allows."""


class SessionError(NoriaError):
    """The session folder, its lock or its ledger is not usable."""


class RunError(NoriaError):
    """A run failed midway; what was accepted is safe and the session can be resumed."""

    status = 1


class VerifierError(NoriaError):
    """A domain that is not ours raised, looped or flooded; one episode ends with it."""


class ReplyError(NoriaError):
    """A reply cannot be read as what its role owes."""


@contextmanager
def storage(place: Path | str) -> Iterator[None]:
    """Turn the operating system's refusals to write into sentences.

    Raises:
        RunError: the disk is full.
        SessionError: the place is read-only, not ours, or gone.
    """
    try:
        yield
    except OSError as fault:
        raise storage_error(fault, place) from fault


def storage_error(fault: OSError, place: Path | str) -> NoriaError:
    """The sentence for a refusal of the operating system to read or write `place`."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"The disk that holds {str(place)!r} is full.", mend="Free some space, then `noria resume`.")
    return SessionError(
        f"{str(place)!r} cannot be used: {fault.strerror or fault}.", mend="Check that it exists and is yours to write."
    )


def placed(fault: Exception) -> str:
    """A fault of ours in one line: what it is and the line of Noria it came from."""
    if isinstance(fault, AfarError):
        return str(fault)
    frames = [
        frame for frame in traceback.extract_tb(fault.__traceback__) if f"{os.sep}noria{os.sep}" in frame.filename
    ]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}: {fault}{place}"


class AfarError(Exception):
    """A fault of ours in another process, as that one placed it."""
