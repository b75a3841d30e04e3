"""What a dataset is made of, counted while it is written: tasks once, whatever rows they give."""

from collections import Counter
from dataclasses import dataclass, field

from noria.types import Json, Sample

PARTS = ("role", "domain", "round", "worded by", "side", "answered by", "policy", "warrant", "strategy")


@dataclass
class Composition:
    """Counts of the samples that were written, and of the tasks they are of."""

    samples: int = 0
    tasks: int = 0
    probes: int = 0
    """Attacks that the tasks withstood."""
    strata: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    """Tasks by domain, level, side."""
    answers: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    """The solver's samples by domain, level, and who answered."""
    parts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in PARTS})
    """By one thing at a time: samples by `role`, the solver's by `answered by` and `policy`, tasks by the others."""
    templates: set[str] = field(default_factory=set)
    """Versions of the templates that they name."""
    _last: str = ""

    def add(self, sample: Sample, side: str, policy: str) -> None:
        """Count a sample; those of one episode come together. `policy` is the name of who wrote its response."""
        one = sample.provenance
        self.samples += 1
        self.parts["role"][sample.role] += 1
        if sample.role == "solver":
            self.answers[one.domain, one.level, one.source] += 1
            self.parts["answered by"][one.source] += 1
            self.parts["policy"][policy] += 1
        if one.episode != self._last:
            self._last = one.episode
            self.tasks += 1
            self.probes += one.probes
            self.strata[one.domain, one.level, side] += 1
            told = {"domain": one.domain, "round": str(one.round), "worded by": one.worded_by, "side": side}
            told |= {"warrant": one.warrant, "strategy": one.strategy or "plain"}
            for name, value in told.items():
                self.parts[name][value] += 1
            self.templates.update(one.templates.values())

    def counted(self) -> Json:
        """The same as plain data: samples, tasks, strata (domain to who answered), and each part."""
        strata: dict[str, Counter[str]] = {}
        for (domain, _, source), count in sorted(self.answers.items()):
            strata.setdefault(domain, Counter())[source] += count
        parts = {name: dict(sorted(part.items())) for name, part in self.parts.items()}
        answers = {name: dict(one) for name, one in strata.items()}
        return {"samples": self.samples, "tasks": self.tasks, "strata": answers, **parts}

    def rows(self) -> list[Json]:
        """A row of counts for each domain and level."""
        found: dict[tuple[str, int], Json] = {}
        for counts in (self.strata, self.answers):
            for (domain, level, name), count in sorted(counts.items()):
                empty = dict.fromkeys(("train", "test", "student", "pool", "program"), 0)
                row = found.setdefault((domain, level), {"domain": domain, "level": level, **empty})
                row[name] += count
        return list(found.values())
