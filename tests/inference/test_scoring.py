"""What an endpoint says of a text: read where it is whole, none where it was passed over, else a fault."""

import json
from typing import Any

import pytest

from noria.inference.scoring import gone_on, scored

TOLD = [None, {"7": {"logprob": -1.5}}, {"9": {"logprob": -0.5}, "3": {"logprob": -4.0}}]


def body(**more: Any) -> bytes:
    return json.dumps({"choices": [{"text": "on", "finish_reason": "stop"}], **more}).encode()


def test_logprobs_are_found_beside_the_text_of_a_completion_and_beside_the_choices_of_a_chat() -> None:
    spent = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    for said in (body(prompt_logprobs=TOLD, usage=spent), body(choices=[{"prompt_logprobs": TOLD}], usage=spent)):
        found = scored(said, 0.5)
        assert found is not None
        assert (found.nats, found.tokens, found.usage.prompt_tokens, found.seconds) == (2.0, 2, 3, 0.5)


@pytest.mark.parametrize("told", [None, [], [None], "much", [1], [{"7": {}}], [{"7": {"logprob": "low"}}]])
def test_a_text_that_was_passed_over_has_no_score(told: Any) -> None:
    assert scored(body(prompt_logprobs=told), 0.0) is None


@pytest.mark.parametrize(
    "said",
    [b"", b"no JSON", b"[]", b"{}", b'{"choices": {}}', b"[" * 100_000, body(usage={"prompt_tokens": -1}),
     body(choices=[]), body(choices=[{}])],
)  # fmt: skip
def test_what_is_no_completion_is_a_fault_of_transport(said: bytes) -> None:
    with pytest.raises(ValueError):
        gone_on(said, 0.0)


def test_a_text_with_half_a_character_is_gone_on_with() -> None:
    found = gone_on(b'{"choices": [{"text": "a\\ud800", "finish_reason": "length"}]}', 0.0)
    assert (found.replies, found.finish) == (("a\ufffd",), ("length",))
