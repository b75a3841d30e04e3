"""What hygiene finds, what it misses, what it takes for what it is not, and what it costs.

    python bench/hygiene.py [--tasks 40] [--items 100000]

Screening: false alarms over tasks of every domain and level (wording, answer, proposal).
Contamination: `paraphrases.jsonl` holds items with a paraphrase and another question on the same
subject; copies with changed case, order, names and words are made of them. The trap is a benchmark
that is worded as the domains word their tasks: what meets it and has another solution is a false alarm.
Prints JSON; status 1 where an exact copy is missed or a task is unclean.
"""

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noria.config import Hygiene
from noria.evaluators.contamination import Item, Kept, own_words
from noria.evaluators.registry import DOMAINS, domain
from noria.evaluators.screening import Screen
from noria.identity import bucket, canonical_json, stream
from noria.memory.embed import StaticEmbedder

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "paraphrases.jsonl").read_text().splitlines()]
OTHER_NAMES = {"Natalia": "Maria", "James": "Peter", "Tom": "Ali", "Jerry": "Noor", "Juliet": "Rosalind"}


def shouted(text: str) -> str:
    """Other case, other punctuation, other spacing."""
    return " ".join(re.sub(r"[.,?!']", " ", text).upper().split()) + " !"


def framed(text: str) -> str:
    """Said inside something else."""
    return f"Please answer this for me. {text} Thank you."


def turned(text: str) -> str:
    """Its sentences in another order; a single one in two halves."""
    parts = re.split(r"(?<=[.?!]) ", text)
    return " ".join(reversed(parts))


def renamed(text: str) -> str:
    """Other names of people."""
    return re.sub(r"\w+", lambda found: OTHER_NAMES.get(found[0], found[0]), text)


def changed(text: str) -> str:
    """One word in the middle exchanged."""
    found = text.split()
    found[len(found) // 2] = "rather"
    return " ".join(found)


COPIES: dict[str, Callable[[str], str]] = {
    "exact": str, "case and punctuation": shouted, "inside a text": framed, "sentences turned": turned,
    "names changed": renamed, "a word changed": changed,
}  # fmt: skip


def likeness(kept: Kept) -> dict[str, Any]:
    """Recall on copies and paraphrases, false alarms on other questions of the same subjects."""
    found: dict[str, Any] = {}
    for name, copy in COPIES.items():
        missed = [pair["question"][:60] for pair in PAIRS if kept.met(copy(pair["question"])) is None]
        found[name] = {"planted": len(PAIRS), "found": len(PAIRS) - len(missed), "missed": missed}
    missed = [pair["paraphrase"] for pair in PAIRS if kept.met(pair["paraphrase"]) is None]
    found["paraphrase"] = {"planted": len(PAIRS), "found": len(PAIRS) - len(missed), "missed": missed}
    wrong = [str(met) for pair in PAIRS if (met := kept.met(pair["other"]))]
    found["another question, same subject"] = {"planted": len(PAIRS), "alarms": len(wrong), "which": wrong}
    return found


def tasks(count: int) -> list[tuple[Any, Any, str, str, str]]:
    """Tasks of every domain and level: domain, point, wording, answer, bucket."""
    drawn = []
    for name in DOMAINS:
        whole = domain(name)
        for level in whole.offered:
            kind, rng = whole.at(level), stream("bench", "hygiene", name, level)
            for _ in range(count):
                point = kind.sample(level, rng)
                where = bucket(name, point.model_dump(mode="json"))
                drawn.append((kind, point, kind.phrase(point, rng), kind.truth(point, rng), where))
    return drawn


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--items", type=int, default=100_000)
    asked = parser.parse_args()
    embed, screen, drawn = StaticEmbedder().embed, Screen(Hygiene().screen), tasks(asked.tasks)
    screen.find("warm")
    texts = [
        text
        for kind, point, wording, answer, _ in drawn
        for text in (wording, answer, canonical_json({**point.proposed(), "instruction": wording}))
    ]
    started = time.process_time()
    alarms = [(text[:80], str(found[0])) for text in texts if (found := screen.find(text))]
    screening = {
        "texts": len(texts),
        "alarms": len(alarms),
        "which": alarms[:5],
        "cpu_us_a_text": round((time.process_time() - started) / len(texts) * 1e6),
    }

    started = time.process_time()
    own = own_words(domain(name) for name in DOMAINS)
    learned = time.process_time() - started
    free = Kept([Item("bench", pair["question"]) for pair in PAIRS], embed, own)
    met = Counter(
        found.how
        for kind, point, wording, *_ in drawn
        if (found := free.met(wording, lambda text, k=kind, p=point: k.says(p, text).passed))
    )
    trap = Kept(
        [Item(kind.name, wording, None) for kind, _, wording, _, where in drawn if where != "train"], embed, own
    )
    trapped = Counter(
        found.how
        for kind, point, wording, _, where in drawn
        if where == "train" and (found := trap.met(wording, lambda text, k=kind, p=point: k.says(p, text).passed))
    )

    rng = random.Random(0)
    nouns = [word for pair in PAIRS for word in re.findall(r"[a-z]{4,}", pair["question"])]
    many = [
        Item(str(at), " ".join(rng.choices(nouns, k=24)) + f" {rng.randrange(10**4)}" * (at % 2))
        for at in range(asked.items)
    ]
    started = time.process_time()
    large = Kept(many, embed, own)
    built = time.process_time() - started
    speed = {}
    for name, queries, near in (
        ("exact and runs", [one[2] for one in drawn[:500]], False),
        ("with nearness, numbers in the text", [f"{pair['question']} 17 {at}" for at, pair in enumerate(PAIRS)], True),
        ("with nearness, no number in the text", [re.sub(r"\d", "", pair["question"]) for pair in PAIRS], True),
    ):
        started = time.process_time()
        for query in queries:
            large.met(query, near=near)
        speed[name] = round((time.process_time() - started) / len(queries) * 1e6)
    likely = likeness(free)
    print(json.dumps({
        "screening": screening,
        "contamination": likely,
        "tasks against free items": {"tasks": len(drawn), "met": dict(met)},
        "tasks against items in the domains' words": {"items": len(trap), "met": dict(trapped)},
        "index": {"items": len(large), "cpu_s_to_build": round(built, 1), "cpu_s_for_own_words": round(learned, 1),
                  "cpu_us_a_query": speed},
    }, indent=1, ensure_ascii=False))  # fmt: skip
    exact = all(likely[name]["found"] == len(PAIRS) for name in ("exact", "case and punctuation"))
    return 0 if exact and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
