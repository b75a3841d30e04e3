import random

import pytest

from noria.evaluators.fitting import fits
from noria.identity import stream
from noria.inference.puppet import filled
from tests.build import SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_what_fills_a_window_fits_it(name: str) -> None:
    domain = SHIPPED[name]
    for at in range(40):
        rng = stream("fitting", name, at)
        schema = domain.schema(1, domain.window(1, rng, weak=(), topic=""))
        value = filled(schema, random.Random(at))
        assert fits(schema, value), (schema, value)
        assert not fits(schema, {**value, "more": 1})
        assert not fits(schema, {key: one for key, one in value.items() if key != "skill"})
        assert not fits(schema, {**value, "instruction": 3})


@pytest.mark.parametrize(
    ("schema", "value", "good"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3, True),
        ({"type": "integer", "minimum": 1, "maximum": 3}, 4, False),
        ({"type": "integer"}, True, False),
        ({"enum": [1, "a"]}, "a", True),
        ({"enum": [1]}, True, False),
        ({"const": "x"}, "y", False),
        ({"anyOf": [{"const": 1}, {"type": "boolean"}]}, False, True),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True}, [1, 2], True),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, [1, 1], False),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1], False),
        ({"type": "string", "maxLength": 2}, "abc", False),
        ({"type": "object"}, [], False),
    ],
)
def test_a_value_fits_a_schema_or_not(schema: dict[str, object], value: object, good: bool) -> None:
    assert fits(schema, value) is good
