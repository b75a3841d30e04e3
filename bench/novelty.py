"""What it costs to ask whether a text was said before, and to take it in: at 1,000, 100,000 and 1,000,000 samples.

    python bench/novelty.py [--large] [--near 0.95] [--samples 100000] [--chroma 2000] [--rounds 9] [--short]
                            [--json FILE]

Texts are written by program of the domains' own words and embedded by the package's embedder; the index is the
session's (`noria/memory/said.py`), over texts in memory where a session has its ledger. Each round asks 64 new
texts of each size in turn, one after another, embedded alone or all 64 together as those that wait are, and takes
them in together as the end of a batch does; the smallest index is made anew each round. Chroma is asked and given
the same texts one by one, without a filter, which is kind to it. Where usearch is installed, its HNSW (a byte a
number) is asked and given them too.
Recall: texts changed by a word are compared with every text held; of those that have one at or above the threshold,
how many are refused. Beside it, of the pairs just above it (within 0.01), how many the index finds.
Prints a table; status 1 where a goal is missed. The short form takes fewer rounds.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import psutil
from rows import Row, asked, installed, row, write

from noria.evaluators.lexicon import TOPICS, WORDS
from noria.memory.accepted import Spoken
from noria.memory.embed import StaticEmbedder, Vectors
from noria.memory.neighbours import Neighbours
from noria.memory.said import PAGE, Said, cosines

FLIGHT = 64
SHAPE = "shape-open"
GOALS = {
    "milliseconds": ("most", 0.3), "growth": ("most", 2.0), "recall": ("least", 0.99), "over_chroma": ("least", 20.0),
}  # fmt: skip
SMALL = 1000
LARGE = 1_000_000
NOUNS = sorted({word for some in WORDS.values() for word in some})
SUBJECTS = sorted({topic for some in TOPICS.values() for topic in some})
VERBS = (
    "explain", "describe", "compare", "plan", "write", "advise", "list", "imagine", "invent", "outline", "show",
    "praise", "draw", "measure",
)  # fmt: skip
TAILS = (
    "to a child", "in two sentences", "in a friendly tone", "without hard words", "for a traveller with a {noun}",
    "from the view of a {noun}", "for somebody who has no {noun}", "as a short letter about a {noun}",
    "with one example about a {noun} and a {noun}", "before the {noun} closes", "and say why a {noun} matters",
)  # fmt: skip
FORMS = (
    "{verb} how a {noun} and a {noun} can help with {subject} {tail}.",
    "{verb} the {noun} beside the {noun} in a {noun} {tail}.",
    "What is the difference between a {noun} and a {noun} when it comes to {subject} and {subject}?",
    "How can I use a {noun} to learn about {subject} {tail}?",
    "{verb} a {noun} day of {subject} {tail}, with a {noun} and a {noun}.",
    "Why do people who love {subject} keep a {noun} near the {noun} {tail}?",
    "Give me advice on {subject} when my {noun} has no {noun} {tail}.",
)


def written(rng: random.Random) -> str:
    """An ask, as a generator might word it."""
    said = rng.choice(FORMS).replace("{tail}", rng.choice(TAILS))
    for name, some in (("noun", NOUNS), ("subject", SUBJECTS), ("verb", VERBS)):
        while f"{{{name}}}" in said:
            said = said.replace(f"{{{name}}}", rng.choice(some), 1)
    return said[0].upper() + said[1:]


def changed(said: str, rng: random.Random) -> str:
    """The same ask, or nearly."""
    words = said.split()
    at = rng.randrange(len(words))
    match rng.randrange(5):
        case 0:
            words[at] = rng.choice(NOUNS)
        case 1:
            del words[at]
        case 2:
            words.insert(at, rng.choice(("please", "very", "really", "old", "small")))
        case 3:
            words[at] += "s"
        case _:
            words.append("Please.")
    return " ".join(words)


class Texts:
    """What a session's ledger is asked, over texts in memory."""

    def __init__(self, texts: list[str]) -> None:
        """Hold these; the place of each is its number."""
        self.texts = texts

    def free_texts(self, after: int, upto: int) -> Iterator[Spoken]:
        """The texts from one number to another."""
        return (Spoken(at, True, SHAPE, self.texts[at]) for at in range(after, upto))

    def at(self, places: Collection[int]) -> dict[int, Any]:
        """Some of them, as what is asked of samples."""
        return {at: SimpleNamespace(id=str(at), provenance=SimpleNamespace(free_text=self.texts[at])) for at in places}


