"""How many rows go through a model at once, and by which attention: bounded by memory, and a divisor of the batch."""

from hypothesis import given
from hypothesis import strategies as st

from noria.training.pace import COPIES, LOGITS, SHORT, attention, together


@given(st.integers(1, 64), st.integers(1, 4096), st.integers(1, 200_000))
def test_what_goes_together_divides_the_batch_and_its_logits_fit(batch: int, longest: int, vocabulary: int) -> None:
    rows = together(batch, longest, vocabulary)
    assert batch % rows == 0
    assert rows == 1 or rows * longest * vocabulary * COPIES <= LOGITS
    more = [one for one in range(rows + 1, batch + 1) if batch % one == 0]
    assert all(one * longest * vocabulary * COPIES > LOGITS for one in more[:1])


def test_short_rows_are_read_by_plain_attention_where_no_gpu_is() -> None:
    assert (attention(SHORT, gpu=False), attention(SHORT + 1, gpu=False), attention(8, gpu=True)) == (
        "eager", "sdpa", "sdpa",
    )  # fmt: skip
