"""From a trained adapter to its first token, flips under load, and what adapters cost against merged weights.

    python bench/serving.py [--short] [--fake] [--parts latency flips decode] [--runs 2]

    latency   adapter on disk ─► its id, the ledger, its hashes, the server, the pointer ─► first token
              over a restart of the same server, start to first token; GOALS: at most 1 %, and under half a second
              what is asked is what a solver is asked: its template with a task of each of four domains in turn
    flips     callers without a pause ─► a student comes up ─► flip ─► rollback, and it leaves at once; as an adapter
              and merged in a server of its own; GOALS: no call failed, none answered by another than was asked
    decode    tokens a second of merged weights over those of an adapter, base alone and both by turns (`tuning.py`)

What training does before its adapter stands on the disk is the optimiser's time and is left out. The adapter is one
that nobody trained, of a training's rank and layers, with drawn weights, so that its answers are unlike the base's:
who answered is told by which of the two said as much when nothing else went on (greedily, by the longer beginning
they have in common). The servers are the installed vLLM on the default student, or with `--fake` the fake one, which
answers with its name. Each is measured in turn with what it is held against; ratios are medians over the runs, with
the lowest and the highest.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rows import Row, asked, row, write

from noria.config import Serve
from noria.errors import EndpointError
from noria.evaluators.registry import domain
from noria.identity import content_id
from noria.inference.client import Request
from noria.inference.fake_vllm import command
from noria.inference.fleet import Fleet
from noria.inference.tuned import Choice, Served, version
from noria.inference.tuning import Terms, measured, served, up
from noria.inference.vllm_server import on_cpu
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.moves import move
from noria.prompts import Templates
from noria.training.launch import merge
from noria.training.models import resolve
from noria.training.publish import aside, publish
from noria.training.standing import published, stand
from noria.training.trainer import pretended
from noria.training.untrained import untrained
from noria.types import Message, Move, Policy

SHARE, SECONDS = 0.01, 0.5
"""What the first token may take, of a restart and in all."""

DOMAINS = ("arithmetic", "text_ops", "units", "constraints")
"""Domains of which the first question of an adapter is, each in turn."""

SWAPS = len(DOMAINS)
"""Adapters brought up for each restart."""

QUESTIONS = (
    "Name a river.",
    "What is 2 + 3?",
    "Say a word that rhymes with day.",
    "Write a short sentence about rain.",
)


@dataclass
class Load:
    """Callers that ask whoever plays, without a pause."""

    fleet: Fleet
    plays: Policy
    calm: dict[str, dict[str, str]]
    """What each policy says to each question when nothing else goes on."""
    stop: bool = False
    failed: list[str] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By who was asked and who answered; nobody where it cannot be told."""
    seconds: list[tuple[float, float]] = field(default_factory=list)
    """When each answer came, and what it took."""

    async def caller(self, first: int) -> None:
        """Ask until it is enough."""
        at = first
        while not self.stop:
            asked, at = self.plays, at + 1
            question, began = QUESTIONS[at % len(QUESTIONS)], time.monotonic()
            try:
                said = await spoken(self.fleet, asked, question)
            except EndpointError as fault:
                self.failed.append(str(fault))
                await asyncio.sleep(0.2)
                continue
            self.answers[asked.name, self.who(question, said)] += 1
            self.seconds.append((time.monotonic(), time.monotonic() - began))

    def who(self, question: str, said: str) -> str:
        """Whose answer it is most like."""
        alike = {name: common(said, own[question]) for name, own in self.calm.items()}
        best = max(alike.values())
        found = [name for name, one in alike.items() if one == best]
        return found[0] if len(found) == 1 else ""

    async def answered(self, policy: Policy, more: int) -> None:
        """Until a policy was asked and answered some more times, or something failed."""
        before = self.asked(policy)
        while self.asked(policy) < before + more and not self.failed:  # noqa: ASYNC110  (a bench may poll)
            await asyncio.sleep(0.02)

    def asked(self, policy: Policy) -> int:
        """Answers to calls that asked a policy."""
        return sum(many for (name, _), many in self.answers.items() if name == policy.name)

    def rate(self, since: float, until: float) -> float:
        """Answers a second between two moments."""
        return sum(since < at <= until for at, _ in self.seconds) / max(1e-9, until - since)