class Timed:
    """The embedder, with the seconds that it took."""

    def __init__(self) -> None:
        """Load it."""
        self.embedder, self.spent = StaticEmbedder(), 0.0

    def __call__(self, texts: list[str]) -> Vectors:
        """Embed."""
        started = time.perf_counter()
        vectors = self.embedder.embed(texts)
        self.spent += time.perf_counter() - started
        return vectors


class Held:
    """An index with the texts it knows."""

    def __init__(self, texts: list[str], near: float, embed: Timed) -> None:
        """Take all of them in."""
        self.texts, self.near, self.embed = Texts(list(texts)), near, embed
        self.said = Said(embed)
        self.known: Any = self.texts
        started = time.perf_counter()
        self.follow()
        self.seconds = time.perf_counter() - started

    def follow(self) -> None:
        """Take in what is new; in a session another thread does."""
        self.said.take(self.known, self.near, len(self.texts.texts))

    def costs(self, new: list[str], *, together: bool) -> tuple[float, float]:
        """Seconds a text for asking and taking in: the whole, and without embedding.

        Asking is the median of the texts, for others may take the core in between.
        """
        whole, bare, share = list[float](), list[float](), 0.0
        started = time.perf_counter()
        vectors = list(self.embed(new)) if together else []
        if together:
            share = (time.perf_counter() - started) / len(new)
        for at, text in enumerate(new):
            started, spent = time.perf_counter(), self.embed.spent
            self.said.nearest(self.known, vectors[at] if together else self.embed([text])[0], SHAPE)
            took = time.perf_counter() - started
            whole.append(took + share)
            bare.append(took - (self.embed.spent - spent))
        self.texts.texts.extend(new)
        started, spent = time.perf_counter(), self.embed.spent
        self.follow()
        took = time.perf_counter() - started
        aside = took - (self.embed.spent - spent)
        return statistics.median(whole) + took / len(new), statistics.median(bare) + aside / len(new)


def recall(held: Held, near: float, count: int, rng: random.Random, exact: Vectors) -> dict[str, Any]:
    """How many that an exact comparison refuses are refused."""
    texts = held.texts.texts
    sources = [rng.randrange(len(exact)) for _ in range(count)]
    asked = held.embed([changed(texts[at], rng) for at in sources])
    is_there, found, pairs, met = 0, 0, 0, 0
    for source, vector in zip(sources, asked, strict=True):
        likeness = exact @ vector
        own = float(cosines(held.embed([texts[source]]), vector)[0])
        if likeness.max() >= near + 1e-6:
            is_there += 1
            found += held.said.nearest(held.known, vector, SHAPE) is not None
        if near <= own < near + 0.01:
            pairs += 1
            assert held.said.held is not None
            met += source in held.said.held.find(vector, SHAPE)
    return {
        "asked": count, "exact_finds": is_there, "recall": round(found / max(1, is_there), 4),
        "pairs_just_above": pairs, "of_them_found": round(met / max(1, pairs), 4),
    }  # fmt: skip


