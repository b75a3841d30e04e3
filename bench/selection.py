"""What selection costs: each method that asks no model, on a hundred thousand samples.

    python bench/selection.py [--samples 100000] [--only NAME …]

The samples are what the domains write (tasks, phrasings, right answers), with free text among them, one in
twenty worded nearly as another, and the episodes they come from in a ledger on disk. Each method that is
installed and makes no model call chooses among all of them, alone, with its defaults. Printed are seconds by the
clock and of the cores' work (the two differ where others load the machine), the peak of the process's resident
memory while it ran, and how many it kept; status 1 where all together took over 120 s, or any peak lies over
2 GB. Peaks hold the samples themselves, which the round has in memory anyway.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import synthetic

from noria.config.methods import Methods, kinds
from noria.evaluators.domain import Domain
from noria.evaluators.registry import DOMAINS, domain
from noria.identity import sample_id
from noria.memory import tables
from noria.memory.accepted import sample_row
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.history import _episode_row as episode_row
from noria.memory.ledger import Ledger, put
from noria.training.selecting.pipeline import choose
from noria.training.selecting.selector import Tools
from noria.types import Episode, Message, Sample

ASKS_NO_MODEL = (
    "form", "near_duplicates", "solve_rate", "toxicity", "label_noise", "tags", "k_centre", "quotas", "coreset",
)  # fmt: skip
SECONDS, BYTES = 120, 2 * 1024**3
PART = 4000


def written(count: int) -> Iterator[tuple[Sample, Episode]]:
    """So many accepted samples with their episodes."""
    known: dict[str, Domain] = {name: domain(name) for name in DOMAINS}
    made, at, last = 0, 0, (Message(role="user", content=""), Message(role="assistant", content=""))
    while made < count:
        at += 1
        _, episode, samples, _ = synthetic.drawn(at)
        if not samples:
            continue
        sample, draw = samples[0], random.Random(at)
        own = known[sample.provenance.domain]
        level = min(sample.provenance.level, own.levels[-1])
        system, user, answer = sample.messages
        story: dict[str, Any] = {"level": level, "round": 2}
        if draw.random() < 0.05 and last[0].content:
            user, answer = Message(role="user", content=f"{last[0].content} Please."), last[1]
        elif draw.random() < 0.6 and not own.executes:
            point = own.sample(level, draw)
            user = Message(role="user", content=own.phrase(point, draw))
            answer = Message(role="assistant", content=own.truth(point, draw))
            story["skill"] = getattr(point, "skill", sample.provenance.skill)
            last = user, answer
        chat = (system, user, answer)
        key = sample_id("solver", [*chat, Message(role="user", content=str(at))])
        provenance = sample.provenance.model_copy(update=story)
        yield Sample(id=key, role="solver", messages=chat, provenance=provenance), episode
        made += 1


async def kept(history: History, count: int) -> list[Sample]:
    """The samples, once their episodes stand in the ledger."""
    found: list[Sample] = []
    rows: list[Any] = []
    for sample, episode in written(count):
        found.append(sample)
        rows.append(put(tables.episodes, episode_row(episode)))
        if len(rows) >= PART:
            await history.ledger.write(*rows)
            rows = []
            print(f"{len(found)} of {count}", file=sys.stderr, flush=True)
    # Of a round before: what near-duplicates and k-centre compare with as well.
    old = [one.model_copy(update={"id": f"{one.id}-old", "provenance": one.provenance.model_copy(update={"round": 1})})
           for one in found[: count // 20]]  # fmt: skip
    await history.ledger.write(*rows, *(put(tables.samples, sample_row(one)) for one in old))
    return found


@contextmanager
def watched() -> Iterator[list[int]]:
    """The highest resident memory of this process meanwhile, in bytes."""
    own, peak, over = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], own.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


async def measure(count: int, only: list[str]) -> int:
    """Run every method and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder), write=True)
        history = History(ledger)
        samples = await kept(history, count)
        embedder = StaticEmbedder()
        nothing: Any = None

        def quiet() -> AbstractAsyncContextManager[None]:
            raise AssertionError("no model is asked")

        tools = Tools(
            history, nothing, {name: domain(name) for name in DOMAINS}, lambda texts: embedder.embed(list(texts)),
            2, "bench/2", Path(folder), "", "", quiet, nothing,
        )  # fmt: skip
        names = [name for name in only or ASKS_NO_MODEL if name in kinds()]
        print(f"{len(samples)} samples; {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")
        print(f"{'method':<18}{'seconds':>9}{'of cores':>10}{'peak MB':>9}{'kept':>9}  why")
        total, work, highest = 0.0, 0.0, 0
        for name in names:
            methods = Methods.model_validate({name: True}).on("select")
            with watched() as peak:
                started, began = time.monotonic(), time.process_time()
                (row,) = (await choose(samples, methods, tools)).selections
                took, worked = time.monotonic() - started, time.process_time() - began
            total, work, highest = total + took, work + worked, max(highest, peak[0])
            why = ", ".join(f"{count} {what}" for what, count in row.why.items()) or row.skipped
            line = f"{name:<18}{took:>9.1f}{worked:>10.1f}{peak[0] / 1e6:>9.0f}{row.kept:>9}"
            print(f"{line}  {why} {row.facts}", flush=True)
        print(f"{'all':<18}{total:>9.1f}{work:>10.1f}{highest / 1e6:>9.0f}")
        ledger.close()
    return int(total > SECONDS or highest > BYTES)


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", default=[])
    wanted = parser.parse_args()
    sys.exit(asyncio.run(measure(wanted.samples, wanted.only)))


if __name__ == "__main__":
    main()
