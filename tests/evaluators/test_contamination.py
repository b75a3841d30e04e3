"""Copies of items are found in any dress, and two tasks in one frame are no copies of each other."""

import json
import re
from pathlib import Path

import pytest

from noria.errors import ConfigError
from noria.evaluators.benchmarks import benchmarks
from noria.evaluators.contamination import Item, Kept, own_words
from noria.evaluators.registry import DOMAINS, domain
from noria.identity import bucket, stream
from noria.memory.embed import StaticEmbedder
from tests import build

FILE = Path(__file__).parent.parent.parent / "bench" / "paraphrases.jsonl"
PAIRS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
EMBED = StaticEmbedder().embed
OWN = own_words(build.SHIPPED.values())
KEPT = Kept(benchmarks([FILE]), EMBED, OWN)


def renamed(text: str) -> str:
    return text.replace("Natalia", "Maria").replace("James", "Peter").replace("Tom", "Ali").replace("Jerry", "Noor")


@pytest.mark.parametrize("copy", [str, str.upper, lambda text: re.sub(r"[.,?!']", " ", text) + " …"])
def test_every_exact_copy_is_found_whatever_its_case_and_punctuation(copy: object) -> None:
    for pair in PAIRS:
        met = KEPT.met(copy(pair["question"]))  # type: ignore[operator]
        assert met is not None
        assert (met.how, met.item.text) == ("exact", pair["question"])


@pytest.mark.parametrize(
    "copy",
    [
        lambda text: f"Please answer this for me. {text} Thank you.",
        lambda text: " ".join(reversed(re.split(r"(?<=[.?!]) ", text))),
        renamed,
    ],
)
def test_near_copies_are_found(copy: object) -> None:
    found = [KEPT.met(copy(pair["question"])) for pair in PAIRS]  # type: ignore[operator]
    assert sum(one is not None for one in found) >= 0.95 * len(PAIRS)


def test_an_item_in_the_domains_words_is_found_whole_inside_a_text() -> None:
    asked = "What is 37 + 45? Answer with the number only."
    kept = Kept([Item("b:1", asked)], EMBED, OWN)
    met = kept.met(json.dumps({"a": 37, "instruction": asked}), near=False)
    assert met is not None
    assert met.shown == "the whole item"
    assert kept.met("What is 37 + 46? Answer with the number only.") is None


def test_paraphrases_are_found_as_far_as_static_vectors_reach() -> None:
    found = [met for pair in PAIRS if (met := KEPT.met(pair["paraphrase"]))]
    assert len(found) >= 0.9 * len(PAIRS)
    alarms = [met for pair in PAIRS if (met := KEPT.met(pair["other"]))]
    assert len(alarms) <= 0.1 * len(PAIRS), "another question on the same subject"


def test_the_numbers_must_be_the_same() -> None:
    kept = Kept([Item("b:1", "A shop sells 12 jars of honey for 30 euros. What is the price of one jar?")], EMBED, OWN)
    assert kept.met("If twelve jars of honey cost 30 euros in a shop, what is the price of a single jar?") is not None
    assert kept.met("If fourteen jars of honey cost 31 euros in a shop, what is the price of a single jar?") is None


def test_a_run_that_many_items_share_points_at_none() -> None:
    said = "Read the following question with care and then pick the best of the answers below: what is {}"
    kept = Kept([Item(str(at), said.format(f"a thing of kind {at} made by hand")) for at in range(12)])
    assert kept.met(said.format("rain")) is None
    few = Kept([Item(str(at), said.format(f"a thing of kind {at} made by hand")) for at in range(3)])
    assert few.met(said.format("rain")) is not None


def test_tasks_in_one_frame_are_no_copies_of_each_other() -> None:
    """The trap: a benchmark that is worded just as the domains word their tasks."""
    kinds = [domain(name).at(level) for name in ("arithmetic", "units", "code", "deduction") for level in (2, 3)]
    drawn = []
    for kind, level in zip(kinds, [2, 3] * 4, strict=True):
        rng = stream("frames", kind.name, level)
        drawn += [(kind, point, kind.phrase(point, rng)) for point in (kind.sample(level, rng) for _ in range(150))]
    reserved = [one for one in drawn if bucket(one[0].name, one[1].model_dump(mode="json")) != "train"]
    kept = Kept([Item(kind.name, text) for kind, _, text in reserved], EMBED, own_words(map(domain, DOMAINS)))
    met = [
        (text, str(found))
        for kind, point, text in drawn
        if bucket(kind.name, point.model_dump(mode="json")) == "train"
        and (found := kept.met(text, lambda other, k=kind, p=point: k.says(p, other).passed))  # type: ignore[misc]
    ]
    assert len(reserved) > 100
    assert len(met) <= 0.005 * len(drawn), met


def test_the_same_sum_in_other_words_is_the_same_item() -> None:
    sums = build.SHIPPED["arithmetic"]
    point = sums.point({"skill": "add", "a": 37, "b": 45})
    kept = Kept([Item("b:1", "What is 37 + 45?"), Item("b:2", "What is 45 - 37?")], EMBED, OWN)
    met = kept.met("Calculate 37 plus 45.", lambda text: sums.says(point, text).passed)
    assert met is not None
    assert (met.how, met.item.place) == ("says", "b:1")
    other = sums.point({"skill": "add", "a": 37, "b": 46})
    assert kept.met("Calculate 37 plus 46.", lambda text: sums.says(other, text).passed) is None


def test_an_empty_text_and_an_empty_index_meet_nothing() -> None:
    assert Kept([], EMBED).met("anything at all") is None
    assert KEPT.met("") is None
    assert KEPT.met("?!") is None


def test_a_benchmark_is_read_in_each_of_its_forms(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    chat = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one?"},
        {"role": "assistant", "content": "1"},
    ]
    lines = [{"messages": chat}, {"prompt": "two?"}, {"question": "three?", "answer": "3"}, {"instruction": "four?"}]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert [(item.place, item.text) for item in benchmarks([path])] == [
        ("b.jsonl:1", "one?"), ("b.jsonl:2", "two?"), ("b.jsonl:3", "three?"), ("b.jsonl:4", "four?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no item"),
        ("{", "b.jsonl:1 is not JSON"),
        ('{"q": 1}', "b.jsonl:1 asks nothing"),
        ("[1]", "asks nothing"),
    ],
)
def test_a_malformed_benchmark_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        benchmarks([path])
    with pytest.raises(ConfigError, match="cannot be read"):
        benchmarks([tmp_path / "none.jsonl"])