def common(one: str, other: str) -> int:
    """Characters that two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


async def spoken(fleet: Fleet, policy: Policy, question: str, tokens: int = 12) -> str:
    """What a policy says, greedily."""
    said = (Message(role="user", content=question),)
    asked = Request("solver", fleet.served_as(policy.id), said, max_tokens=tokens, policy=policy.id)
    return (await fleet.pool.complete(asked)).replies[0]


async def first_token(fleet: Fleet, policy: Policy, number: int) -> int:
    """One token of an answer to a task that nobody has asked before; gives how many tokens its prompt has."""
    kind, rng = domain(DOMAINS[number % len(DOMAINS)]), random.Random(number)
    said = Templates().render("solver", instruction=kind.phrase(kind.sample(kind.levels[0], rng), rng))
    asked = Request("solver", fleet.served_as(policy.id), said, max_tokens=1, policy=policy.id)
    return (await fleet.pool.complete(asked)).usage.prompt_tokens


async def restarted(terms: Terms, choice: Choice) -> tuple[Fleet, float]:
    """The base's server, and the seconds from its start to its first token."""
    fleet, _ = served(terms, choice)
    started = time.monotonic()
    try:
        await fleet.bring_up(terms.base)
        await first_token(fleet, terms.base, 0)
    except BaseException:
        await fleet.close()
        raise
    return fleet, time.monotonic() - started


async def swapped(terms: Terms, fleet: Fleet, place: Path, number: int) -> tuple[float, int]:
    """Seconds from an adapter that stands on the disk to its first token, by all that a session does in between.

    Beside them, how many tokens it had to read for it.
    """
    ledger = Ledger(place, write=True)
    try:
        history = History(ledger)
        await history.keep_policy(terms.base, "base", "student")
        started = time.monotonic()
        student = Policy(
            id=published(Path(terms.adapter)), name=f"student-r{number:04}", adapter=terms.adapter, student=True
        )
        await history.keep_policy(student)
        await stand(student, terms.base)
        await fleet.bring_up(student)
        one = Move(
            key=f"promote/{number}", round=number, cause="promote", before=terms.base.id, after=student.id,
            why="the bench says so", at=time.time(),
        )  # fmt: skip
        await move(history, one)
        prompt = await first_token(fleet, student, number)
        seconds = time.monotonic() - started
        await fleet.retire(student.id)
        return seconds, prompt
    finally:
        ledger.close()


async def latency(terms: Terms, place: Path, runs: int, dtype: str) -> dict[str, Any]:
    """Restarts and adapters in turn."""
    choice = Choice.model_validate({"student": "adapter", "dtype": dtype, "threads": "all"})
    restarts, swaps, ratios, prompts, number = list[float](), list[float](), list[float](), list[int](), 0
    for _ in range(runs):
        fleet, restart = await restarted(terms, choice)
        try:
            mine = list[float]()
            for _ in range(SWAPS):
                number += 1
                folder = place / f"ledger-{number}"
                folder.mkdir()
                took, read = await swapped(terms, fleet, folder, number)
                mine.append(took)
                prompts.append(read)
        finally:
            await fleet.close()
        restarts, swaps, ratios = [*restarts, restart], [*swaps, *mine], [*ratios, statistics.median(mine) / restart]
        print(f"restart {restart:.2f} s, adapters {', '.join(f'{one:.3f}' for one in mine)} s", file=sys.stderr)
    seconds = statistics.median(swaps)
    return {
        "restart_seconds": round(statistics.median(restarts), 2), "first_token_seconds": round(seconds, 3),
        "each": [swaps, ratios], "slowest": round(max(swaps), 3), "prompt_tokens": [min(prompts), max(prompts)],
        "ratio": round(statistics.median(ratios), 4),
        "spread": [round(min(ratios), 4), round(max(ratios), 4)], "goals": {"share": SHARE, "seconds": SECONDS},
        "reached": statistics.median(ratios) <= SHARE and seconds < SECONDS,
    }  # fmt: skip


