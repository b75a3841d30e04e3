"""What takes long is done beside the event loop, and is never left alone."""

import asyncio
import threading
from pathlib import Path

import pytest

from noria.memory.embed import StaticEmbedder, Vectors
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import Neighbours, catch_up
from tests import build


class Gated(StaticEmbedder):
    """An embedder that waits for somebody to open its gate."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.gate = threading.Event(), threading.Event()

    def embed(self, texts: list[str]) -> Vectors:
        self.began.set()
        assert self.gate.wait(30), "the event loop stood still"
        return super().embed(texts)


async def test_the_event_loop_goes_on_while_the_index_follows_the_ledger(tmp_path: Path) -> None:
    history, embedder = History(Ledger(tmp_path, write=True)), Gated()
    index = Neighbours(tmp_path, embedder)
    await history.settle(build.episode(), [build.sample()])
    behind = asyncio.create_task(catch_up(history, index))
    assert await asyncio.to_thread(embedder.began.wait, 30)
    assert not behind.done()
    embedder.gate.set()
    assert await behind == 1
    index.close()
    history.ledger.close()


async def test_who_is_cancelled_meanwhile_leaves_no_thread_behind(tmp_path: Path) -> None:
    history, embedder = History(Ledger(tmp_path, write=True)), Gated()
    index = Neighbours(tmp_path, embedder)
    await history.settle(build.episode(), [build.sample()])
    behind = asyncio.create_task(catch_up(history, index))
    assert await asyncio.to_thread(embedder.began.wait, 30)
    behind.cancel()
    await asyncio.sleep(0.05)
    assert not behind.done(), "a thread still writes"
    embedder.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await behind
    assert index.count() == 1
    # Nobody noted it: it is taken once more, and stands once.
    assert await catch_up(history, index) == 1
    assert index.count() == 1
    index.close()
    history.ledger.close()
