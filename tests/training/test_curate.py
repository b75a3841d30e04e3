from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from noria.config import Train
from noria.training.curate import curate
from noria.training.rows import Row, fit, read_rows, write_rows
from noria.types import Message, Sample, Seed
from tests import build


def answers(count: int, number: int, start: int = 0) -> list[Sample]:
    return [build.sample(f"sample-{number}-{at + start}", round=number) for at in range(count)]


def proposals(count: int, worded_by: str = "generator") -> list[Sample]:
    return [build.sample(f"proposal-{worded_by}-{at}", role="generator", worded_by=worded_by) for at in range(count)]


def row_of_user(at: int) -> Seed:
    said = (Message(role="user", content=f"q{at}"), Message(role="assistant", content="a"))
    return Seed(id=f"seed-{at}", kind="row", text=f"q{at}", messages=said)


def test_a_round_learns_from_its_own_samples_with_replay_anchors_and_proposals() -> None:
    rules = Train(replay=0.5, anchors=0.2, generator_rows=0.1)
    chosen = curate(answers(20, 2) + proposals(9), answers(50, 1), [row_of_user(at) for at in range(30)], rules, "n")
    assert chosen.composition["new"] == 20
    assert chosen.composition["replay"] == 10
    assert chosen.composition["anchor"] == 4
    assert chosen.composition["generator"] == 2
    assert len(chosen.rows) == 36
    assert Counter(row.source for row in chosen.rows)["anchor"] == 4
    assert len(set(chosen.samples)) == len(chosen.samples) == 32


def test_only_wordings_of_the_generators_own_teach_it_to_word() -> None:
    chosen = curate(answers(10, 1) + proposals(10, "program"), [], [], Train(generator_rows=1.0), "n")
    assert chosen.composition["generator"] == 0


def test_what_rests_on_a_beaten_verifier_alone_leaves_the_new_the_old_and_the_proposals() -> None:
    def odd(samples: list[Sample]) -> list[Sample]:
        story = {"verifier": "odd@1", "domain": "odd"}
        return [
            one.model_copy(update={"id": f"odd-{one.id}", "provenance": one.provenance.model_copy(update=story)})
            for one in samples
        ]

    rules = Train(replay=1.0, generator_rows=1.0)
    new, past = answers(10, 2) + proposals(3), answers(20, 1) + proposals(4, "program")
    clean = curate(new, past, [], rules, "n")
    tainted = curate(new + odd(new), past + odd(past), [], rules, "n", {"odd@1": "why"})
    assert tainted.rows == clean.rows, "the rest is drawn as if they had never been"
    assert (clean.left, tainted.left) == ({}, {"odd@1": 10 + 3 + 20})
    trusting = curate(new + odd(new), past + odd(past), [], rules, "n")
    assert (trusting.composition["new"], trusting.left) == (20, {})
    mended = curate(new + odd(new), past + odd(past), [], rules, "n", {"odd@2"})
    assert mended == trusting


def test_the_order_in_which_episodes_ended_changes_nothing() -> None:
    new, past = answers(9, 2), answers(30, 1)
    assert curate(new, past, [], Train(), "n") == curate(new[::-1], past[::-1], [], Train(), "n")
    assert curate(new, past, [], Train(replay=0.5), "n") != curate(new, past, [], Train(replay=0.5), "m")


@given(st.lists(st.integers(1, 400), max_size=40), st.integers(1, 3), st.integers(256, 5000))
def test_a_training_reads_no_more_than_its_budget(lengths: list[int], epochs: int, budget: int) -> None:
    rows = [
        Row(prompt=(Message(role="user", content="q"),), completion=str(size), source="student", sample=f"s{at}")
        for at, size in enumerate(lengths)
    ]
    fitted = fit(
        rows, lambda row: int(row.completion), max_tokens=budget, max_row_tokens=256, epochs=epochs, seed=0
    )  # fmt: skip
    assert fitted.tokens * epochs <= budget
    assert fitted.tokens == sum(int(row.completion) for row in fitted.rows)
    assert len(fitted.rows) + fitted.too_long + fitted.beyond_budget == len(rows)
    assert fitted.too_long == sum(size > 256 for size in lengths)


def test_rows_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    chosen = curate(answers(3, 1), [], [row_of_user(1)], Train(anchors=1), "n")
    write_rows(path, chosen.rows)
    assert tuple(read_rows(path)) == chosen.rows


def test_a_cooled_round_takes_a_programs_answers_where_anchors_lack() -> None:
    rules = Train(replay=0.5, anchors=0.5, generator_rows=0)
    new = [build.sample(f"new-{n}") for n in range(10)]
    earlier = [build.sample(f"own-{n}") for n in range(20)]
    earlier += [build.sample(f"program-{n}", source="program") for n in range(20)]
    usual = curate(new, earlier, [], rules, "name")
    assert usual.composition["anchor"] == 0
    cooled = curate(new, earlier, [], rules, "name", truths=True)
    assert cooled.composition["anchor"] == cooled.composition["truth"] == 5
    learned = [one for one in cooled.samples if one.startswith("program")]
    assert len(cooled.samples) == len(set(cooled.samples)) == 20
    assert len(learned) >= 5
