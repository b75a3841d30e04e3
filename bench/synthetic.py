"""A session of any size without a model: plausible texts, written as a run writes them.

    python bench/synthetic.py FOLDER [--episodes 100000]

Every row goes through `History`: deals, five turns an episode, episodes that end for every
reason there is, samples with their chain, policies that learned, exams, moves, one beaten
verifier and one purge. What is drawn depends on the number of the episode alone.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.identity import sample_id
from noria.memory.history import History
from noria.memory.learned import taught
from noria.memory.ledger import Ledger
from noria.memory.moves import move
from noria.memory.withdrawals import withdrawing
from noria.types import ROLES, Dealt, Episode, Exam, ExamItem, Message, Move, Policy, Provenance, Sample, Seed, Turn

FLIGHT = 512
A_ROUND = 5000
DOMAINS = ("arithmetic", "text_ops", "units", "constraints", "code")
VOCABULARY = """
apple bridge candle doctor engine forest garden hammer island jacket kettle ladder market needle orange pencil
quarter river school teacher umbrella valley window yellow baker carpenter driver farmer lantern mirror pocket
ribbon saddle ticket wagon basket button copper dollar feather guitar honey iron jungle lemon marble number ocean
paper rabbit silver table velvet winter branch circle desert empty flower ground harbour kitchen letter morning
nearby office planet record season travel useful village weather minutes hours metres litres grams boxes bottles
shelves trains buses ships stones birds dogs cats horses sheep words lines rows columns pages
"""
WORDS = VOCABULARY.split()
ENDS = (
    ("accepted", "verified", "accepted", 55), ("refused", "duplicate", "well_formed", 10),
    ("refused", "near_duplicate", "well_formed", 4), ("refused", "malformed", "proposed", 8),
    ("refused", "reserved", "proposed", 5), ("refused", "ungrounded", "novel", 3),
    ("refused", "unsolved", "grounded", 4), ("refused", "out_of_band", "grounded", 4),
    ("refused", "broken", "solvable", 3), ("refused", "revisions_spent", "solvable", 1),
    ("refused", "vetoed", "unbroken", 2), ("error", "endpoint", "novel", 1),
)  # fmt: skip
TEMPLATES = {name: f"{name}@0123456789ab" for name in (*ROLES, "reword", "explain", "entails", "prefer")}
CALLED = {"generator": 320, "solver": 90, "critic": 210, "adversary": 180, "judge": 160}
"""Prompt tokens of each seat."""


def policy_id(number: int) -> str:
    """The id of the student of a round, 0 for the base."""
    return f"policy-{number:016x}"


def playing(number: int) -> str:
    """Who plays in a round: every third student is promoted."""
    return policy_id((number - 1) // 3 * 3)


def sentence(draw: random.Random, least: int, most: int) -> str:
    """Some words, as a model might say them."""
    return " ".join(draw.choices(WORDS, k=draw.randint(least, most)))


def drawn(at: int) -> tuple[Dealt, Episode, list[Sample], list[Turn]]:
    """One episode with its hand, what was accepted of it, and its calls."""
    draw, number, key = random.Random(at), at // A_ROUND + 1, f"episode-{random.Random(at).getrandbits(64):016x}"
    domain, level, who = DOMAINS[draw.randrange(5)], draw.randint(1, 4), playing(number)
    outcome, reason, stage = draw.choices([one[:3] for one in ENDS], [one[3] for one in ENDS])[0]
    verifier, skill = f"{domain}@1", WORDS[at % 7]
    templates = TEMPLATES | {"generator": f"generator@{number // 4:012x}"}
    asked = f"A {sentence(draw, 6, 20)}: how many {sentence(draw, 2, 6)} are {at} and {at % 97}? Answer briefly."
    answer = f"{at + at % 97} {sentence(draw, 3, 25)}."
    seed = Seed(id=f"seed-{at % 40:016x}", kind="topic", text=WORDS[at % 40])
    seats = dict.fromkeys(ROLES, who)
    dealt = Dealt.model_validate({
        "episode": key, "round": number, "position": at % A_ROUND, "domain": domain, "level": level, "seed": seed,
        "window": {"skill": skill, "a": [at % 50, at % 50 + 20]}, "neighbours": (), "weak": (), "seats": seats,
        "templates": templates, "random": f"0/{number}/{at}",
    })  # fmt: skip
    far = [one[2] for one in ENDS].index(stage) if outcome == "accepted" else 1
    made = outcome == "accepted" or stage not in ("proposed", "dealt")
    solved = outcome == "accepted" or stage in ("grounded", "solvable", "unbroken")
    tried = outcome == "accepted" or stage in ("solvable", "unbroken")

    def checks(passed: bool) -> list[dict[str, Any]]:
        found = f"expected {at + at % 97}, found {sentence(draw, 1, 4)}"
        return [
            {"name": "answer", "passed": passed, "score": float(passed), "evidence": found},
            {"name": "form", "passed": True, "score": 1.0, "evidence": "plain text, no mark, no role line"},
        ]

    task = {
        "id": f"task-{at:016x}", "domain": domain, "skill": skill, "level": level,
        "parameters": {"skill": skill, "a": at, "b": at % 97}, "instruction": asked, "worded_by": "generator",
        "grounding": {"verifier": verifier, "facts": {"answer": at}, "signature": f"{skill}:{at}"},
    }  # fmt: skip
    passes = [outcome == "accepted" and n in (0, 2) for n in range(4)]
    attempts = [
        {"id": f"attempt-{at:012x}-{n}", "task": task["id"], "policy": who, "source": "student",
         "response": answer if passed else sentence(draw, 3, 25), "checks": checks(passed)}
        for n, passed in enumerate(passes)
    ] if solved else []  # fmt: skip
    probes = [
        {"kind": kind, "claim": sentence(draw, 3, 6), "response": sentence(draw, 1, 4), "by": "program",
         "held": reason == "broken" and kind == "leak", "evidence": "12 were refused"}
        for kind in ("ambiguity", "leak", "shortcut", "forgery", "forgery", "shortcut")
    ]  # fmt: skip
    episode = Episode.model_validate({
        "id": key, "round": number, "position": at % A_ROUND, "domain": domain, "level": level, "outcome": outcome,
        "reason": reason, "stage": stage, "evidence": f"{reason}: {sentence(draw, 4, 12)}",
        "drafts": [task] if made else [], "attempts": attempts, "solve_rate": 0.5 if solved else None,
        "critiques": [{"policy": who, "faults": [], "advice": sentence(draw, 4, 12), "revise": False}] * tried,
        "attacks": [{"policy": who, "probes": probes}] * tried,
        "verdicts": [{"policy": who, "ruling": "accept" if far == 0 else "reject", "confidence": 0.8, "veto": False}]
        * (tried and reason != "broken"),
        "checks": checks(made), "seconds": 2.5,
    })  # fmt: skip
    samples = []
    if outcome == "accepted":
        story = Provenance.model_validate({
            "episode": key, "round": number, "domain": domain, "skill": skill, "level": level, "source": "student",
            "worded_by": "generator", "policy": who, "generator": who, "seed": seed.id, "templates": templates,
            "verifier": verifier, "task": task["id"], "attempt": f"attempt-{at:012x}-0", "signature": f"{skill}:{at}",
            "free_text": "", "shape": f"shape-{at:016x}", "solve_rate": 0.5, "checks": ["answer", "form"], "probes": 6,
        })  # fmt: skip
        system = Message(role="system", content="Answer exactly as asked, briefly.")
        chat = (system, Message(role="user", content=asked), Message(role="assistant", content=answer))
        samples.append(Sample(id=sample_id("solver", chat), role="solver", messages=chat, provenance=story))
        episode = episode.model_copy(update={"sample": samples[0].id})
        if at % 3 == 0:
            chat = (system, Message(role="user", content=f"Write a task of {skill} near {at}."), chat[1])
            chat = (*chat[:2], Message(role="assistant", content=asked))
            samples.append(Sample(id=sample_id("generator", chat), role="generator", messages=chat, provenance=story))
    seated = ("generator", *(("solver",) if solved else ()), *(("critic", "adversary", "judge") if tried else ()))
    turns = [
        Turn.model_validate({
            "key": {"episode": key, "role": role, "draft": 1, "attempt": 1}, "policy": who, "served_as": "base",
            "template": templates[role], "messages": [{"role": "system", "content": f"You are the {role}."},
            {"role": "user", "content": f"{sentence(draw, 30, 60)} {asked}"}],
            "replies": [sentence(draw, 5, 30)], "finish": ["length" if draw.random() < 0.05 else "stop"],
            "usage": {"prompt_tokens": CALLED[role], "completion_tokens": draw.randint(5, 60)},
            "started": 1.7e9 + at, "seconds": draw.random() * 3,
        })
        for role in seated
    ]  # fmt: skip
    return dealt, episode, samples, turns


def exam(number: int) -> tuple[Exam, list[ExamItem]]:
    """The exam of a round; that of every third student is passed."""
    parent, student, promoted = playing(number), policy_id(number), number % 3 == 0
    _, one, *_ = next(hand for at in range(number, number + 100) if (hand := drawn(at))[1].drafts)
    items = [
        ExamItem(task=one.drafts[0], parent="17", student="18", parent_passed=n % 3 == 0, student_passed=n % 2 == 0)
        for n in range(160)
    ]
    parts = [
        {"domain": name, "items": 32, "parent": 10, "student": 15, "worse_p": 0.9, "significantly_worse": False}
        for name in DOMAINS
    ]
    return Exam.model_validate({
        "id": f"exam-{number:016x}", "round": number, "parent": parent, "student": student, "items": 160,
        "parent_right": 54, "student_right": 80, "wins": 50, "losses": 24, "p_value": 0.002, "alpha": 0.03,
        "parent_interval": (0.27, 0.41), "student_interval": (0.42, 0.58), "domains": parts, "skills": {},
        "promoted": promoted, "why": "50 won, 24 lost", "seconds": 60.0,
    }), items  # fmt: skip


async def keep(history: History, hands: Iterator[tuple[Dealt, Episode, list[Sample], list[Turn]]]) -> None:
    """Write hands as a run does, many in flight."""

    async def one_after_another() -> None:
        for _, episode, samples, turns in hands:
            for turn in turns:
                await history.keep_turn(turn)
            await history.settle(episode, samples)

    await asyncio.gather(*(one_after_another() for _ in range(FLIGHT)))


async def make(folder: Path, count: int) -> None:
    """Write a session of so many episodes."""
    ledger = Ledger(folder, write=True)
    history = History(ledger)
    await history.keep_fact("config", SessionConfig(session=folder).model_dump_json())
    await history.keep_fact("started", str(time.time()))
    await history.keep_policy(Policy(id=policy_id(0), name="base", student=True), "base", "student")
    given: list[str] = []
    for number in range(1, (count - 1) // A_ROUND + 2):
        hands = [drawn(at) for at in range((number - 1) * A_ROUND, min(count, number * A_ROUND))]
        await history.keep_deal(number, [one[0] for one in hands], seats=dict.fromkeys(ROLES, playing(number)))
        await keep(history, iter(hands))
        given += [sample.id for _, _, samples, _ in hands for sample in samples][:1500]
        student = Policy(
            id=policy_id(number), name=f"student-r{number:04}", round=number, student=True, parents=(policy_id(0),),
            training={"rows": 1500, "tokens": 90_000, "seconds": 600.0, "composition": {"new": 1500}},
        )  # fmt: skip
        await history.keep_policy(student, also=[taught(student.id, given[-1500:])])
        held, items = exam(number)
        await history.keep_exam(held, items)
        if held.promoted:
            why = {"cause": "promote", "why": held.why, "at": time.time()}
            place = {"key": f"promote/{number}", "round": number, "before": held.parent, "after": held.student}
            await move(history, Move.model_validate(place | why))
        spent = {"seconds": 900.0, "prompt_tokens": 3_000_000, "completion_tokens": 600_000}
        await history.keep_round(number, "ended", stages={"play": spent, "train": {**spent, "prompt_tokens": 0}})
        print(f"{min(count, number * A_ROUND)} of {count}", file=sys.stderr, flush=True)
    gone = [sample.id for sample in history.samples(number=1)][:300]
    await ledger.write(*withdrawing("--seed seed-1", time.time(), [("it was grown from seed-1", gone)]))
    await history.keep_fact("finished", "rounds: all played")
    ledger.close()


def main() -> None:
    """Write a session where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--episodes", type=int, default=100_000)
    wanted = parser.parse_args()
    asyncio.run(make(wanted.folder, wanted.episodes))


if __name__ == "__main__":
    main()
