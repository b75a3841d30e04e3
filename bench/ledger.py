"""What durability costs: acceptance against the disk's own sync, resuming and memory at 100,000 samples.

    python bench/ledger.py [--samples 100000] [--acceptances 1920] [--resumes 5] [--chroma] [--short] [--json FILE]

Acceptance: 64 episodes settle at once, again and again, each with its episode and two samples
(the solver's and the generator's: a sample is an accepted row); between the batches one page is
appended to a file beside the ledger and synced by fdatasync, so that both meet the same disk and
the same neighbours. The goal is set for a sample; what an accepted answer costs, with both its
rows and its episode, stands beside it.
Resuming: a session killed in its second round is resumed by a process of its own, once as it is
and once with that many samples more, in turn; the time is from starting the process to the first
call that was not made before. Memory: resident size of a process that accepts them, from 5,000 on,
and the most it held while a round's rows were chosen from all of them as well. Chroma is reported
apart (--chroma builds an index of random vectors, which takes minutes). The short form accepts
fewer, several times, resumes nothing, and builds a small Chroma.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rows import Row, asked, row, write

from noria.config import SessionConfig, Train
from noria.graphs.opening import Means
from noria.graphs.run import run
from noria.identity import sample_id
from noria.inference.client import Request
from noria.inference.limiter import Limiter
from noria.inference.local import OneClient
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.neighbours import FOLLOWER, MADE, Neighbours
from noria.memory.verification import verify
from noria.training.curate import drawn
from noria.training.trainer import PRETENDED, PretendTrainer
from noria.types import ROLES, Episode, Message, Policy, Provenance, Sample, Turn

FLIGHT = 64
WARM = 5000
SHORT, FEW = 30_000, 10_000
"""Samples and vectors of the short form."""
COMMAND = "python bench/ledger.py"
GOALS = {"share_of_a_sync": 1 / 3, "resume_ratio": 1.2, "megabytes_per_100000": 50.0}
VERIFIER = "arithmetic@1"
TEMPLATES = {role: f"{role}@0123456789ab" for role in (*ROLES, "reword", "explain", "entails", "prefer")}


def acceptance(at: int, number: int = 1) -> tuple[Episode, list[Sample], Turn]:
    """An accepted episode with all that an accepted episode has, its two samples and a turn."""
    key, asked, answer = f"episode-{at:016x}", f"What is {at} + {at + 7}? Answer with the number only.", str(2 * at + 7)
    check = {"name": "answer", "passed": True, "score": 1.0, "evidence": f"expected {answer}, found {answer}"}
    form = {"name": "form", "passed": True, "score": 1.0, "evidence": "plain text, no mark, no role line"}
    task = {
        "id": f"task-{at:016x}", "domain": "arithmetic", "skill": "add", "level": 2,
        "parameters": {"skill": "add", "a": at, "b": at + 7}, "instruction": asked, "worded_by": "program",
        "grounding": {"verifier": VERIFIER, "facts": {"answer": 2 * at + 7}, "signature": f"add:{at}:{at + 7}"},
    }  # fmt: skip
    attempt = {"task": task["id"], "response": answer, "policy": PRETENDED, "source": "student"}
    probe = {"kind": "shortcut", "claim": "", "by": "program", "held": False, "evidence": "the verifier refuses it"}
    episode = Episode.model_validate(
        {
            "id": key, "round": number, "position": at, "domain": "arithmetic", "level": 2, "outcome": "accepted",
            "reason": "verified", "stage": "accepted", "evidence": "every check passed", "drafts": [task],
            "attempts": [{"id": f"attempt-{at}-{n}", **attempt, "checks": [check, form]} for n in range(4)],
            "solve_rate": 0.5, "critiques": [{"policy": PRETENDED, "faults": [], "advice": "", "revise": False}],
            "attacks": [{"policy": PRETENDED, "probes": [{**probe, "response": str(n)} for n in range(6)]}],
            "verdicts": [{"policy": PRETENDED, "ruling": "accept", "confidence": 0.9, "veto": False}],
            "checks": [form, check], "seconds": 1.0,
        }
    )  # fmt: skip
    story = Provenance.model_validate(
        {
            "episode": key, "round": number, "domain": "arithmetic", "skill": "add", "level": 2, "source": "student",
            "worded_by": "generator", "policy": PRETENDED, "generator": PRETENDED, "seed": "seed-0123456789abcdef",
            "templates": TEMPLATES, "verifier": VERIFIER, "task": task["id"], "attempt": f"attempt-{at}-0",
            "signature": f"add:{at}:{at + 7}", "free_text": "", "shape": f"shape-{at:016x}", "solve_rate": 0.5,
            "checks": ["form", "wording", "answer"], "probes": 6,
        }
    )  # fmt: skip
    system = Message(role="system", content="Answer exactly as asked, briefly.")
    chats = {
        "solver": (system, Message(role="user", content=asked), Message(role="assistant", content=answer)),
        "generator": (
            Message(role="system", content="You write practice tasks. Answer as JSON with parameters and instruction."),
            Message(role="user", content=f"Write a task of the skill add, level 2, near {at}."),
            Message(role="assistant", content=json.dumps({"a": at, "b": at + 7, "instruction": asked})),
        ),
    }
    samples = [
        Sample.model_validate({"id": sample_id(role, chat), "role": role, "messages": chat, "provenance": story})
        for role, chat in chats.items()
    ]
    turn = Turn.model_validate(
        {
            "key": {"episode": key, "role": "solver", "draft": 1, "attempt": 1}, "policy": PRETENDED,
            "served_as": "base", "template": "solver@0123456789ab", "messages": chats["solver"][:2],
            "replies": [answer] * 4, "finish": ["stop"] * 4, "usage": {"prompt_tokens": 30, "completion_tokens": 12},
            "started": float(at), "seconds": 0.5,
        }
    )  # fmt: skip
    return episode, samples, turn


async def settle(history: History, accepted: list[tuple[Episode, list[Sample], Turn]], *, turns: bool = False) -> None:
    """Accept them, so many in flight."""
    waiting = iter(accepted)

    async def one_after_another() -> None:
        for episode, samples, turn in waiting:
            if turns:
                await history.keep_turn(turn)
            await history.settle(episode, samples)

    await asyncio.gather(*(one_after_another() for _ in range(FLIGHT)))


def syncs(path: Path, count: int) -> list[float]:
    """Seconds of each append of a page with its fdatasync."""
    found = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            found.append(time.perf_counter() - started)
    return found


def accept(place: Path, count: int) -> dict[str, Any]:
    """Milliseconds of an acceptance and of a sync, alternating."""
    ledger = Ledger(place / "acceptance", write=True)
    history, part = History(ledger), 5 * FLIGHT
    shares, costs, disk, cpu = [], [], [], []
    for at in range(0, count, part):
        accepted = [acceptance(n) for n in range(at, at + part)]
        sync = statistics.median(syncs(place / "acceptance" / "pages", 40))
        started, used = time.perf_counter(), time.process_time()
        asyncio.run(settle(history, accepted))
        cost, busy = (time.perf_counter() - started) / part, (time.process_time() - used) / part
        if at:  # the first batch prepares its statements
            shares.append(cost / sync)
            costs.append(cost)
            disk.append(sync)
            cpu.append(busy)
    ledger.close()
    return {
        "in_flight": FLIGHT,
        "batches": len(shares),
        "sync_ms": round(1000 * statistics.median(disk), 3),
        "acceptance_ms": round(1000 * statistics.median(costs), 3),
        "of_it_cpu_ms": round(1000 * statistics.median(cpu), 3),
        "share_of_a_sync": round(statistics.median(shares) / 2, 3),
        "share_of_a_sync_per_answer": round(statistics.median(shares), 3),
        "quartiles": [round(one, 3) for one in statistics.quantiles(shares, n=4)],
    }


def megabytes() -> float:
    """Resident size of this process."""
    return float(psutil.Process().memory_info().rss) / 1e6


def fill(folder: Path, count: int) -> dict[str, Any]:
    """Accept so many into a session's first round, as a process of its own; what it held."""
    ledger = Ledger(folder, write=True)
    history = History(ledger)
    warm, started = 0.0, time.perf_counter()
    for at in range(0, count, 1000):
        if at == WARM:
            warm = megabytes()
        asyncio.run(settle(history, [acceptance(10_000 + n) for n in range(at, min(count, at + 1000))], turns=True))
    seconds, full = time.perf_counter() - started, megabytes()
    made = (folder / "chroma" / MADE).read_text() if (folder / "chroma" / MADE).exists() else ""
    # What Chroma would hold is another measurement: here it is taken for up to date.
    asyncio.run(history.followed(FOLLOWER, history.indexable(), made or Neighbours(folder).made))
    chosen = drawn(history.heads(number=2), history.heads(before=2), [], Train(), "bench", (), {}, history.loaded)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    started = time.perf_counter()
    walked = verify(ledger)
    found = {
        "samples": count, "rows": walked.samples, "seconds": round(seconds, 1),
        "ledger_megabytes": round((folder / FILE).stat().st_size / 1e6),
        "megabytes_at_5000": round(warm, 1), "megabytes_at_the_end": round(full, 1),
        "megabytes_at_most_with_curating": round(after, 1),
        "megabytes_per_100000": round((max(full, after) - warm) * 100_000 / max(1, count - WARM), 1),
        "curated_rows": len(chosen.rows), "verify_seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip
    ledger.close()
    return found


class Stop:
    """A puppet that ends the process at a call, as a kill would."""

    def __init__(self, at: int) -> None:
        """Answer so many calls; the next one tells the parent and is the last."""
        self.left, self.puppet = at, Puppet()

    def __call__(self, request: Request) -> Any:
        """The puppet's replies."""
        if self.left == 0:
            print("called", flush=True)
            os.kill(os.getpid(), 9)
        self.left -= 1
        return self.puppet(request)


def play(folder: Path, calls: int) -> None:
    """Run or resume the session of a folder, and end at a call."""
    config = SessionConfig.model_validate(
        {
            "session": folder, "domains": {"arithmetic": (1, 2)}, "play": {"episodes": 24, "attempts": 2},
            "judge": {"calibration": 4}, "train": {"min_rows": 1}, "exam": {"items": 8}, "stop": {"rounds": 3},
        }
    )  # fmt: skip
    base = Policy(id=PRETENDED, name="base", student=True)
    client = OneClient(ScriptedClient(Stop(calls)))
    asyncio.run(run(config, Means(client, PretendTrainer(folder / "students"), base, Limiter(64))))


def child(*words: object) -> subprocess.Popen[str]:
    """This script, as a process of its own."""
    return subprocess.Popen([sys.executable, __file__, *map(str, words)], stdout=subprocess.PIPE, text=True)


def first_call(folder: Path, calls: int = 0) -> float:
    """Seconds from starting a process to its last call."""
    started = time.perf_counter()
    with child("--play", folder, "--calls", calls) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    assert line == "called\n", line
    return seconds


def turns(folder: Path) -> dict[int, int]:
    """How many episodes each round has."""
    ledger = Ledger(folder)
    found = {number: len(History(ledger).ended(number)) for number in (1, 2)}
    ledger.close()
    return found


def resume(place: Path, samples: int, times: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Seconds to the first new call, empty and full in turn; and what filling it held."""
    empty, full = place / "empty", place / "full"
    calls = 160
    first_call(empty, calls)
    while not 0 < turns(empty)[2] < 24:  # somewhere in the play of the second round
        shutil.rmtree(empty)
        calls += 6
        first_call(empty, calls)
    shutil.copytree(empty, full)
    with child("--fill", full, "--samples", samples) as process:
        assert process.stdout is not None
        held = json.loads(process.stdout.read())
    pairs = []
    for at in range(times + 1):
        pair = []
        for folder in (empty, full)[:: 1 if at % 2 else -1]:
            again = place / "again"
            again.mkdir()
            for file in folder.iterdir():  # a ledger that is only read may be linked; this one is written
                (shutil.copytree if file.is_dir() else shutil.copy)(file, again / file.name)
            os.sync()  # else the process would wait for the copy to reach the disk
            pair.append(first_call(again))
            shutil.rmtree(again)
        if at:  # the first pair warms the disk's cache
            pairs.append(pair if at % 2 else pair[::-1])
    ratios = [full / empty for empty, full in pairs]
    return {
        "pairs": len(pairs),
        "empty_seconds": round(statistics.median(one for one, _ in pairs), 2),
        "full_seconds": round(statistics.median(two for _, two in pairs), 2),
        "resume_ratio": round(statistics.median(ratios), 3),
        "ratios": [round(one, 3) for one in ratios],
    }, held


def chroma(folder: Path, count: int) -> dict[str, Any]:
    """What an index of so many vectors costs to open, count and ask, as a process of its own."""
    import numpy

    class Drawn:
        def embed(self, texts: list[str]) -> Any:
            vectors = numpy.random.default_rng(len(texts)).normal(size=(len(texts), 256)).astype(numpy.float32)
            return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    index, started = Neighbours(folder, Drawn()), time.perf_counter()
    if not index.count():
        for at in range(0, count, 2000):
            index.add([(f"sample-{n:016x}", "arithmetic", f"What is {n} + 7?", "", "") for n in range(at, at + 2000)])
        index.close()
        return {"built_seconds": round(time.perf_counter() - started, 1)}
    opened, before = time.perf_counter() - started, megabytes()
    started = time.perf_counter()
    index.nearest("a sum", domain="arithmetic", count=2)
    return {
        "vectors": index.count(), "open_and_count_seconds": round(opened, 2),
        "first_question_seconds": round(time.perf_counter() - started, 2),
        "megabytes": round(megabytes() - before, 1),
    }  # fmt: skip


def filled(place: Path, samples: int, times: int) -> list[dict[str, Any]]:
    """What a process held that accepted so many, several times."""
    found = []
    for at in range(times):
        with child("--fill", place / f"full-{at}", "--samples", samples) as process:
            assert process.stdout is not None
            found.append(json.loads(process.stdout.read()))
        shutil.rmtree(place / f"full-{at}")
    return found


def indexed(place: Path, vectors: int) -> dict[str, Any]:
    """What Chroma takes for so many: a process that builds it, and one that opens it."""
    found: dict[str, Any] = {}
    for _ in range(2):
        with child("--index", place / "index", "--samples", vectors) as process:
            assert process.stdout is not None
            found.update(json.loads(process.stdout.read()))
    return found


def told(found: dict[str, Any], held: list[dict[str, Any]]) -> list[Row]:
    """The rows of the page."""
    rows = []
    if held:
        each, samples = [one["megabytes_per_100000"] for one in held], held[0]["samples"]
        note = (
            f"from {WARM:,} to {samples:,} accepted answers, {held[0]['rows']:,} samples; a round is curated from them"
        )
        what = "memory per 100,000 accepted, indexes aside"
        told = {"unit": "MB", "limit": GOALS["megabytes_per_100000"], "at_least": False, "note": note}
        rows.append(row(what, COMMAND, each, demand=4, **told))
    if chroma := found.get("chroma"):
        grown, count = chroma["megabytes"] * 100_000 / chroma["vectors"], chroma["vectors"]
        note = f"of {count:,} random vectors, opened and asked once; its vectors' share of it grows, the rest does not"
        rows.append(row("Chroma, told apart, per 100,000", COMMAND, [grown], demand=4, unit="MB", note=note))
    one = found["acceptance"]
    low, _, high = one["quartiles"]
    what, note = "a durable acceptance of a sample", f"{FLIGHT} in flight; a sync took {one['sync_ms']} ms; quartiles"
    rows.append(
        Row(
            what=what, command=COMMAND, peer="an append with its fdatasync on the same disk", note=note,
            ratio=one["share_of_a_sync"], low=low / 2, high=high / 2, limit=GOALS["share_of_a_sync"], at_least=False,
        )
    )  # fmt: skip
    if again := found.get("resume"):
        told = {"limit": GOALS["resume_ratio"], "at_least": False, "peer": "an empty session"}
        rows.append(row("resuming a full session", COMMAND, again["ratios"], **told))
    return rows


def main() -> None:
    """Measure, and print a table."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--acceptances", type=int, default=30 * FLIGHT)
    parser.add_argument("--resumes", type=int, default=5)
    parser.add_argument("--chroma", action="store_true")
    parser.add_argument("--place", type=Path, help="Folder on the disk to measure.")
    for hidden in ("--play", "--fill", "--index"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=0, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.play:
        return play(wanted.play, wanted.calls)
    if wanted.fill:
        return print(json.dumps(fill(wanted.fill, wanted.samples)))
    if wanted.index:
        return print(json.dumps(chroma(wanted.index, wanted.samples)))
    with tempfile.TemporaryDirectory(prefix="noria-bench-", dir=wanted.place) as folder:
        place = Path(folder)
        found: dict[str, Any] = {"acceptance": accept(place, wanted.acceptances)}
        held: list[dict[str, Any]] = []
        if wanted.short:
            held = filled(place, min(wanted.samples, SHORT), 3)
        elif wanted.samples:
            found["resume"], one = resume(place, wanted.samples, wanted.resumes)
            held = [one]
        if held:
            found["memory"] = held[-1]
        if wanted.chroma or wanted.short:
            found["chroma"] = indexed(place, min(wanted.samples, FEW) if wanted.short else wanted.samples)
    figures = {name: value for part in found.values() for name, value in part.items()}
    found["goals"] = GOALS
    found["reached"] = {name: figures[name] <= goal for name, goal in GOALS.items() if name in figures}
    for part, values in found.items():
        print(part)
        for name, value in values.items():
            print(f"  {name:<26} {value}")
    write(wanted.json, told(found, held))
    return None


if __name__ == "__main__":
    main()