async def flips(terms: Terms, kind: Served, merged: str, dtype: str, callers: int) -> dict[str, Any]:
    """One flip to a student and one rollback, under load."""
    fleet, _ = served(terms, Choice.model_validate({"student": kind, "dtype": dtype, "threads": "all"}))
    where = {"folder": merged} if kind == "merged" else {"adapter": terms.adapter}
    student, base = Policy(id="policy-flip", name="student-r0001", **where), terms.base
    playing = list[asyncio.Task[None]]()
    try:
        await up(fleet, base, student)
        calm = {one.name: {ask: await spoken(fleet, one, ask) for ask in QUESTIONS} for one in (base, student)}
        await fleet.retire(student.id)
        load = Load(fleet, base, calm)
        playing = [asyncio.create_task(load.caller(at)) for at in range(callers)]
        began = time.monotonic()
        await load.answered(base, 4 * callers)
        starts = time.monotonic()
        await fleet.bring_up(student)
        came = time.monotonic()
        load.plays = student
        await load.answered(student, 1)
        flip = time.monotonic() - came
        await load.answered(student, 4 * callers)
        load.plays, back = base, time.monotonic()
        leaving = asyncio.create_task(fleet.retire(student.id))
        await load.answered(base, 1)
        rollback = time.monotonic() - back
        await leaving
        await load.answered(base, 2 * callers)
        load.stop = True
        await asyncio.gather(*playing)
    finally:
        for one in playing:
            one.cancel()
        await fleet.close()
    mixed = {f"{asked} by {by}": many for (asked, by), many in load.answers.items() if by not in ("", asked)}
    return {
        "answers": load.answers.total(), "failed": len(load.failed), "faults": load.failed[:3], "mixed": mixed,
        "untold": sum(many for (_, by), many in load.answers.items() if not by),
        "start_seconds": round(came - starts, 3), "flip_seconds": round(flip, 3),
        "rollback_seconds": round(rollback, 3),
        # Of an adapter the time is too short to count answers in.
        "rate_while_it_starts": round(load.rate(starts, came) / max(1e-9, load.rate(began, starts)), 2)
        if kind == "merged"
        else None,
        "reached": not load.failed and not mixed,
    }  # fmt: skip


async def decode(terms: Terms, runs: int, dtype: str) -> dict[str, Any]:
    """Merged weights and an adapter in turn."""
    said: dict[str, list[float]] = {"alone": [], "both": []}
    for _ in range(runs):
        pair = []
        for student in ("merged", "adapter"):
            choice = Choice.model_validate({"student": student, "dtype": dtype, "threads": "all"})
            pair.append(await measured(terms, choice))
            print(pair[-1].model_dump_json(), file=sys.stderr)
        if any(one.why for one in pair):
            return {"why": [one.why for one in pair if one.why], "reached": False}
        for name, found in said.items():
            found.append(getattr(pair[0], name) / getattr(pair[1], name))
    ratios = {
        name: {"ratio": round(statistics.median(found), 2), "spread": [round(min(found), 2), round(max(found), 2)]}
        for name, found in said.items()
    }
    return {"merged_over_adapter": ratios, "each": said, "reached": True}


async def made(wanted: argparse.Namespace, place: Path) -> tuple[Terms, str, str]:
    """What is served: the base and an adapter, the adapter's weights merged into it, and the numbers to compute in."""
    dtype = wanted.dtype or ("float32" if on_cpu() else "auto")
    folder = place if wanted.fake else resolve("default")
    out, merged = place / "adapter", place
    if wanted.fake:
        (aside(out) / "adapter_model.safetensors").write_bytes(pretended("a bench"))
        publish(out.with_name("adapter.tmp"), out, kind="adapter", made_by="a bench", base="policy-base")
    else:
        print("making an adapter, and merging it", file=sys.stderr)
        await untrained(folder, out, 16, threads=os.cpu_count() or 1)
        if "flips" in wanted.parts:
            saved = "bfloat16" if dtype == "auto" else dtype
            merged = await merge(folder, out, place / "merged", dtype=saved, base_id="bench")
    base = Policy(id=content_id("policy", str(folder)), name="base", folder=str(folder))
    like = command(
        "--named", "--start-s", str(wanted.start_s), "--latency-ms", "20", "--token-ms", "1", "--adapters-slower", "3"
    )
    terms = Terms(
        base, str(out), Serve(), place / "servers", command=like if wanted.fake else (), at_once=wanted.at_once,
        calls=wanted.calls,
    )  # fmt: skip
    return terms, str(merged), dtype


