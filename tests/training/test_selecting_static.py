"""Static selection on the samples of a session that puppets played, with every method on; and its edges."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.config import SessionConfig
from noria.config.methods.static import Form, KCentre, LabelNoise, NearDuplicates, Quotas, RealMix, Tags, ThinRegions
from noria.evaluators.registry import DOMAINS
from noria.graphs.leaning.thin_regions import factors
from noria.graphs.run import run
from noria.memory.attempts import Answer, Answered
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.selections import selections, unselected
from noria.training.curate import curate
from noria.training.mixing import mixed
from noria.training.selecting import form, k_centre, label_noise, near_duplicates, quotas, tags
from noria.training.selecting.pipeline import NOTHING, choose
from noria.training.selecting.selector import Tools
from noria.types import Message, Sample, Seed, Selection
from tests import build

METHODS: dict[str, Any] = {
    "form": True, "near_duplicates": True, "label_noise": {"attempts": 2}, "tags": {"by": "policy"},
    "k_centre": {"keep": 0.9}, "quotas": True, "real_mix": {"floor": 0.3}, "thin_regions": {"clusters": 4},
}  # fmt: skip


@dataclass
class Played:
    """A session that was played and is read."""

    history: History
    tools: Tools
    config: SessionConfig

    def samples(self, number: int) -> list[Sample]:
        return self.history.samples(number=number, role="solver")

    def chosen(self, samples: list[Sample], number: int = 2, **methods: Any) -> tuple[list[Selection], set[str]]:
        """What methods make of samples."""
        asked = SessionConfig.model_validate({"methods": methods}).methods.on("select")
        found = asyncio.run(choose(samples, asked, self.tools))
        return found.selections, {one.id for one in samples} - found.left.keys()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("selected")
    chats = [[{"role": "user", "content": f"Ask {at}?"}, {"role": "assistant", "content": "Say."}] for at in range(6)]
    rows = [json.dumps({"messages": one}) for one in chats]
    (folder / "rows.jsonl").write_text("\n".join(rows))
    config = build.config(
        folder, domains={"arithmetic": (1, 2), "text_ops": (1,), "constraints": (1,)}, methods=METHODS,
        play={"episodes": 40, "attempts": 3}, stop={"rounds": 2}, seeds={"rows": folder / "rows.jsonl"},
        verifiers={"planted": 0}, judge={"calibration": 0}, roles={"items": 0}, exam={"items": 8, "frozen": 0},
    )  # fmt: skip
    asyncio.run(run(config, build.means(config)))
    ledger = Ledger(config.session, write=True)
    history, embedder = History(ledger), StaticEmbedder()
    nothing: Any = None
    tools = Tools(
        history, nothing, {name: DOMAINS[name]() for name in config.domains}, lambda texts: embedder.embed(list(texts)),
        2, "test/2", config.session, "", "", nothing, nothing, pretends=True,
    )  # fmt: skip
    yield Played(history, tools, config)
    ledger.close()


def test_a_session_selects_by_every_method_and_learns_what_is_left(played: Played) -> None:
    for number in (1, 2):
        found = selections(played.history, number)
        assert [one.method for one in found] == ["form", "near_duplicates", "label_noise", "tags", "k_centre", "quotas"]
        assert found[0].before == len(played.samples(number))
        for earlier, later in pairwise(found):
            assert earlier.kept == later.before
        assert all(one.before - one.kept == sum(one.why.values()) for one in found)
        tagged = found[3]
        assert tagged.facts["asked"] == tagged.before
        assert tagged.completion_tokens > 0
        assert found[4].kept == round(0.9 * found[4].before)
        student = played.history.policy(f"student-r{number:04}")
        assert student is not None
        assert not set(student.training.get("samples", ())) & unselected(played.history).keys()
    last = played.history.round(2)["curated"]
    rest = last["new"] + last["replay"] + last["generator"]
    assert last["real"] / (last["real"] + rest) >= 0.3 or last["real_lack"] > 0
    assert last["anchor"] == last["real"] > 0
    (lean,) = played.history.round(2)["leans"]
    assert lean["method"] == "thin_regions"
    assert lean["skills"]


def test_what_the_domains_write_keeps_its_form() -> None:
    rules, rng = Form(), random.Random(3)
    for kind in DOMAINS.values():
        domain = kind()
        for level in domain.levels:
            for _ in range(8):
                point = domain.sample(level, rng)
                asked, said = domain.phrase(point, rng), domain.truth(point, rng)
                assert form.fault(asked, said, rules) == "", (asked, said)


@pytest.mark.parametrize(
    ("asked", "said", "why"),
    [
        ("Hi?", "Hello.", "instruction too short"),
        ("What is the capital of Chad?", "  ", "response too short"),
        ("What is the capital of Chad?", "I’m sorry, but I cannot say.", "refusal or boilerplate"),
        ("What is the capital of Chad?", "what is the capital of chad", "copy of the instruction"),
        ("Tell me in one line why the sea is blue today.", "Tell me in one line why the sea is blue today. It is.",
         "copy of the instruction"),
        ("Write about the sea.", "the sea is wide and " * 8, "response repeats itself"),
        ("List three animals, please.", "Cat, dog,", "response was cut"),
        ("Write a function, please.", "```python\ndef f(): ...", "response was cut"),
        ("Write about the sea.", "x" * 9000, "response too long"),
        ("Schreibe über 海 und 🐟.", "海は青い。🐟が泳ぐ。", ""),
    ],
)  # fmt: skip
def test_each_rule_of_form_gives_its_reason(asked: str, said: str, why: str) -> None:
    assert form.fault(asked, said, Form()) == why


def reworded(one: Sample, key: str, tail: str) -> Sample:
    """The same chat under another id, its instruction longer by a little."""
    *head, user, answer = one.messages
    longer = Message(role="user", content=user.content + tail)
    return one.model_copy(update={"id": key, "messages": (*head, longer, answer)})


def test_a_near_copy_of_this_round_or_an_earlier_one_leaves_and_the_first_stays(played: Played) -> None:
    new, old = played.samples(2), played.samples(1)
    clean = {one.id for one in new if one.id not in unselected(played.history)}
    long = max(new, key=lambda one: len(one.messages[-2].content + one.messages[-1].content))
    kept_before = [one for one in old if one.id not in unselected(played.history)]
    past = max(kept_before, key=lambda one: len(one.messages[-2].content + one.messages[-1].content))
    planted = [reworded(long, "zz-copy", " \ud83d"), reworded(past, "zz-older", " !")]
    (found,), kept = played.chosen([*new, *planted], near_duplicates={"threshold": 0.7})
    assert {"zz-copy", "zz-older"}.isdisjoint(kept)
    assert long.id in kept
    assert found.why["near one of an earlier round"] >= 1
    assert found.facts["earlier"] == len(kept_before)
    assert clean
    again = played.chosen([*planted, *new[::-1]], near_duplicates={"threshold": 0.7})[1]
    assert again == kept


def test_two_sums_with_other_numbers_are_no_duplicates() -> None:
    sums = [build.sample(f"s{at}", asked=f"What is {at} + {at + 5}?") for at in range(30)]
    rows = [(one.id, near_duplicates.hashed(one, 3)) for one in sums]
    assert near_duplicates.alike(rows, NearDuplicates()) == {}
    twice = [*rows, ("s99", rows[4][1])]
    assert near_duplicates.alike(twice, NearDuplicates()) == {"s99": "near a sample of this round"}


def test_tags_by_program_keep_the_complex_and_the_diverse(played: Played) -> None:
    samples = played.samples(2)
    (found,), kept = played.chosen(samples, tags={"keep": 0.5})
    assert len(kept) == round(0.5 * len(samples))
    known = tags.tagger(played.tools.domains)
    drawn = {tag for one in sorted(samples, key=lambda one: one.id)[: len(kept)] for tag in known(one)}
    assert found.facts["diversity"] >= found.facts["diversity_kept"] > len(drawn)
    assert found.facts["complexity_kept"] >= found.facts["complexity"]
    one = next(one for one in samples if one.provenance.domain == "arithmetic")
    assert {"arithmetic", f"level {one.provenance.level}"} < known(one)


def test_sampling_by_tags_is_that_of_the_paper() -> None:
    found = {"a": {"x"}, "b": {"x", "y", "z"}, "c": {"x", "y"}, "d": {"w"}, "e": {"x", "y", "z"}, "f": set[str]()}
    frozen = {key: frozenset(tags) for key, tags in found.items()}
    assert tags.sampled(frozen, 2) == {"b", "d"}, "most tags first, then what adds one"
    assert tags.sampled(frozen, 3) == {"b", "d", "e"}, "a new pass begins with the most again"
    assert tags.sampled(frozen, 6) == set(found)
    assert tags.sampled({}, 0) == set()


def test_centres_cover_better_than_a_draw_and_the_lazy_form_nearly_as_well() -> None:
    rng = numpy.random.default_rng(0)
    middles = rng.normal(size=(40, 16))
    # Half of all points lie at one place: a draw keeps to it, centres do not.
    rows = (middles[numpy.minimum(39, rng.geometric(0.2, 1200))] + 0.1 * rng.normal(size=(1200, 16))).astype("float32")
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    none = rows[:0]

    def radius(kept: list[int]) -> float:
        return float(numpy.sqrt(((rows[:, None] - rows[kept][None]) ** 2).sum(-1).min(1).max()))

    exact, told = k_centre.centres(rows, none, 60, 1000)
    assert len(set(exact)) == 60
    assert told == pytest.approx(radius(exact), abs=1e-3)
    drawn = [radius(list(rng.choice(1200, 60, replace=False))) for _ in range(5)]
    assert told < min(drawn)
    lazy, bound = k_centre.centres(rows, none, 60, 15)
    assert len(set(lazy)) == 60
    assert radius(lazy) <= bound + 1e-3
    assert bound < min(drawn)
    known, _ = k_centre.centres(rows, rows[exact], 5, 1000)
    assert not set(known) & set(exact), "what stands already is not kept again"
    every, nothing_left = k_centre.centres(rows[:30], none, 30, 10)
    assert (sorted(every), nothing_left) == (list(range(30)), 0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.floats(0.05, 1), st.floats(0.1, 1))
def test_a_quota_is_met_or_the_least_is_kept(sizes: list[int], share: float, least: float) -> None:
    bound = quotas.most(sizes, share, least)
    kept = [min(one, bound) for one in sizes]
    assert max(kept) <= share * sum(kept) + 1e-9 or sum(min(one, bound - 1) for one in sizes) < least * sum(sizes)
    assert sum(kept) >= least * sum(sizes) - 1e-9


def test_quotas_hold_a_domain_to_its_share(played: Played) -> None:
    every = played.samples(1) + played.samples(2)
    largest, held = Counter(one.provenance.domain for one in every).most_common(1)[0]
    others = [one for one in every if one.provenance.domain != largest]
    first = {one.provenance.domain: one for one in others}
    assert len(first) == 2
    few = [one for one in others if one in first.values() or one is others[0]]
    samples = [one for one in every if one.provenance.domain == largest] + few
    rules = {"domain": 0.4, "cluster": 1.0, "least": 0.1}
    (found,), kept = played.chosen(samples, quotas=rules)
    left = Counter(one.provenance.domain for one in samples if one.id in kept)
    assert held > left[largest] == len(few), "half of three domains' rows is one and a half times the even part"
    assert found.why == {"domain is full": held - len(few)}
    assert played.chosen(samples[::-1], quotas=rules)[1] == kept
    even = [one for one in every if one.provenance.domain != largest][:4]
    assert played.chosen(even[:2], quotas={"cluster": 0.01, "domain": 0.01})[1], "of two rows one can be kept"


def test_a_rival_on_which_attempts_agree_speaks_against_an_answer(played: Played) -> None:
    sample = build.sample(solve_rate=0.25)

    def answers(*said: str) -> Answered:
        made = [Answer("attempt-1", "3", "student", True)]
        return Answered("episode-1", (*made, *(Answer(f"a{at}", one, "student", one == "3.") for at, one in
                                               enumerate(said))), ("accept", "reject"))  # fmt: skip

    def heard(rules: LabelNoise, *said: str) -> tuple[float, str]:
        return label_noise.spoken_against(sample, answers(*said), rules)

    assert heard(LabelNoise(), "4", "4", "4") == (1.0, "attempts agree on another answer")
    assert heard(LabelNoise(), "4", "5", "6") == (0.0, ""), "they err each in another way"
    assert heard(LabelNoise(counted="any"), "4", "5", "6") == (1.0, "attempts disagree")
    assert heard(LabelNoise(counted="any"), "3.", "3.", "4")[1] == "", "another form of the answer is no other answer"
    assert heard(LabelNoise(), "4", "4")[1] == "", "two attempts say too little"
    judged = build.sample(warrant="judged")
    assert label_noise.spoken_against(judged, answers(), LabelNoise()) == (0.5, "split verdicts")
    (found,), kept = played.chosen(played.samples(1), label_noise={"counted": "any", "attempts": 2, "bound": 0.1})
    assert found.facts["looked_at"] > 0
    assert len(kept) < found.before
    said = [build.sample(f"s{at}", asked="What is 1 + 2?", episode=f"e{at}") for at in range(3)]
    odd = said[0].model_copy(
        update={"id": "odd", "messages": (said[0].messages[0], Message(role="assistant", content="4"))}
    )
    assert label_noise.conflicts([*said, odd]) == {"odd"}
    assert label_noise.conflicts([said[0], odd]) == {"s0", "odd"}


@pytest.mark.parametrize("count", [0, 1])
def test_of_nothing_nothing_and_of_one_one_is_left(played: Played, count: int) -> None:
    every = dict.fromkeys(("form", "near_duplicates", "label_noise", "tags", "k_centre", "quotas"), True)
    one = build.sample(asked="Schreibe über 海 \ud83d, 🐟 und é.")
    found, kept = played.chosen([one][:count], **every)
    assert len(found) == 6
    assert len(kept) == count


def test_a_selection_that_leaves_nothing_is_not_applied(played: Played) -> None:
    samples = played.samples(2)
    (found,), kept = played.chosen(samples, form={"instruction": (3000, 4000)})
    assert (found.skipped, found.kept, kept) == (NOTHING, len(samples), {one.id for one in samples})


def seeds(count: int) -> list[Seed]:
    said = [(Message(role="user", content=f"q{at}"), Message(role="assistant", content="a")) for at in range(count)]
    return [Seed(id=f"seed-{at}", kind="row", text=f"q{at}", messages=one) for at, one in enumerate(said)]


def test_the_real_share_of_a_training_is_held(played: Played) -> None:
    new = played.samples(1) + played.samples(2)
    size = len(new)
    plain = curate(new, [], seeds(4 * size), played.config.train, "n")

    def told(found: int, **rules: Any) -> dict[str, int]:
        own = curate(new, [], seeds(found), played.config.train, "n")
        made = mixed(own, seeds(found), RealMix(**rules), "n", {"seed-0"})
        real = [row for row in made.rows if row.source == "anchor"]
        assert made == mixed(own, seeds(found), RealMix(**rules), "n", {"seed-0"})
        assert len(real) == made.composition["real"] == made.composition["anchor"]
        assert len(made.rows) - len(real) == size, "no synthetic row leaves"
        assert max(Counter(row.sample for row in real).values(), default=0) <= rules.get("repeats", 4)
        return made.composition

    assert plain.composition["anchor"] == round(0.2 * size)
    assert told(4 * size, floor=0.5)["real"] == size
    assert told(4 * size, floor=0.0, ceiling=0.1)["real"] == int(size / 9)
    few = told(3, floor=0.5, repeats=3)
    assert few["real"] <= 9
    assert few["real_lack"] == size - few["real"]
    assert told(0)["real"] == 0


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows of your own.*seeds\.rows"):
        SessionConfig.model_validate({"methods": {"real_mix": True}})
    with pytest.raises(ValueError, match="least then most"):
        Form(response=(9, 1))
    with pytest.raises(ValueError, match="whole count"):
        KCentre(keep=7.5)
    with pytest.raises(ValueError, match="above ceiling"):
        RealMix(floor=0.6, ceiling=0.5)
    assert (Tags().keep, Quotas().excess) == (0.7, "nearest")


def test_thin_regions_weigh_more_by_what_they_lack() -> None:
    assert factors({"a": 80, "b": 10, "c": 30}, ThinRegions()) == {"b": 3.0}
    assert factors({"a": 80, "b": 20, "c": 50}, ThinRegions(thin=0.9)) == {"b": 2.5}
    assert factors({"a": 0, "b": 0}, ThinRegions()) == {}
