"""A process that a test started is gone when the test is over, whatever came of it."""

import signal
import subprocess
from typing import Any


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGTERM, patience: float = 60.0) -> None:
    """Ask it to end; one that does not is killed, for whoever leaves its `with` would wait for it for ever.

    Raises:
        subprocess.TimeoutExpired: it did not end by itself.
    """
    process.send_signal(how)
    try:
        process.wait(patience)
    finally:
        process.kill()
