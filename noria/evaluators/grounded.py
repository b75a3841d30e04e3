"""Grounded: questions about passages of the user's documents, answered in words of the passage.

    passage ─► a span that stands in it once ─► question ─► the span, in the passage's own words

    level 1  the number, term or name of a sentence     level 3  a phrase of several words
    level 2  a word in a blank, a term by its definition

The truth is in the source and not in a model (Source2Synth, arXiv 2409.08239; SPICE, arXiv
2510.24684, whose challenger reads documents too): a task is a passage and a span of it, a program
finds where the span stands, and a response is right if it is the span (SQuAD's normalised match,
arXiv 1606.05250). A generator's own question is read by program as far as that goes (see
`extraction`), and accepted only where a solver that sees passage and question gave the span: what
nobody can answer is refused.

A passage belongs to one bucket with everything that is asked about it: no passage of an exam is
ever trained on. The domain is given its passages when a session is opened; without any it is
there to be named, and can be asked nothing.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import ClassVar

from noria.config.methods.grounded import DOMAIN
from noria.errors import ConfigError
from noria.evaluators.domain import Domain, Parameters, proposal
from noria.evaluators.extraction import asks, extracted, times, tokens
from noria.evaluators.grounded_facts import SKILLS, Fact, Passage, Skill
from noria.evaluators.phrasing import RESPONSE_LIMIT
from noria.evaluators.sandbox.runner import Runner
from noria.identity import passage_bucket
from noria.types import Bucket, Check, Grounding, Json, Seed

TEXT, QUESTION = "Text: ", "\nQuestion: "

OFFERED = 6
"""Spans that a window offers."""


class Point(Parameters):
    """A passage and the span of it that is asked for."""

    skill: Skill
    passage: str
    """Id of its seed."""
    span: str


class Grounded(Domain):
    """Reading of passages, with the answer in their own words."""

    name: ClassVar[str] = DOMAIN
    about: ClassVar[str] = "A question about a text that is answered by a few words of the text."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3)
    parameters = Point
    answer_tokens: ClassVar[int] = 28
    proposal_tokens: ClassVar[int] = 170
    reads: ClassVar[bool] = True
    longest: ClassVar[int] = 2400
    free_wording: ClassVar[bool] = True
    unique: ClassVar[bool] = True

    def __init__(self, passages: Sequence[Seed] = ()) -> None:
        """Give it the passages of a session."""
        self.passages = {seed.id: Passage(seed) for seed in passages}
        self.usable = lru_cache(maxsize=None)(self._usable)
        """Ids of the passages that a level can ask about, of one bucket or (none) of all."""

    def _usable(self, level: int, where: Bucket | None = None) -> tuple[str, ...]:
        return tuple(
            key for key, one in self.passages.items()
            if (where is None or passage_bucket(key) == where) and one.skills(level)
        )  # fmt: skip

    def skills(self, level: int) -> tuple[str, ...]:
        """What stands alone of its kind; what fills a blank; a phrase."""
        return SKILLS[level]

    def bucket(self, parameters: Parameters) -> Bucket:
        """That of the passage, whatever is asked about it."""
        assert isinstance(parameters, Point)
        return passage_bucket(parameters.passage)

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A passage (that of the id in `topic`, or one that may be trained on), a skill, some spans of it."""
        there = self.usable(level, "train") or self.usable(level)
        passage = self._passage(topic if topic in there else rng.choice(self._some(there)))
        skills = passage.skills(level)
        weights = [2 if f"{self.name}/{skill}" in weak else 1 for skill in skills]
        skill = rng.choices(skills, weights=weights)[0]
        facts = passage.facts.get(skill, ())
        spans = [one.span for one in rng.sample(facts, min(OFFERED, len(facts)))]
        return {"skill": skill, "passage": passage.id, "spans": spans}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, one of the spans, the question; the passage last, for an id breeds ids in what is written next."""
        whole = proposal({"skill": {"const": window["skill"]}, "span": {"enum": window["spans"]}})
        fields = {**whole["properties"], "passage": {"const": window["passage"]}}
        return {**whole, "properties": fields, "required": list(fields)}

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """A span of the window, or of any passage."""
        if window:
            return Point(skill=window["skill"], passage=window["passage"], span=rng.choice(window["spans"]))
        passage = self._passage(rng.choice(self._some(self.usable(level))))
        skill = rng.choice(passage.skills(level))
        return Point(skill=skill, passage=passage.id, span=rng.choice(passage.facts[skill]).span)

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """None: a free question may be about any span of its sentence, and which one shows itself to who answers it."""
        return iter(())

    def ground(self, parameters: Parameters) -> Grounding:
        """The span, the sentence that supports it, and where it stands."""
        assert isinstance(parameters, Point)
        fact, passage = self._fact(parameters), self._passage(parameters.passage)
        facts = {"answer": fact.span, "sentence": fact.sentence, "passage": passage.id, "place": passage.place}
        signature = f"{passage.id}:{parameters.skill}:{' '.join(tokens(fact.span))}"
        return Grounding(verifier=self.verifier, facts=facts, signature=signature)

    async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
        """As they are, once the span is known to stand where it can be asked for.

        Raises:
            ValueError: it does not stand in the passage, or nothing can ask for it.
        """
        self._fact(parameters)
        return parameters

    def worded(self, parameters: Parameters, wording: str) -> str:
        """The passage, and the question under it."""
        assert isinstance(parameters, Point)
        question = wording.rpartition(QUESTION.strip())[2].strip() if QUESTION.strip() in wording else wording
        passage = self.passages.get(parameters.passage)
        return f"{TEXT}{passage.text if passage else ''}{QUESTION}{question}"

    def wording(self, parameters: Parameters, instruction: str) -> str:
        """The question alone."""
        return instruction.rpartition(QUESTION)[2]

    def aside(self, parameters: Parameters, instruction: str) -> str:
        """The question alone, to be answered from memory; a question that only points into its text is none."""
        assert isinstance(parameters, Point)
        question = self.wording(parameters, instruction)
        pointing = parameters.skill in SKILLS[1] and question in self._fact(parameters).question
        return "" if pointing else question

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """One of the program's questions under the passage."""
        assert isinstance(parameters, Point)
        return self.worded(parameters, rng.choice(self._fact(parameters).question))

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The passage as it stands, and a question that is the program's, or may be read as asking for the span."""
        assert isinstance(parameters, Point)
        try:
            fact, passage = self._fact(parameters), self._passage(parameters.passage)
        except ValueError as fault:
            return Check.of("wording", False, str(fault))
        head = f"{TEXT}{passage.text}{QUESTION}"
        if not instruction.startswith(head):
            return Check.of("wording", False, "does not show its passage")
        question = instruction[len(head) :]
        if question in fact.question:
            return Check.of("wording", True, f"the program's own question for {fact.span!r}")
        why = asks(question, fact.span, fact.sentence, passage.sentences)
        return Check.of("wording", not why, why or f"may ask for {fact.span!r} of {fact.sentence[:120]!r}")

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The response against the span."""
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("span", False, f"the response has {len(response)} characters"),)
        return (extracted(response, str(grounding.facts["answer"])),)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The span."""
        return self._fact(parameters).span

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """Another span of the passage, the span with a word too many or too few, another number."""
        assert isinstance(parameters, Point)
        fact, passage = self._fact(parameters), self._passage(parameters.passage)
        said = fact.sentence.split()
        wrongs = [one.span for facts in passage.facts.values() for one in facts]
        wrongs += [fact.sentence, f"{fact.span} {said[0]}", " ".join(fact.span.split()[1:]), said[-1], "not given"]
        if fact.span.isdigit():
            wrongs += [str(int(fact.span) + rng.choice((-1, 1, 10)))] * 3
        right = tokens(fact.span)
        return rng.choice([one for one in wrongs if tokens(one) and tokens(one) != right])

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The span in the question."""
        answer, question = str(grounding.facts["answer"]), instruction.rpartition(QUESTION)[2]
        return answer if times(answer, question) else ""

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """The whole text, its first words, the question's own words."""
        text, _, question = instruction.removeprefix(TEXT).rpartition(QUESTION)
        return {
            "gives the whole text": text[: RESPONSE_LIMIT - 1],
            "gives the first sentence": text.partition(". ")[0],
            "gives the first word": text.partition(" ")[0],
            "gives the question back": question,
            "says that it is not in the text": "The text does not say.",
        }

    def _fact(self, parameters: Parameters) -> Fact:
        assert isinstance(parameters, Point)
        return self._passage(parameters.passage).fact(parameters.skill, parameters.span)

    def _passage(self, key: str) -> Passage:
        if key not in self.passages:
            raise ValueError(f"the session has no passage {key!r}")
        return self.passages[key]

    def _some(self, there: Sequence[str]) -> Sequence[str]:
        if not there:
            raise ConfigError(
                "The domain 'grounded' has no passage to ask about.", mend="Name documents: `methods.documents.paths`."
            )
        return there