class Chroma:
    """The way it was done: one text after another."""

    def __init__(self, folder: Path, texts: list[str], embedder: StaticEmbedder) -> None:
        """Fill it in batches."""
        self.index, self.embed = Neighbours(folder, embedder), embedder.embed
        self.index.add([(f"sample-{at}", "open", text, SHAPE, text) for at, text in enumerate(texts)])
        self.collection = self.index._texts

    def cost(self, new: list[str]) -> float:
        """Seconds a text for asking and adding one by one."""
        started = time.perf_counter()
        for at, text in enumerate(new):
            vector: Any = self.embed([text])
            self.collection.query(query_embeddings=vector, n_results=1)
            self.collection.upsert(
                ids=[f"{at}-{started}"], embeddings=vector, documents=[text], metadatas=[{"shape": SHAPE}]
            )
        return (time.perf_counter() - started) / len(new)


class Graph:
    """A graph of neighbours, where usearch is installed."""

    def __init__(self, vectors: Vectors) -> None:
        """Take vectors in."""
        from usearch.index import Index

        self.index, self.count = Index(ndim=vectors.shape[1], metric="cos", dtype="i8"), len(vectors)
        for at, vector in enumerate(vectors):
            self.index.add(at, vector, threads=1)

    def cost(self, vectors: Vectors) -> float:
        """Seconds a vector for asking and adding one by one."""
        started = time.perf_counter()
        for at, vector in enumerate(vectors):
            self.index.search(vector, 1, threads=1)
            self.index.add(self.count + at, vector, threads=1)
        self.count += len(vectors)
        return (time.perf_counter() - started) / len(vectors)


