"""The form of an answer: whatever is right has it, most of what is wrong has it, and what is none has not."""

import random

import pytest

from noria.evaluators.registry import SHIPPED, domains
from noria.identity import stream

KNOWN, _ = domains({kind.name: kind.levels for kind in SHIPPED})
EVERY = [(name, level) for name, kind in KNOWN.items() for level in kind.levels]


@pytest.mark.parametrize(("name", "level"), EVERY)
def test_a_right_answer_has_the_form_of_one(name: str, level: int) -> None:
    domain, rng = KNOWN[name], stream("formed", name, level)
    for _ in range(30):
        point = domain.sample(level, rng)
        assert domain.formed(domain.ground(point), domain.truth(point, rng)), domain.truth(point, rng)


@pytest.mark.parametrize("name", ["arithmetic", "units", "text_ops"])
def test_a_wrong_answer_may_have_the_form_and_talk_has_not(name: str) -> None:
    domain, rng = KNOWN[name], random.Random(3)
    wrong = [domain.sample(1, rng) for _ in range(30)]
    formed = [domain.formed(domain.ground(one), domain.wrong(one, rng)) for one in wrong]
    assert sum(formed) >= 15
    for said in ("", "   ", "I would like to help you with that, but it is not quite clear what is wanted here.",
                 "a" * 5000, "\ud800"):  # fmt: skip
        if said != "\ud800":
            assert not domain.formed(domain.ground(wrong[0]), said), said
