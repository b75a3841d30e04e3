"""A compressed template is the template with something deleted: its fields, its roles and its blocks stand."""

import re

import pytest

from noria.errors import ConfigError
from noria.identity import stream
from noria.prompts import Template, Templates
from noria.prompts.compression import Unit, compressed, size, told, units, without
from noria.prompts.lint import examples

TEMPLATES = Templates()
BLOCKS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


def drawn(template: Template, name: str) -> dict[Unit, float]:
    """A cost of each unit as some model might tell it."""
    rng = stream(name, template.name)
    return {one: rng.uniform(-1, 20) for one in units(template)}


@pytest.mark.parametrize("name", sorted(TEMPLATES.versions()))
def test_whatever_goes_the_rest_is_a_template_that_asks_for_the_same(name: str) -> None:
    old = TEMPLATES[name]
    for turn in range(2):
        new = compressed(old, drawn(old, f"cost {turn}"), 0.5)
        assert size(old.text, name) >= size(new.text, name) >= 0.5 * size(old.text, name)
        assert BLOCKS.findall(new.text) == BLOCKS.findall(old.text)
        assert new.text.split("---\n")[1] == old.text.split("---\n")[1]
        left = iter(old.text)
        assert all(letter in left for letter in new.text), "something was added"
        said = new.render(examples(new))
        assert [one.role for one in said] == [one.role for one in old.render(examples(old))]
        assert all(one.content for one in said)


def test_what_tells_least_a_word_goes_first() -> None:
    old = TEMPLATES["judge"]
    cheap = next(one for one in units(old) if old.text[one.start : one.end] == "Say accept or reject.")
    costs = {one: 0.0 if one == cheap else 50.0 * one.words for one in units(old)}
    new = compressed(old, costs, 0.84)
    assert new.text == without(old.text, [cheap])
    assert "  " not in new.text.split("user:")[1]


def test_no_role_is_left_empty() -> None:
    text = (
        "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\nsystem:\nBe brief.\nuser:\n{{ instruction }}\n"
    )
    old = Template.parse(text, "solver")
    new = compressed(old, dict.fromkeys(units(old), 0.0), 0.01)
    assert all(one.content for one in new.render({"instruction": "x"}))


def test_by_program_whole_sentences_go_those_first_that_say_nothing_new() -> None:
    old = TEMPLATES["judge"]
    costs = told(old)
    said = {old.text[one.start : one.end]: cost for one, cost in costs.items()}
    assert said["Say accept or reject."] == 0
    assert all(one.words > 1 for one in costs)


def test_a_share_is_a_share() -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        compressed(TEMPLATES["judge"], {}, 1.0)
