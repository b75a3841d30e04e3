"""The fake server under vLLM's command line: what `VllmServer` starts where no model is to be loaded.

    python -m noria.inference.fake_vllm [what it is to be like] --model … --served-model-name … --port …

It takes the arguments that a `Launch` writes and serves under the name they give, with adapters where
they enable them. What is its own stands before them: how long it takes to start, what a token takes and how much
longer through an adapter, and which type of numbers it dies of, at its start or at the first
adapter, as the real one does where AMX is advertised and traps. It answers a chat with the name of the model that
it was asked for, so that whoever flips can see who answered.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence

from aiohttp import web

from noria.inference.client import Request
from noria.inference.fake_server import FakeServer
from noria.inference.puppet import Puppet


def command(*own: str) -> tuple[str, ...]:
    """What stands before the arguments of a `Launch`; `own` is what the server is to be like."""
    return (sys.executable, "-m", "noria.inference.fake_vllm", *own)


class Mortal(FakeServer):
    """A fake server that dies of its first adapter."""

    async def _load(self, request: web.Request) -> web.Response:
        os.kill(os.getpid(), signal.SIGILL)
        return await super()._load(request)


class Named:
    """Says which model was asked, in as many replies as are wanted; what must keep a form is a puppet's."""

    def __init__(self) -> None:
        """One for all calls."""
        self.puppet = Puppet()

    def __call__(self, request: Request) -> Sequence[str]:
        """The replies."""
        if request.schema is not None or request.choices:
            return self.puppet(request)
        return (request.model,) * request.n


async def serve(own: argparse.Namespace, rest: Sequence[str]) -> None:
    """Serve until the process ends."""
    kind = Mortal if own.adapters_die_of and own.dtype == own.adapters_die_of else FakeServer
    server = kind(
        (own.served_model_name,), key=os.environ.get("VLLM_API_KEY", ""), port=own.port, root=own.model,
        script=Named() if own.named else Puppet(), adapters="--enable-lora" in rest,
        latency=own.latency_ms / 1000, pace=own.token_ms / 1000, slower=own.adapters_slower, at_once=own.at_once,
    )  # fmt: skip
    async with server:
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line, take as long as was asked for, and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None, allow_abbrev=False)
    parser.add_argument("--start-s", type=float, default=0.0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--token-ms", type=float, default=0.0)
    parser.add_argument("--at-once", type=int, default=0)
    parser.add_argument("--adapters-slower", type=float, default=1.0)
    parser.add_argument("--dies-of", default="", help="A dtype: it dies at its start.")
    parser.add_argument("--adapters-die-of", default="", help="A dtype: it dies at the first adapter.")
    parser.add_argument("--named", action="store_true", help="Answer with the name of the model that is asked.")
    for name in ("--model", "--served-model-name", "--host", "--dtype"):
        parser.add_argument(name, default="")
    parser.add_argument("--port", type=int, default=0)
    own, rest = parser.parse_known_args()
    time.sleep(own.start_s)
    if own.dies_of and own.dtype == own.dies_of:
        os.kill(os.getpid(), signal.SIGILL)
    asyncio.run(serve(own, rest))


if __name__ == "__main__":
    main()
