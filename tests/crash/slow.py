"""A session whose training takes a while, as a program: `python -m tests.crash.slow CONFIG SECONDS`.

Everything else is a dry run by the command line's own `play`, so that a signal can be sent
while a training is in hand.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from noria.cli.main import INTERRUPTED
from noria.cli.running import play
from noria.config import load
from noria.graphs.opening import Means
from noria.types import Policy
from tests import build


def main(config: str, seconds: float) -> int:
    """Play it; the status is the command line's."""
    settings = load(Path(config))
    means = build.means(settings)

    async def slowly(*words: Any, **more: Any) -> Policy:
        print("training", file=sys.stderr, flush=True)
        await asyncio.sleep(seconds)
        return await means.trainer(*words, **more)

    def found(_: object) -> Means:
        return replace(means, trainer=slowly)

    try:
        play(settings, found, as_json=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
