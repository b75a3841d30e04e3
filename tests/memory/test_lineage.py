"""The walk against a naive model, and what is read of ledgers old and new."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.learned import Learned, taught
from noria.memory.ledger import Ledger
from noria.memory.lineage import Kin, Told, descend, kin, told
from noria.memory.naming import named
from tests import build

POLICIES = tuple("abcde")
names = st.sampled_from(POLICIES)
few = st.lists(st.integers(0, 11), max_size=3)


@st.composite
def families(draw: st.DrawFn) -> tuple[list[Told], list[tuple[str, tuple[str, ...], tuple[str, ...]]]]:
    """Samples and policies that know each other in any way, circles and strangers too."""
    count = draw(st.integers(0, 10))
    rows = [
        Told(
            f"s{at}", "solver",
            build.provenance(
                policy=draw(names), generator=draw(names), critic=draw(names), adversary=draw(names),
                judge=draw(st.sampled_from(("", *POLICIES))), neighbours=tuple(f"s{one}" for one in draw(few)),
            ),
        )
        for at in range(count)
    ]  # fmt: skip
    policies = [
        (name, tuple(draw(st.lists(names, max_size=2))), tuple({f"s{one}" for one in draw(few)})) for name in POLICIES
    ]
    return rows, policies


@given(families(), st.sets(few.map(lambda some: f"s{sum(some) % 12}"), max_size=3), st.sets(names, max_size=2))
def test_the_walk_reaches_what_a_naive_model_reaches(family: object, samples: set[str], policies: set[str]) -> None:
    rows, people = family  # type: ignore[misc]
    reached, wrote = set(policies), {row.id for row in rows if row.id in samples}
    while True:
        more = {row.id for row in rows if {row.story.policy, row.story.generator} & reached} | wrote
        who = {name for name, parents, given in people if {*given} & more or {*parents} & reached} | reached
        if (more, who) == (wrote, reached):
            break
        wrote, reached = more, who
    helped = {row.id for row in rows if {row.story.critic, row.story.adversary, row.story.judge} & reached} - wrote
    shown = {row.id for row in rows if {*row.story.neighbours} & wrote} - wrote - helped

    family_tree = Kin.of(rows, people)
    found = descend(family_tree, samples=samples, policies=policies)
    ids = [family_tree.samples[at] for at in found.samples()]
    assert len(ids) == len(set(ids))
    assert set(ids) == wrote
    assert {step.policy for step in found.steps} == reached
    assert {family_tree.samples[at] for at in found.swayed} == helped
    assert {family_tree.samples[at] for at in found.shown} == shown
    # The tree hangs together: each step is after the root, or after a step before it.
    for at, step in enumerate(found.steps):
        assert step.after in ("", *(one.policy for one in found.steps[:at]))


def history(folder: Path) -> History:
    """Two samples; the second is older than its provenance could tell who judged it."""
    story = History(Ledger(folder, write=True))

    async def write() -> None:
        await story.keep_round(1, "dealt", seats={"critic": "policy-c", "judge": "policy-j"})
        await story.settle(build.episode(outcome="accepted"), [
            build.sample("sample-aa1", critic="policy-x", neighbours=("sample-ab2",)),
            build.sample("sample-ab2", asked="And 2 + 2?"),
        ])  # fmt: skip
        old = build.policy("student-r0001", round=1, training={"samples": ["sample-ab2", "sample-aa1"]})
        await story.keep_policy(old)
        new = build.policy("student-r0002", round=2)
        await story.keep_policy(new, also=[taught(new.id, ("sample-aa1", "seed-9", "sample-aa1"))])

    asyncio.run(write())
    return story


def test_who_had_a_say_in_an_old_sample_is_known_from_its_round(tmp_path: Path) -> None:
    story = history(tmp_path)
    first, second = told(story)
    assert (first.story.critic, first.story.judge) == ("policy-x", "policy-j")
    assert (second.story.critic, second.story.judge) == ("policy-c", "policy-j")
    assert kin(story).shown == {1: kin(story).shown[1]}
    story.ledger.close()


def test_what_was_learned_is_found_from_either_side_in_old_ledgers_and_new(tmp_path: Path) -> None:
    story = history(tmp_path)
    learned = Learned(story)
    old, new = story.policies()
    assert list(learned.of(old)) == ["sample-aa1", "sample-ab2"]
    assert list(learned.of(new)) == ["sample-aa1", "seed-9"]
    assert [one.name for one in learned.by("sample-aa1")] == ["student-r0001", "student-r0002"]
    assert [one.name for one in learned.by("sample-ab2")] == ["student-r0001"]
    assert [one.name for one in learned.by("seed-9")] == ["student-r0002"]
    story.ledger.close()


@pytest.mark.parametrize(
    ("key", "kind", "found"),
    [("sample-aa1", "sample", "sample-aa1"), ("aa", "sample", "sample-aa1"), ("episode-1", "episode", "episode-1"),
     ("student-r0002", "policy", "policy-student-r0002"), ("arithmetic@1", "verifier", "arithmetic@1")],
)  # fmt: skip
def test_an_id_a_name_or_a_beginning_names_one_thing(tmp_path: Path, key: str, kind: str, found: str) -> None:
    story = history(tmp_path)
    one = named(story, key)
    assert (one.kind, one.id) == (kind, found)
    story.ledger.close()


def test_what_may_be_several_things_or_none_is_said(tmp_path: Path) -> None:
    story = history(tmp_path)
    with pytest.raises(SessionError, match="'sample-a' may be sample-aa1, sample-ab2"):
        named(story, "sample-a")
    for nothing in ("sample-zz", "", "%", "_"):
        with pytest.raises(SessionError, match="knows no sample, episode, policy, verifier or exam"):
            named(story, nothing)
    with pytest.raises(SessionError, match="knows no policy 'sample-aa1'"):
        named(story, "sample-aa1", ("policy",))
    story.ledger.close()
