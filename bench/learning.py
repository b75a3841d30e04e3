"""What a small training teaches and what it costs elsewhere, by learning rate, passes and interpolation.

    python bench/learning.py [RATE:PASSES:INTERPOLATION ...] [--each 48] [--out FOLDER] [--json]

    tasks, with the program's answers ─► one training a way ─► the items of a short study of gain, and general text

Real model only, about three minutes a way on two quiet cores. The rows are the same for every way, `--each` of each
executed domain; the items are those that `noria study gain --short` asks, so the test of the study itself stays
closed; right is greedy, pass@8 sampled, perplexity is of the twelve passages, over the untrained model's. Nothing
passes or fails: the table is what `train.learning_rate`, `train.epochs` and `train.interpolation` were chosen by.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from noria.cli.means import real
from noria.config import SessionConfig, Train
from noria.evaluators.registry import domains
from noria.prompts import Templates
from noria.prompts.lookup import places
from noria.studies.gain import testing
from noria.studies.gain.outcomes import SEEN, Drawn, Outcome, drawn
from noria.studies.gain.plan import SHORT, GainPlan, planned
from noria.studies.gain.rows import fresh, written
from noria.training.curate import Curated
from noria.types import Policy

WAYS = ("5e-4:2:1", "5e-4:4:1", "1e-3:4:1", "1e-3:4:0.6", "1e-3:4:0.5")
TOKENS = 1_000_000
"""More than any of the trainings reads."""


async def asked(policy: Policy, means: Any, test: Drawn, templates: Templates, folder: Path) -> Outcome:
    """What a policy does on the items."""
    return await testing.ask(policy, test, 8, means=means, templates=templates, folder=folder)


async def way(said: str, plan: GainPlan, each: int, test: Drawn, folder: Path) -> tuple[Outcome, dict[str, Any]]:
    """Train one way; what it learned, and what the training was."""
    rate, passes, share = said.split(":")
    templates = Templates(places())
    name = "bench/learning"
    items = fresh({one: test.domains[one] for one in plan.learned}, plan.learned, each, name)
    rows = written(items, lambda text: templates.render("solver", instruction=text), name)
    train = Train(
        seed=1, max_tokens=TOKENS, learning_rate=float(rate), epochs=int(passes), interpolation=float(share)
    )  # fmt: skip
    config = SessionConfig(session=folder.resolve(), train=train)
    means = real(config, lambda *_: None)
    means.trainer.merged = True  # type: ignore[attr-defined]
    assert means.base is not None
    chosen = Curated(tuple(rows), {"program": len(rows)}, (), {}, {})
    began = time.monotonic()
    policy = await means.trainer("student", 0, means.base, chosen, lambda step: None)
    took = time.monotonic() - began
    found = await asked(policy, real(config, lambda *_: None), test, templates, folder / "test")
    return found, {"rows": len(rows), "seconds": round(took, 1)}


def row(found: Outcome, raw: Outcome, test: Drawn) -> dict[str, Any]:
    """The figures of one way."""
    seen = [mark == "1" for mark, one in zip(found.right, test.test.items, strict=True) if one.part == SEEN]
    nats = sum(found.prose) / len(found.prose) - sum(raw.prose) / len(raw.prose)
    once = sum(one > 0 for one in found.sampled)
    return {
        "right": sum(seen), "of": len(seen), "pass@8": round(once / len(found.sampled), 3),
        "perplexity_ratio": round(math.exp(nats), 3),
    }  # fmt: skip


async def measured(ways: list[str], each: int, place: Path) -> list[dict[str, Any]]:
    """Every way, the untrained model first."""
    plan = planned({"short": True, "seeds": (1,), "scale": SHORT.model_dump()})
    kinds = domains(dict.fromkeys((*plan.learned, *plan.unseen), (1, 2, 3)))[0]
    test = Drawn(drawn(plan, kinds), kinds)
    bare = SessionConfig(session=(place / "raw").resolve())
    means = real(bare, lambda *_: None)
    assert means.base is not None
    raw = await asked(means.base, means, test, Templates(places()), place / "raw")
    told = [{"way": "untrained", **row(raw, raw, test)}]
    for said in ways:
        found, what = await way(said, plan, each, test, place / said.replace(":", "-"))
        told.append({"way": said, **row(found, raw, test), **what})
        print(told[-1], file=sys.stderr, flush=True)
    return told


def main() -> None:
    """Measure and print."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("ways", nargs="*", default=list(WAYS))
    said.add_argument("--each", type=int, default=48)
    said.add_argument("--out", type=Path)
    said.add_argument("--json", action="store_true")
    asked_for = said.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        told = asyncio.run(measured(asked_for.ways, asked_for.each, asked_for.out or Path(scratch)))
    if asked_for.json:
        print(json.dumps(told, indent=1))
        return
    print("rate:passes:interpolation  right        pass@8  perplexity over the untrained")
    for one in told:
        print(f"{one['way']:<26} {one['right']:>4} of {one['of']:<5} {one['pass@8']:>6} {one['perplexity_ratio']:>12}")


if __name__ == "__main__":
    main()
