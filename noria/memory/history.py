"""The session's own words for reading and writing the ledger.

The ledger knows rows; this knows nouns. Every method here is one question or one fact of
the story: what was dealt, which turn is finished, who claimed what, what was accepted. A
count is always a recount: nothing is kept beside the rows it could disagree with. The turns of
the hands that play are at hand, for each call asks first whether it was made before; they are
written once and never changed.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Integer, bindparam, func, literal_column, select

from noria.memory import tables
from noria.memory.accepted import PAGE, Accepted, sample_row
from noria.memory.ledger import Ledger, Write, put, replace
from noria.memory.withdrawals import standing
from noria.types import (
    PARAPHRASE,
    Dealt,
    Episode,
    Exam,
    ExamItem,
    Policy,
    Quarantine,
    Sample,
    Seed,
    Stage,
    Turn,
    TurnKey,
    shown_by,
)

STAGES = tuple(Stage)

# Asked for every candidate, most of them several times (see `Quick`).
_CLAIMANTS = """
    SELECT claims.episode, claims.round, claims.position, episodes.outcome
    FROM claims LEFT JOIN episodes ON episodes.id = claims.episode
    WHERE claims.key IN (SELECT value FROM json_each(?))
"""
_TURN = "SELECT body FROM turns WHERE key = ?"
_EPISODE = "SELECT body FROM episodes WHERE id = ?"
_EXAMS = "SELECT body FROM exams ORDER BY round"
_PROOFS = "SELECT body FROM quarantines ORDER BY round, position, verifier"


class History(Accepted):
    """Reads and writes the nouns of one session; of what was accepted in bulk, see `Accepted`."""

    def __init__(self, ledger: Ledger) -> None:
        """Stand on an open ledger."""
        super().__init__(ledger)
        self._turns: dict[str, dict[str, Turn]] = {}
        """The finished turns of each hand that plays."""
        self._over: dict[str, Episode] = {}
        """The episodes of hands that play, or did until now."""
        self._shown: tuple[int, list[Quarantine]] = (-1, [])
        self._sat: tuple[int, list[Exam]] = (-1, [])

    def begin(self, episode: str, turns: Iterable[Turn]) -> None:
        """Keep the finished turns of a hand at hand while it plays."""
        self._turns[episode] = {str(one.key): one for one in turns}

    def end(self, episode: str) -> None:
        """Let go of a hand."""
        self._turns.pop(episode, None)
        self._over.pop(episode, None)

    async def keep_fact(self, key: str, value: str) -> None:
        """Set a fact of the session."""
        await self.ledger.write(replace(tables.meta, {"key": key, "value": value}))

    async def keep_seeds(self, seeds: Iterable[Seed]) -> None:
        """Write the seeds the session starts from."""
        rows = [
            put(tables.seeds, {"id": seed.id, "position": place, "kind": seed.kind, "body": seed.model_dump_json()})
            for place, seed in enumerate(seeds)
        ]
        await self.ledger.write(*rows)

    def seeds(self) -> list[Seed]:
        """The seeds, in their order, without the withdrawn."""
        query = select(tables.seeds.c.body).order_by(tables.seeds.c.position)
        rows = self.ledger.rows(standing(self.ledger, query, tables.seeds.c.id))
        return [Seed.model_validate_json(row.body) for row in rows]

    async def keep_policy(self, policy: Policy, *pointers: str, also: Iterable[Write] = ()) -> None:
        """Write a policy and let the pointers (`base`, `student`) point at it; what else belongs to it goes along."""
        body = {"id": policy.id, "name": policy.name, "round": policy.round, "body": policy.model_dump_json()}
        moved = [replace(tables.pointers, {"name": name, "policy": policy.id}) for name in pointers]
        await self.ledger.write(put(tables.policies, body), *moved, *also)

    def policies(self) -> list[Policy]:
        """Every policy, oldest first."""
        rows = self.ledger.rows(
            select(tables.policies.c.body).order_by(tables.policies.c.round, tables.policies.c.name)
        )
        return [Policy.model_validate_json(row.body) for row in rows]

    def policy(self, key: str) -> Policy | None:
        """A policy by id or by name."""
        found = self.ledger.value(
            select(tables.policies.c.body).where((tables.policies.c.id == key) | (tables.policies.c.name == key))
        )
        return None if found is None else Policy.model_validate_json(found)

    def pointer(self, name: str) -> Policy | None:
        """The policy a pointer points at."""
        found = self.ledger.value(select(tables.pointers.c.policy).where(tables.pointers.c.name == name))
        return None if found is None else self.policy(found)

    async def keep_round(self, number: int, phase: str, **facts: Any) -> None:
        """Write how far a round is; facts are added to what is known of it."""
        body = {**self.round(number), **facts}
        await self.ledger.write(replace(tables.rounds, {"round": number, "phase": phase, "body": json.dumps(body)}))

    def round(self, number: int) -> dict[str, Any]:
        """What is known of a round; empty where nothing is."""
        found = self.ledger.value(select(tables.rounds.c.body).where(tables.rounds.c.round == number))
        return {} if found is None else json.loads(found)

    def rounds(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Number, phase and facts of every round."""
        rows = self.ledger.rows(select(tables.rounds).order_by(tables.rounds.c.round))
        return [(row.round, row.phase, json.loads(row.body)) for row in rows]

    async def keep_deal(self, number: int, dealt: Iterable[Dealt], **facts: Any) -> None:
        """Commit a round's deal, whole."""
        rows = [
            put(
                tables.deals,
                {"episode": one.episode, "round": one.round, "position": one.position, "body": one.model_dump_json()},
            )
            for one in dealt
        ]
        head = replace(tables.rounds, {"round": number, "phase": "dealt", "body": json.dumps(facts)})
        await self.ledger.write(*rows, head)

    def deal(self, number: int, first: int = 0, count: int | None = None) -> list[Dealt]:
        """A round's deal, in its order, or so many hands of it from one on; empty where none was committed."""
        query = select(tables.deals.c.body).where(tables.deals.c.round == number).order_by(tables.deals.c.position)
        rows = self.ledger.rows(query.offset(first).limit(count))
        return [Dealt.model_validate_json(row.body) for row in rows]

    def dealt(self, number: int) -> list[str]:
        """The episodes of a round's deal, in its order."""
        query = select(tables.deals.c.episode).where(tables.deals.c.round == number).order_by(tables.deals.c.position)
        return [row.episode for row in self.ledger.rows(query)]

    def hand(self, episode: str) -> Dealt | None:
        """What was dealt to one episode."""
        found = self.ledger.value(select(tables.deals.c.body).where(tables.deals.c.episode == episode))
        return None if found is None else Dealt.model_validate_json(found)

    async def keep_turn(self, turn: Turn) -> None:
        """Record a finished model call, before anyone reads it."""
        row = {
            "key": str(turn.key),
            "episode": turn.key.episode,
            "role": turn.key.role,
            "policy": turn.policy,
            "prompt_tokens": turn.usage.prompt_tokens,
            "completion_tokens": turn.usage.completion_tokens,
            "seconds": turn.seconds,
            "started": turn.started,
            "body": turn.model_dump_json(),
        }
        await self.ledger.write(put(tables.turns, row))
        if (known := self._turns.get(turn.key.episode)) is not None:
            known[str(turn.key)] = turn

    def turn(self, key: TurnKey) -> Turn | None:
        """A finished call, if it was made before."""
        if (known := self._turns.get(key.episode)) is not None:
            return known.get(str(key))
        found = self.ledger.bodies(_TURN, str(key))
        return Turn.model_validate_json(found[0]) if found else None

    def trace(self, episode: str) -> list[Turn]:
        """Every turn of an episode, in the order they were kept: a wall clock may go backwards."""
        kept = literal_column("turns.rowid", Integer)
        rows = self.ledger.rows(select(tables.turns.c.body).where(tables.turns.c.episode == episode).order_by(kept))
        return [Turn.model_validate_json(row.body) for row in rows]

    def traces(self, episodes: Sequence[str]) -> dict[str, list[Turn]]:
        """Every turn of some episodes, by episode; of one that has none, none."""
        asked = func.json_each(bindparam("ids")).table_valued("value")
        query = select(tables.turns.c.body).where(tables.turns.c.episode.in_(select(asked.c.value)))
        found: dict[str, list[Turn]] = {one: [] for one in episodes}
        for row in self.ledger.rows(query.params(ids=json.dumps(list(episodes)))):
            turn = Turn.model_validate_json(row.body)
            found[turn.key.episode].append(turn)
        return found

    async def claim(self, dealt: Dealt, keys: Iterable[str]) -> None:
        """Write down what a candidate says is new."""
        rows = [
            put(tables.claims, {"key": key, "episode": dealt.episode, "round": dealt.round, "position": dealt.position})
            for key in keys
        ]
        await self.ledger.write(*rows)

    def claimants(self, keys: Iterable[str]) -> list[tuple[str, int, int, str | None]]:
        """Who claimed any of the keys: episode, round, position, and the outcome if it has ended."""
        return [tuple(row) for row in self.ledger.quick(_CLAIMANTS, json.dumps(list(keys)))]

    def taught(self, key: str) -> bool:
        """Whether an accepted candidate claimed a key: of its parameters, or of its solution."""
        return any(outcome == "accepted" for *_, outcome in self.claimants([key]))

    async def settle(self, episode: Episode, samples: Iterable[Sample] = ()) -> None:
        """End an episode: its outcome, what it had accepted and which verifier it beat, in one transaction."""
        writes: list[Write] = [put(tables.episodes, _episode_row(episode))]
        for one in shown_by(episode, time.time()):
            place = {"verifier": one.verifier, "episode": one.episode, "round": one.round, "position": episode.position}
            writes.append(put(tables.quarantines, {**place, "body": one.model_dump_json()}))
        for sample in samples:
            writes.append(put(tables.samples, sample_row(sample)))
            if sample.role == "solver":
                writes.append(put(tables.outbox, {"sample": sample.id, "kind": "add"}))
        await self.ledger.write(*writes)
        if episode.id in self._turns:
            self._over[episode.id] = episode

    def quarantines(self) -> list[Quarantine]:
        """Every proof that a verifier was beaten, in the order the episodes were dealt."""
        age, known = self.ledger.age(tables.quarantines), self._shown
        if age < 0 or age != known[0]:
            there = self.ledger.has(tables.quarantines)
            rows = self.ledger.quick(_PROOFS) if there else []
            known = self._shown = age, [Quarantine.model_validate_json(body) for (body,) in rows]
        return list(known[1])

    def quarantined(self) -> dict[str, Quarantine]:
        """The quarantined verifiers, each with its first proof in deal order."""
        found: dict[str, Quarantine] = {}
        for one in self.quarantines():
            found.setdefault(one.verifier, one)
        return found

    def episode(self, key: str) -> Episode | None:
        """An ended episode."""
        if key in self._over:
            return self._over[key]
        found = self.ledger.bodies(_EPISODE, key)
        return Episode.model_validate_json(found[0]) if found else None

    def episodes(self, number: int | None = None) -> Iterator[Episode]:
        """Ended episodes, of one round or of all, in the order they were dealt."""
        query = select(tables.episodes.c.body).order_by(tables.episodes.c.round, tables.episodes.c.position)
        if number is not None:
            query = query.where(tables.episodes.c.round == number)
        return (Episode.model_validate_json(row.body) for row in self.ledger.stream(query))

    def some_episodes(self, ids: Sequence[str]) -> Iterator[Episode]:
        """Ended episodes by their ids, in this order, a page of them in memory."""
        for at in range(0, len(ids), PAGE):
            asked = func.json_each(bindparam("ids")).table_valued("value")
            query = select(tables.episodes.c.body).where(tables.episodes.c.id.in_(select(asked.c.value)))
            rows = self.ledger.rows(query.params(ids=json.dumps(ids[at : at + PAGE])))
            found = {one.id: one for one in (Episode.model_validate_json(row.body) for row in rows)}
            yield from (found[key] for key in ids[at : at + PAGE] if key in found)

    def ended(self, number: int) -> set[str]:
        """Ids of a round's ended episodes."""
        query = select(tables.episodes.c.id).where(tables.episodes.c.round == number)
        return {row.id for row in self.ledger.rows(query)}

    def samples(
        self, *, before: int | None = None, number: int | None = None, role: str | None = None, withdrawn: bool = False
    ) -> list[Sample]:
        """Accepted samples, oldest first: of one round, of those before it, or all; of one role or of each.

        Without those that a purge withdrew, unless they are asked for.
        """
        return list(self.each(before=before, number=number, role=role, withdrawn=withdrawn))

    async def keep_exam(self, exam: Exam, items: Iterable[ExamItem]) -> None:
        """Write an exam with its items."""
        row = {
            "id": exam.id,
            "round": exam.round,
            "promoted": exam.promoted,
            "body": exam.model_dump_json(),
            "answered": json.dumps([item.model_dump(mode="json") for item in items]),
        }
        await self.ledger.write(put(tables.exams, row))

    def exams(self) -> list[Exam]:
        """Every exam, oldest first."""
        age, known = self.ledger.age(tables.exams), self._sat
        if age < 0 or age != known[0]:
            known = self._sat = age, [Exam.model_validate_json(body) for body in self.ledger.bodies(_EXAMS)]
        return list(known[1])

    def exam_items(self, number: int) -> list[ExamItem]:
        """The items of a round's exam."""
        found = self.ledger.value(select(tables.exams.c.answered).where(tables.exams.c.round == number))
        return [] if found is None else [ExamItem.model_validate(item) for item in json.loads(found)]

    def funnel(self, number: int | None = None) -> dict[str, int]:
        """How many episodes reached each stage, recounted."""
        query = select(tables.episodes.c.stage, func.count().label("count")).group_by(tables.episodes.c.stage)
        if number is not None:
            query = query.where(tables.episodes.c.round == number)
        reached = {row.stage: row.count for row in self.ledger.rows(query)}
        return {
            stage.value: sum(reached.get(later.value, 0) for later in STAGES[at:]) for at, stage in enumerate(STAGES)
        }

    def reasons(self, number: int | None = None) -> dict[str, int]:
        """How many episodes ended for each reason, most frequent first."""
        query = select(tables.episodes.c.reason, func.count().label("count")).group_by(tables.episodes.c.reason)
        if number is not None:
            query = query.where(tables.episodes.c.round == number)
        counts = {row.reason: row.count for row in self.ledger.rows(query)}
        return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    def composition(self, number: int | None = None) -> list[tuple[str, str, str, str, int]]:
        """Counts of samples by role, domain, source and who worded them, without the withdrawn."""
        columns = [tables.samples.c[name] for name in ("role", "domain", "source", "worded_by")]
        query = select(*columns, func.count().label("count")).group_by(*columns).order_by(*columns)
        query = standing(self.ledger, query)
        if number is not None:
            query = query.where(tables.samples.c.round == number)
        return [(row.role, row.domain, row.source, row.worded_by, row.count) for row in self.ledger.rows(query)]

    def variants(self, number: int | None = None) -> int:
        """How many standing samples say another's task in other words, of one round or of all."""
        if not self.ledger.has(tables.selections):  # the tables of before there were any
            return 0
        query = select(func.count()).select_from(tables.samples).where(tables.samples.c.strategy == PARAPHRASE)
        query = standing(self.ledger, query)
        if number is not None:
            query = query.where(tables.samples.c.round == number)
        return int(self.ledger.value(query))

    def warrants(self, number: int | None = None) -> dict[str, int]:
        """Counts of the solver's samples by what they rest on, `verified` first, without the withdrawn."""
        table = tables.samples
        found = {"verified": 0, "judged": 0}
        query = select(table.c.warrant, func.count().label("count")).where(table.c.role == "solver")
        query = standing(self.ledger, query.group_by(table.c.warrant))
        if number is not None:
            query = query.where(table.c.round == number)
        return found | {row.warrant: row.count for row in self.ledger.rows(query)}

    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all turns."""
        turns = tables.turns
        query = select(func.sum(turns.c.prompt_tokens).label("p"), func.sum(turns.c.completion_tokens).label("c"))
        row = self.ledger.rows(query)[0]
        return int(row.p or 0), int(row.c or 0)

    def solve_rates(self, domain: str) -> dict[int, float]:
        """Mean solve rate of each level of a domain in the last round that attempted it."""
        episodes = tables.episodes
        tried = (episodes.c.domain == domain, episodes.c.solve_rate.is_not(None))
        last = select(episodes.c.level, func.max(episodes.c.round).label("round")).where(*tried)
        found = {}
        for level, number in self.ledger.rows(last.group_by(episodes.c.level)):
            place = (episodes.c.level == level, episodes.c.round == number)
            query = select(episodes.c.solve_rate).where(*tried, *place).order_by(episodes.c.position)
            rates = [row.solve_rate for row in self.ledger.rows(query)]
            found[level] = sum(rates) / len(rates)
        return found

    def exam(self, number: int) -> Exam | None:
        """The exam of a round, if it was held."""
        found = self.ledger.value(select(tables.exams.c.body).where(tables.exams.c.round == number))
        return None if found is None else Exam.model_validate_json(found)

    def seats(self) -> list[tuple[str, str, int, int, int, float]]:
        """Role, policy, calls, prompt tokens, completion tokens and seconds of all turns."""
        turns = tables.turns
        query = (
            select(
                turns.c.role,
                turns.c.policy,
                func.count().label("calls"),
                func.sum(turns.c.prompt_tokens).label("p"),
                func.sum(turns.c.completion_tokens).label("c"),
                func.sum(turns.c.seconds).label("s"),
            )
            .group_by(turns.c.role, turns.c.policy)
            .order_by(turns.c.role, turns.c.policy)
        )
        return [(row.role, row.policy, row.calls, row.p, row.c, row.s) for row in self.ledger.rows(query)]


def _episode_row(episode: Episode) -> dict[str, Any]:
    names = ("id", "round", "position", "domain", "level", "outcome", "solve_rate")
    row = {name: getattr(episode, name) for name in names}
    return {**row, "reason": episode.reason.value, "stage": episode.stage.value, "body": episode.model_dump_json()}
