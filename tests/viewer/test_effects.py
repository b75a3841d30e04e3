"""What came of episodes is counted as it comes in, and says the same as a recount; what a policy learned too."""

from collections import Counter
from pathlib import Path

from noria.memory.catalogue import Catalogue, catalogue
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import ROLES, Reason
from noria.viewer import effects, sides, students

ELSEWHERE = (Reason.ENDPOINT, Reason.FAULT, Reason.VERIFIER, Reason.UNTRUSTED)
REPEATS = (Reason.DUPLICATE, Reason.NEAR_DUPLICATE)


def side(one: Catalogue, number: int | None = None) -> sides.Side:
    return sides.Side("turns", number, one)


def test_the_counts_are_those_of_the_episodes(played: Path) -> None:
    history = History(Ledger(played))
    with catalogue(played) as one:
        by_round = effects.effects(one, "round")
        for number in (1, 2):
            episodes = list(history.episodes(number))
            own = [episode for episode in episodes if episode.reason not in ELSEWHERE]
            formed = [episode for episode in own if episode.stage not in ("dealt", "proposed")]
            tried = [episode.solve_rate for episode in episodes if episode.solve_rate is not None]
            found = effects.whole(by_round[number])
            assert found.episodes == len(episodes)
            assert found.accepted.part == sum(episode.outcome == "accepted" for episode in own)
            assert found.formed.part == len(formed) == found.novel.whole
            assert found.novel.part == sum(episode.reason not in REPEATS for episode in formed)
            assert (found.solved.part, found.solved.whole) == (sum(rate > 0 for rate in tried), len(tried))
            assert found.rates.mean == (sum(tried) / len(tried) if tried else 0)
            reasons = Counter(str(episode.reason) for episode in episodes)
            assert effects.reasons(one, "round = :n", {"n": number}) == reasons
        strata = by_round[1]
        assert effects.whole(strata) == sum(effects.by_domain(strata).values(), effects.Effect())


def test_what_a_policy_learned_is_counted_by_who_wrote_it(played: Path) -> None:
    with catalogue(played) as one:
        for policy in students.students(one):
            query = "SELECT count(*) AS n FROM learned JOIN samples ON id = sample WHERE learned.policy = :id"
            count = one.rows(query, {"id": policy.id})[0]["n"]
            assert sum(row["samples"] for row in students.lessons(one, policy.id)) == count
            assert bool(count) == bool(policy.training)
        assert {row["name"] for row in students.learners(one, "base")} == students.descendants(one, "base").keys()


def test_a_side_held_against_itself_shows_no_difference(played: Path) -> None:
    with catalogue(played) as one:
        strata = side(one).strata()
        (shares,), _ = sides.counted([sides.shares(strata, strata)], [])
        assert all(row.plain is None or (row.plain.value == 0 and not row.stays) for row in shares)
        assert not effects.mixed(strata, strata)
        refused = sides.refusals(side(one), side(one), effects.whole(strata), effects.whole(strata))
        assert all(row.a == row.b for row in refused)
        assert sides.stages(side(one), side(one, 1))[0][1:] == (48, 24)


def test_rounds_are_said_in_spans() -> None:
    assert [students.spans(some) for some in ([], [3], [1, 2], [1, 2, 3, 5])] == ["", "3", "1, 2", "1 to 3, 5"]
    held = {"generator": [1, 2], "critic": [1, 2], "solver": [2]}
    assert students.together(held) == "generator, critic in rounds 1, 2; solver in round 2"
    assert students.together({role: [1, 2, 3] for role in ROLES}) == ("every seat in rounds 1 to 3")
