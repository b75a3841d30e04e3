"""Who scores texts for toxicity, by one name of the config each: a word list, a classifier, the judge's policy.

    lexicon   ─► words (evaluators/toxicity/lexical)         no model, always there
    detoxify  ─► a classifier's own folder, safetensors      torch and transformers, only here
    policy    ─► toxic.md ─► choices ─► odds                 recorded turns, paid for once

A classifier of the detoxify kind (Hanu and Unitary, 2020) has a head for each sort of toxicity;
the highest of them is the score. Its weights are read from a folder and never fetched, and as
safetensors alone: the checkpoints of the package of that name are pickles.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from noria.agents.enhancing import toxicity
from noria.agents.judge import Judge
from noria.config.methods.quality import Toxicity
from noria.errors import ConfigError
from noria.evaluators.toxicity.lexical import Lexicon

BATCH = 64
"""Texts that a classifier reads at once."""

LONGEST = 512
"""Tokens of a text that a classifier reads."""


class Scorer(Protocol):
    """Scores texts for toxicity."""

    async def score(self, texts: Sequence[str]) -> list[float | None]:
        """A score from 0 to 1 for each text; none where it could not be read."""
        ...


def scorer(rules: Toxicity, judge: Judge, place: str, draft: int = 1, first: int = 1) -> Scorer:
    """Who the config names; a policy's turns stand at a place (an episode, a round), its texts numbered from `first`.

    Raises:
        ConfigError: the classifier's folder cannot be read as one.
    """
    if rules.scorer == "policy":
        return Asked(judge, place, draft, first)
    if rules.scorer == "detoxify":
        assert rules.weights is not None, "the config was checked"
        return Classified(rules.weights)
    return Listed()


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon()


class Listed:
    """By words."""

    async def score(self, texts: Sequence[str]) -> list[float | None]:
        """Scores of a word list."""
        lexicon = _lexicon()
        if len(texts) <= BATCH:
            return [lexicon.score(one) for one in texts]
        return await asyncio.to_thread(lambda: [lexicon.score(one) for one in texts])


class Asked:
    """By the judge's policy, which is asked about each text once."""

    def __init__(self, judge: Judge, place: str, draft: int, first: int) -> None:
        """Ask this judge."""
        self.judge, self.place, self.draft, self.next = judge, place, draft, first

    async def score(self, texts: Sequence[str]) -> list[float | None]:
        """The odds of `toxic`."""
        first, self.next = self.next, self.next + len(texts)
        asked = (toxicity(self.judge, self.place, self.draft, at, one) for at, one in enumerate(texts, first))
        return list(await asyncio.gather(*asked))


class Classified:
    """By a classifier."""

    def __init__(self, folder: Path) -> None:
        """Read by the classifier in a folder; it is loaded at first use."""
        self.folder = folder

    async def score(self, texts: Sequence[str]) -> list[float | None]:
        """The highest of its heads."""
        return await asyncio.to_thread(self._read, texts)

    def _read(self, texts: Sequence[str]) -> list[float | None]:
        import torch

        tokenizer, model = _loaded(str(self.folder))
        found: list[float | None] = []
        for at in range(0, len(texts), BATCH):
            part = tokenizer(
                list(texts[at : at + BATCH]), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            with torch.inference_mode():
                found += torch.sigmoid(model(**part).logits).amax(dim=1).tolist()
        return found


@lru_cache(maxsize=1)
def _loaded(folder: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return AutoTokenizer.from_pretrained(folder, local_files_only=True), model.eval()
    except (OSError, ValueError, KeyError) as fault:
        raise ConfigError(
            f"The classifier in {folder!r} cannot be read: {' '.join(str(fault).split())[:200]}."
        ) from fault
