"""No attempt is spared that could have brought a task's solve rate back into the band."""

import pytest

from noria.evaluators.band import Band, fewest, outside

BANDS = [(0.0, 1.0), (0.0, 0.5), (0.25, 0.75), (0.3, 0.7), (0.5, 0.5), (0.1, 1.0), (1.0, 1.0)]


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_decided_is_what_no_other_attempts_could_change(count: int, band: Band) -> None:
    low, high = band
    for made in range(count + 1):
        for passed in range(made + 1):
            ends = [passed + more for more in range(count - made + 1)]
            inside = any(low <= end / count <= high for end in ends)
            # What may still end above or below, and not inside, is not decided before it is known which.
            above, below = ends[0] / count > high, ends[-1] / count < low
            assert outside(passed, made - passed, count, band) == (above or below)
            assert not (outside(passed, made - passed, count, band) and inside)


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_the_fewest_are_those_that_decide_when_all_are_alike(count: int, band: Band) -> None:
    least = fewest(count, band)
    for made in range(1, least):
        assert not any(outside(passed, made - passed, count, band) for passed in range(made + 1))
    assert least == count or outside(least, 0, count, band) or outside(0, least, count, band)
    assert fewest(count, (0.0, 1.0)) == count
