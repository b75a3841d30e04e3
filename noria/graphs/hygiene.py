"""What may not be learned: found at acceptance, and again at curation, when an exam or a benchmark may be newer.

    texts of a sample or row ─► screened ─► met an item of an exam? ─► met an item of a benchmark?

A session stores what it was screened by (kinds, benchmarks) as a fingerprint with each
curation, so that a hundred thousand samples are not read again: while the fingerprint stays,
what is new is looked at whole, and what is old against the exams held since.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from noria.config import SessionConfig
from noria.evaluators.contamination import Embed, Item, Kept, Overlap, Says, own_words
from noria.evaluators.domain import Domain
from noria.evaluators.screening import Screen
from noria.identity import canonical_json, digest
from noria.memory.history import History
from noria.types import Json, Reason, Sample, Seed

UNCLEAN_ROWS = "unclean_rows"
"""The fact that holds which of the user's rows may not be learned, and the fingerprint they were read by."""


@dataclass(frozen=True, slots=True)
class Stain:
    """Why something may not be learned."""

    reason: Reason
    kind: str
    """What is counted: the kind that was screened for, `exam` or `benchmark`."""
    evidence: str
    text: str = ""
    """The text that met an item, where it did."""
    overlap: Overlap | None = None


@dataclass
class Hygiene:
    """What one session screens for and keeps out."""

    config: SessionConfig
    domains: Mapping[str, Domain]
    embed: Embed
    items: list[Item]
    """The items of the benchmarks that the user names."""
    screen: Screen = field(init=False)

    def __post_init__(self) -> None:
        """Take the kinds from the config."""
        self.screen = Screen(self.config.hygiene.screen)

    @cached_property
    def named(self) -> Kept:
        """The items of the benchmarks."""
        return Kept(self.items, self.embed, own_words(self.domains.values()) if self.items else frozenset())

    @property
    def fingerprint(self) -> str:
        """What a text is looked at for; texts of one fingerprint need no second look."""
        texts = [item.text for item in self.items]
        return digest(canonical_json([sorted(self.config.hygiene.screen), texts]))[:16]

    def examined(self, history: History, since: int = 0) -> Kept:
        """The items of the exams of the rounds after `since`."""
        return Kept(
            [
                Item(f"the exam of round {exam.round}", one.task.instruction, self.says(one.task.domain, one.task.level,
                     one.task.parameters))
                for exam in history.exams() if exam.round > since
                for one in history.exam_items(exam.round)
            ],
            self.embed,
        )  # fmt: skip

    def says(self, name: str, level: int, parameters: Json) -> Says:
        """Reads a text for a task's parameters; nothing says them where the domain is not of this session."""

        def reads(text: str) -> bool:
            try:
                domain = self.domains[name].at(level)
                return domain.says(domain.point(parameters), text).passed
            except Exception:  # a domain of one's own may raise anything at a text it never saw
                return False

        return reads

    def told(self, history: History, sample: Sample) -> Says:
        """Reads a text for the parameters of an accepted sample, which its episode knows."""

        def reads(text: str) -> bool:
            episode = history.episode(sample.provenance.episode)
            if episode is None or not episode.drafts:
                return False
            task = episode.drafts[-1]
            return self.says(task.domain, task.level, task.parameters)(text)

        return reads

    def stain(self, one: Sample | Seed, exams: Kept, says: Says | None = None, *, whole: bool = True) -> Stain | None:
        """Why a sample or a row may not be learned; `whole` screens it and looks at the benchmarks too."""
        if whole:
            for message in one.messages:
                lined = message.role == "user" and isinstance(one, Sample) and one.role == "generator"
                if message.role != "system" and (found := self.screen.find(message.content, lined)):
                    kinds = "; ".join(map(str, found))
                    return Stain(Reason.UNCLEAN, found[0].kind, f"its {message.role}'s text holds {kinds}")
        for kind, kept in (("exam", exams), *([("benchmark", self.named)] if whole and self.items else [])):
            for text, near in _judged(one):
                if kept and (met := kept.met(text, says, near=near)):
                    return Stain(Reason.CONTAMINATED, kind, str(met), text, met)
        return None

    async def read_rows(self, history: History) -> dict[str, str]:
        """The user's rows that may be neither shown nor learned: id to what was found; read once a fingerprint."""
        known = json.loads(history.ledger.fact(UNCLEAN_ROWS) or "{}")
        if known.get("fingerprint") != self.fingerprint:
            none = Kept([])
            found = {one.id: at.kind for one in history.seeds() if one.messages and (at := self.stain(one, none))}
            known = {"fingerprint": self.fingerprint, "rows": found}
            await history.keep_fact(UNCLEAN_ROWS, json.dumps(known))
        rows: dict[str, str] = known["rows"]
        return rows

    def unclean(self, history: History, number: int) -> dict[str, str]:
        """The samples and rows that a round may not learn from: id to what was found."""
        past = [facts["hygiene"] for at, _, facts in history.rounds() if at < number and "hygiene" in facts]
        last = past[-1] if past and past[-1]["fingerprint"] == self.fingerprint else None
        held, since = self.examined(history), self.examined(history, last["exams"]) if last else None
        found: dict[str, str] = dict(last["unclean"]) if last else {}
        rows = (seed for seed in history.seeds() if seed.messages)
        every: Iterable[Sample | Seed] = chain(history.each(before=number), rows, history.each(number=number))
        for one in every:
            new = isinstance(one, Sample) and one.provenance.round == number
            kept = held if new or since is None else since
            says = self.told(history, one) if isinstance(one, Sample) else None
            if one.id not in found and (at := self.stain(one, kept, says, whole=new or since is None)):
                found[one.id] = at.kind
        return found


def _judged(one: Sample | Seed) -> Iterable[tuple[str, bool]]:
    """The texts that may be an item, and whether one may be in other words: what is asked, and what is said."""
    if isinstance(one, Sample) and one.role == "generator":
        return ((one.messages[-1].content, False),)
    return tuple((message.content, message.role == "user") for message in one.messages if message.role != "system")
