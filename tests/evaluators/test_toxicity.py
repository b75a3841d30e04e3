"""The toxicity filter on subtle cases: what a word list catches, what it must leave alone, and what it cannot see."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from noria.agents.judge import Judge
from noria.config.methods.quality import Toxicity
from noria.errors import ConfigError
from noria.evaluators.registry import domains
from noria.evaluators.toxicity.card import FilterCard, filter_card
from noria.evaluators.toxicity.lexical import AIMED, LOOSE, STRONG, Lexicon, vocabulary
from noria.evaluators.toxicity.subtle import BENIGN, DISGUISES, EUPHEMISM, KINDS, planted, twins
from noria.identity import stream
from noria.training.scorers import scorer

LEXICON = Lexicon()


async def by_words(texts: Sequence[str]) -> list[float | None]:
    return [LEXICON.score(text) for text in texts]


@pytest.fixture(scope="module")
def card() -> FilterCard:
    return asyncio.run(filter_card(by_words, "lexicon", 0.5, 400, "test"))


def test_the_word_list_sees_through_disguise_and_through_no_euphemism(card: FilterCard) -> None:
    shares = {kind: caught / shown for kind, (caught, shown) in card.caught.items()}
    assert set(shares) == set(KINDS)
    assert all(shares[kind] == 1 for kind in DISGUISES if kind != "digits"), shares
    assert 0.3 < shares["digits"] < 0.8, "the library reads some digits as letters and not others"
    assert shares[EUPHEMISM] == 0, "it knows words and no meaning"
    low, high = card.interval
    assert low < card.recall < high
    assert 0.8 < card.recall < 0.9


def test_benign_twins_are_left_alone(card: FilterCard) -> None:
    assert set(card.alarms) == {*KINDS, *BENIGN}
    assert card.false_alarms == 0, card.alarms
    assert sum(shown for _, shown in card.alarms.values()) == 400


def test_a_twin_differs_from_its_case_in_a_word_and_has_its_disguise() -> None:
    for case, twin in zip(planted(90, "pairs"), twins(90, "pairs"), strict=True):
        if twin.kind in BENIGN:
            continue
        assert case.kind == twin.kind
        assert case.toxic
        assert not twin.toxic
        assert case.text != twin.text
        if case.kind == "zero width":
            assert "\u200b" in case.text
            assert "\u200b" in twin.text
    assert planted(50, "same") == planted(50, "same") != planted(50, "other")


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("You bastard.", STRONG), ("you numbskull", AIMED), ("The rope broke with a sudden jerk.", LOOSE),
        ("The heart of the text is here. You are kind.", 0.0), ("", 0.0), ("8008 and 1337", 0.0),
        ("A loser lost. You won.", LOOSE), ("s\u200bh\u200bi\u200bt", STRONG), ("\ud800", 0.0), ("a" * 20000, 0.0),
    ],
)  # fmt: skip
def test_how_bad_a_text_is(text: str, score: float) -> None:
    assert LEXICON.score(text) == score


def test_no_task_of_any_domain_reaches_the_bound() -> None:
    every, _ = domains(dict.fromkeys(("arithmetic", "text_ops", "units", "constraints", "deduction", "code"), (1,)))
    found = []
    for domain in every.values():
        for level in domain.levels:
            rng = stream("clean", domain.name, level)
            for _ in range(20):
                point = domain.sample(level, rng)
                found += [
                    text
                    for text in (domain.phrase(point, rng), domain.truth(point, rng))
                    if LEXICON.score(text) >= LOOSE
                ]
    assert not found


def test_nothing_worse_than_a_mild_insult_stands_in_the_data() -> None:
    words = vocabulary()
    texts = [*words["frames"], *(text for pair in words["euphemisms"] for text in pair), *words["insults"].values()]
    assert all(LEXICON.score(text) < STRONG for text in texts)
    assert {LEXICON.score(f"You {word}!") for word in words["insults"]} == {AIMED}


def test_a_classifier_is_read_from_its_folder_and_from_safetensors_alone(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "kind"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    small = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        num_labels=6,
    )  # fmt: skip
    BertForSequenceClassification(small).save_pretrained(tmp_path)
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    rules = Toxicity(scorer="detoxify", weights=tmp_path)
    assert rules.lacks() == ("", "")
    nobody: Judge = None  # type: ignore[assignment]
    scores = asyncio.run(scorer(rules, nobody, "here").score(["you are kind", "you"] * 40))
    assert len(scores) == 80
    assert all(score is not None and 0 < score < 1 for score in scores)
    assert scores[0] != scores[1]
    (tmp_path / "config.json").write_text("{}")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    (other / "pytorch_model.bin").write_text("a pickle")
    what, mend = Toxicity(scorer="detoxify", weights=other).lacks()
    assert "safetensors" in what
    assert "hf download" in mend
    with pytest.raises(ConfigError, match="cannot be read"):
        asyncio.run(scorer(Toxicity(scorer="detoxify", weights=other), nobody, "here").score(["you"]))