async def parts(wanted: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Each part that is wanted."""
    terms, merged, dtype = await made(wanted, place)
    said: dict[str, Any] = {"fake": wanted.fake, "dtype": dtype}
    if "latency" in wanted.parts:
        said["latency"] = await latency(terms, place, wanted.runs, dtype)
    if "flips" in wanted.parts:
        kinds: tuple[Served, ...] = ("adapter", "merged")
        for kind in kinds:
            said[f"flips_{kind}"] = await flips(terms, kind, merged, dtype, wanted.callers)
    if "decode" in wanted.parts:
        said["decode"] = await decode(terms, wanted.runs, dtype)
    return said


def rows(found: dict[str, Any], fake: bool) -> list[Row]:
    """What was found, for the page of results."""
    told: dict[str, Any] = {"command": "python bench/serving.py" + " --fake" * fake}
    peer = {"peer_version": "fake" if fake else version()}
    made = []
    if (one := found.get("latency")) is not None:
        seconds, ratios = one["each"]
        why: dict[str, Any] = {"demand": 6, "at_least": False}
        what, (least, most) = "from a trained adapter to its first token", one["prompt_tokens"]
        why["note"] = f"tasks of four domains as a solver is asked them, prompts of {least} to {most} tokens"
        made.append(row(what, each=ratios, limit=SHARE, peer="a restart of the server", **peer, **why, **told))
        made.append(row(what, each=seconds, limit=SECONDS, unit="s", **why, **told))
    for kind in ("adapter", "merged"):
        if (one := found.get(f"flips_{kind}")) is not None:
            what = f"calls failed or answered by another through a flip and a rollback, student {kind}"
            wrong = one["failed"] + sum(one["mixed"].values())
            note = f"of {one['answers']} calls; {one['untold']} of them cannot be told apart"
            made.append(row(what, each=[wrong], limit=0, at_least=False, unit="calls", note=note, **told))
    if (one := found.get("decode")) is not None:
        what, note = "tokens a second of merged weights, base and student by turns", "; ".join(one.get("why", ()))
        each = one["each"]["both"] if "each" in one else []
        made.append(row(what, each=each, peer="an adapter in the base's server", note=note, **peer, **told))
    return made


def main() -> None:
    """Measure, print one JSON object, and fail where a goal is missed."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--fake", action="store_true", help="The fake server instead of the installed vLLM.")
    names = ("latency", "flips", "decode")
    parser.add_argument("--parts", nargs="+", choices=names, default=list(names))
    parser.add_argument("--runs", type=int, help="2; 1 in the short form.")
    parser.add_argument("--callers", type=int, default=8, help="Calls in flight while policies are flipped.")
    parser.add_argument("--at-once", type=int, default=32, help="Calls in flight while decoding is measured.")
    parser.add_argument("--calls", type=int, default=64, help="Calls of one measurement of decoding.")
    parser.add_argument("--dtype", default="", help="Numbers that the servers compute in; float32 on a CPU.")
    parser.add_argument("--start-s", type=float, default=30.0, help="What the fake server takes to start.")
    wanted = parser.parse_args()
    wanted.runs = wanted.runs or (1 if wanted.short else 2)
    if not (wanted.fake or version()):
        why = {"demand": 6, "limit": SHARE, "at_least": False, "note": "no vLLM is installed here"}
        write(wanted.json, [row("from a trained adapter to its first token", "python bench/serving.py", [], **why)])
        print("no vLLM is installed here; --fake measures with the fake server", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        found = asyncio.run(parts(wanted, Path(place)))
    write(wanted.json, rows(found, wanted.fake))
    print(json.dumps(found, indent=2))
    sys.exit(0 if all(one.get("reached", True) for one in found.values() if isinstance(one, dict)) else 1)


if __name__ == "__main__":
    main()