def measure(wanted: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All figures."""
    rng, embed = random.Random(0), Timed()
    texts = [written(rng) for _ in range(LARGE if wanted.large else wanted.samples)]
    sizes = [SMALL, wanted.samples, *([LARGE] if wanted.large else [])]
    held = {size: Held(texts[:size], wanted.near, embed) for size in sizes}
    parts = (texts[at : min(at + PAGE, wanted.samples)] for at in range(0, wanted.samples, PAGE))
    exact = numpy.concatenate([embed(part) for part in parts])
    found: dict[str, Any] = {
        "near": wanted.near, "load": round(psutil.getloadavg()[0], 1),
        "recall": recall(held[wanted.samples], wanted.near, wanted.planted, random.Random(1), exact),
    }  # fmt: skip
    chroma = Chroma(place, texts[: wanted.chroma], embed.embedder) if wanted.chroma else None
    graphs = {size: Graph(exact[:size]) for size in sizes[:2]} if find_spec("usearch") else {}
    costs: dict[tuple[int, str], list[float]] = {}
    others: dict[str, list[float]] = {}
    for number in range(wanted.rounds + 1):
        for size in sizes[:: 1 if number % 2 else -1]:
            for way in ("alone", "together"):
                if size == SMALL:
                    held[size] = Held(texts[:size], wanted.near, embed)
                new = [written(rng) for _ in range(FLIGHT)]
                whole, bare = held[size].costs(new, together=way == "together")
                if number:  # the first round warms caches
                    costs.setdefault((size, way), []).append(whole)
                    costs.setdefault((size, f"{way}, embedding aside"), []).append(bare)
        new = [written(rng) for _ in range(FLIGHT // 4)]
        if chroma and number:
            others.setdefault("chroma", []).append(chroma.cost(new))
        for size, graph in graphs.items():
            cost = graph.cost(embed(new))
            others.setdefault(f"usearch at {size}, embedding aside", []).append(cost)
    at_hand = statistics.median
    found["milliseconds"] = {
        f"{size}, {way}": round(1000 * at_hand(some), 4) for (size, way), some in sorted(costs.items())
    } | {name: round(1000 * at_hand(some), 4) for name, some in others.items()}

    def grown(size: int, way: str) -> list[float]:
        return [large / small for large, small in zip(costs[size, way], costs[SMALL, way], strict=True)]

    def growth(size: int, way: str) -> float:
        return round(at_hand(grown(size, way)), 3)

    ways = ("alone", "together", "alone, embedding aside", "together, embedding aside")
    found["growth"] = {f"{size} over {SMALL}, {way}": growth(size, way) for size in sizes[1:] for way in ways}
    if graphs:
        one, two = (others[f"usearch at {size}, embedding aside"] for size in sizes[:2])
        found["growth"]["usearch"] = round(at_hand([b / a for a, b in zip(one, two, strict=True)]), 3)
    ratios: list[float] = []
    if chroma:
        ratios = [a / b for a, b in zip(others["chroma"], costs[wanted.samples, "alone"], strict=True)]
        found["over_chroma"] = round(at_hand(ratios), 1)
        chroma.index.close()
    found["memory"] = {
        f"megabytes per 100,000 at {size}": round(held[size].said.nbytes / size / 10, 1) for size in sizes[1:]
    } | {"bytes a sample": round(held[sizes[-1]].said.nbytes / sizes[-1])}
    found["made"] = {f"seconds at {size}, embedding included": round(held[size].seconds, 1) for size in sizes[1:]}
    judged = {
        "milliseconds": max(found["milliseconds"][f"{size}, {way}"] for size in sizes[1:] for way in ways[:2]),
        "growth": found["growth"][f"{wanted.samples} over {SMALL}, alone"],
        "recall": found["recall"]["recall"],
        **({"over_chroma": found["over_chroma"]} if chroma else {}),
    }
    found["reached"] = {
        name: judged[name] <= goal if kind == "most" else judged[name] >= goal
        for name, (kind, goal) in GOALS.items() if name in judged
    }  # fmt: skip
    found["each"] = {
        "growth": grown(wanted.samples, "alone"), "over_chroma": ratios,
        "milliseconds": [1000 * one for one in costs[wanted.samples, "alone"]],
    }  # fmt: skip
    return found


def told(found: dict[str, Any], size: int) -> list[Row]:
    """The rows of the page."""
    each, command = found["each"], "python bench/novelty.py"
    at_most = {"at_least": False, "demand": 5}
    text = "asking whether a text was said and taking it in"
    met, recall = found["recall"]["exact_finds"], found["recall"]["recall"]
    rows = [
        row(
            f"{text}, at {size:,} samples", command, each["growth"], **at_most, peer=f"itself at {SMALL:,}",
            limit=GOALS["growth"][1], note="one after another, embedding included",
        ),
        row(
            f"{text}, at {size:,} samples", command, each["milliseconds"], **at_most, unit="ms",
            limit=GOALS["milliseconds"][1], note="one after another, embedding included",
        ),
        row(
            f"near-duplicates found at {size:,}", command, [recall], demand=5, limit=GOALS["recall"][1],
            peer="an exact comparison with every text", note=f"{met} texts that it finds",
        ),
    ]  # fmt: skip
    if each["over_chroma"]:
        rows.append(
            row(
                f"{text}, times as fast", command, each["over_chroma"], demand=5, limit=GOALS["over_chroma"][1],
                peer="Chroma's own query and insert, one by one, of far fewer texts",
                peer_version=f"chromadb {installed('chromadb')}",
            )
        )  # fmt: skip
    grown = found["memory"][f"megabytes per 100,000 at {size}"]
    rows.append(
        row("the index of what was said, per 100,000", command, [grown], demand=4, unit="MB", note="told apart")
    )
    return rows


def main() -> None:
    """Measure, and print a table."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--large", action="store_true", help="1,000,000 as well; needs some 2 GB and minutes.")
    parser.add_argument("--near", type=float, default=0.95)
    parser.add_argument("--planted", type=int, default=3000)
    parser.add_argument("--chroma", type=int, default=2000, help="Texts in Chroma; 0 leaves it out.")
    parser.add_argument("--rounds", type=int, default=9)
    wanted = parser.parse_args()
    if wanted.short:
        wanted.rounds = 5
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as folder:
        found = measure(wanted, Path(folder))
    found["goals"] = {name: f"at {kind} {goal}" for name, (kind, goal) in GOALS.items()}
    for part, values in found.items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            print(f"{part:<14} {name:<44} {value}")
    write(wanted.json, told(found, wanted.samples))
    sys.exit(not all(found["reached"].values()))


if __name__ == "__main__":
    main()
