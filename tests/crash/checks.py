"""What must hold of a session that was killed, and of one that came to its end after it was.

After a kill: what was acknowledged is stored, whole; nothing stands twice; an acceptance is
there with all its rows or not at all; the counts agree with the rows; the files are sound;
and no call that was stored is made again. At the end: the story is the undisturbed one's.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noria.fence import settled
from noria.graphs.midway import CHECKPOINTS
from noria.graphs.summary import summarise
from noria.memory import texts
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.neighbours import FOLDER
from noria.memory.steps import Steps
from tests.crash.lives import digest


@dataclass
class Memory:
    """What the harness knows of a session beside its ledger."""

    acknowledged: dict[str, list[Any]] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    """Keys of the turns that were in the ledger at the last look."""
    calls: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Calls that were in flight at a kill, and are paid again."""
    passed: Counter[str] = field(default_factory=Counter)
    loaded: list[str] = field(default_factory=list)

    def read(self, log: Path) -> list[str]:
        """Take in the side log of one life; returns what is wrong with its calls."""
        wrong: list[str] = []
        made: Counter[str] = Counter()
        for line in log.read_text().splitlines():
            kind, _, rest = line.partition(" ")
            match kind:
                case "call":
                    made[rest] += 1
                case "ack":
                    table, key, *_ = json.loads(rest)
                    self.acknowledged[json.dumps([table, key])] = json.loads(rest)
                case "import":
                    self.loaded.append(rest)
                case _:
                    self.passed[rest] += 1
        wrong += [f"the call {key} was made {count} times in one life" for key, count in made.items() if count > 1]
        wrong += [f"the call {key} was paid again" for key in made if key in self.stored]
        self.calls += made
        return wrong


def after_a_kill(folder: Path, memory: Memory) -> list[str]:
    """What does not hold of a session that was killed; empty where all does."""
    if not (folder / FILE).exists():
        return [f"{len(memory.acknowledged)} acknowledged rows, and no ledger"] if memory.acknowledged else []
    wrong = [why for name in (FILE, CHECKPOINTS, f"{FOLDER}/chroma.sqlite3") for why in _unsound(folder / name)]
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True, timeout=5)) as ledger:
        ledger.row_factory = sqlite3.Row
        wrong += _missing(ledger, memory)
        tables = {row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "turns" not in tables or "meta" not in tables:
            return wrong
        keys = [row[0] for row in ledger.execute("SELECT key FROM turns")]
        wrong += [f"the turn {key} was stored without a call" for key in keys if key not in memory.calls]
        memory.lost, memory.stored = sum(memory.calls.values()) - len(keys), set(keys)
        if ledger.execute("SELECT 1 FROM meta WHERE key = 'version'").fetchone() is None:
            return wrong
    return wrong + _uneven(folder)


def _unsound(path: Path) -> list[str]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
        said = database.execute("PRAGMA integrity_check").fetchone()[0]
    return [] if said == "ok" else [f"{path.name} is damaged: {said}"]


def _missing(ledger: sqlite3.Connection, memory: Memory) -> list[str]:
    wrong = []
    for table, key, digested, columns in memory.acknowledged.values():
        where = " AND ".join(f"{name} = :{name}" for name in key)
        row = ledger.execute(f"SELECT * FROM {table} WHERE {where}", key).fetchone()
        if row is None:
            wrong.append(f"{table} lost {key}, which was acknowledged")
        elif digested and digest({name: _typed(ledger, table, name, row[name]) for name in columns}) != digested:
            wrong.append(f"{table} holds another {key} than was acknowledged")
    return wrong


def _typed(ledger: sqlite3.Connection, table: str, name: str, value: Any) -> Any:
    """A stored value as it was given: whole again where it was folded."""
    if (table, name) in (("exams", "promoted"), ("seatings", "seated")):
        return bool(value)
    if isinstance(value, str) and (wanted := texts.keys([value])):
        return texts.unfold(value, texts.looked_up(ledger, wanted))
    return value


def _uneven(folder: Path) -> list[str]:
    """Where rows that belong together are apart, something stands twice, or a count is not a recount."""
    ledger = Ledger(folder)
    try:
        history = History(ledger)
        episodes, samples = list(history.episodes()), history.samples(withdrawn=True)
        solvers = len(history.samples(role="solver"))
        found = summarise(history)
    finally:
        ledger.close()
    wrong = [f"{what} stands {count} times" for what, count in _doubles(samples) if count > 1]
    accepted = {one.id for one in episodes if one.outcome == "accepted"}
    for role in ("solver", "generator"):
        apart = accepted ^ {one.provenance.episode for one in samples if one.role == role}
        wrong += [f"the episode {one} is settled without its {role} row, or the row without it" for one in apart]
    counts = {
        "episodes": (sum(found["reasons"].values()), len(episodes)),
        "accepted": (found["samples"]["accepted"], solvers),
        "funnel": (found["funnel"]["accepted"], len(accepted)),
        "completion tokens": (found["tokens"]["completion"], sum(one["completion_tokens"] for one in found["seats"])),
    }
    stages = [one for turn in found["rounds"] for one in turn["stages"].values()]
    if found["finished"]:
        counts["stages"] = (sum(one["completion_tokens"] for one in stages), found["tokens"]["completion"])
    wrong += [f"{what}: counted {one}, recounted {two}" for what, (one, two) in counts.items() if one != two]
    policies = {one["id"] for one in found["policies"]}
    wrong += [
        f"the exam of round {one['round']} names no policy" for one in found["exams"] if one["student"] not in policies
    ]
    return wrong


def _doubles(samples: Iterable[Any]) -> Iterable[tuple[str, int]]:
    count: Counter[str] = Counter()
    for one in samples:
        story = one.provenance
        count[f"the sample {one.id}"] += 1
        count[f"the {one.role} row of {story.domain} with the signature {story.signature}"] += 1
        count[f"the {one.role} row of the task {story.task}"] += 1
    return count.items()


def story(folder: Path) -> dict[str, Any]:
    """A finished session as it is compared: every row of it but the clock, the folder and the marks of fences."""
    ledger = Ledger(folder)
    try:
        history = History(ledger)
        rounds = [(number, phase, facts) for number, phase, facts in history.rounds()]
        numbers = [number for number, _, _ in rounds]
        dealt = [one for number in numbers for one in history.deal(number)]
        told = {
            "samples": {one.id: one.model_dump(mode="json") for one in history.samples()},
            "deal": {one.episode: one.model_dump(mode="json") for one in dealt},
            "episodes": {one.id: _timeless(one.model_dump(mode="json")) for one in history.episodes()},
            "exams": {one.id: _timeless(one.model_dump(mode="json")) for one in history.exams()},
            "answered": {
                str(number): [one.model_dump(mode="json") for one in history.exam_items(number)] for number in numbers
            },
            "policies": {one.id: one.model_dump(mode="json") for one in history.policies()},
            "pointers": {name: getattr(history.pointer(name), "id", None) for name in ("base", "student")},
            "turns": {
                str(turn.key): _timeless(turn.model_dump(mode="json"))
                for at in _asked(dealt, numbers)
                for turn in history.trace(at)
            },
            "rounds": {str(number): [phase, _timeless(facts)] for number, phase, facts in rounds},
            "steps": [_timeless(_untold(one.model_dump(mode="json"))) for one in Steps(history).each()],
            "batches": [one.model_dump(mode="json") for one in Steps(history).batches()],
            "in force": Steps(history).in_force(),
            "finished": ledger.fact("finished"),
            "unindexed": [one.id for one in history.unindexed()],
            "tokens": history.tokens(),
        }
    finally:
        ledger.close()
    return json.loads(settled(json.dumps(told).replace(str(folder), "SESSION")))  # type: ignore[no-any-return]


def _untold(step: dict[str, Any]) -> dict[str, Any]:
    """A step without who let a paused session go on: a person, or the resume after a kill."""
    return step | {"said": ""} if step["kind"] == "go_on" else step


def _asked(dealt: Iterable[Any], numbers: list[int]) -> list[str]:
    """Under which names turns were kept."""
    return [one.episode for one in dealt] + [f"{what}-r{at:04}" for at in numbers for what in ("calibration", "exam")]


def _timeless(value: Any) -> Any:
    """The same without the times of clocks."""
    if isinstance(value, dict):
        return {key: _timeless(one) for key, one in value.items() if key not in ("seconds", "started", "at")}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def differences(found: Any, expected: Any, place: str = "") -> list[str]:
    """Where two stories differ, by place."""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = sorted(found.keys() | expected.keys())
        return [one for key in keys for one in differences(found.get(key), expected.get(key), f"{place}/{key}")]
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [
            one
            for at, pair in enumerate(zip(found, expected, strict=True))
            for one in differences(*pair, f"{place}/{at}")
        ]
    return [] if found == expected else [f"{place}: {str(found)[:200]} instead of {str(expected)[:200]}"]
