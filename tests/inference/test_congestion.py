"""The window of an endpoint, against servers that exist only as arithmetic: no clock runs and nothing is waited for."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.inference.congestion import Congestion
from noria.inference.replicas import Replica, Replicas


@dataclass
class Server:
    """Works on so many calls at once, each for so long; the others wait their turn."""

    slots: int
    service: Callable[[Random], float]
    grows: float = 0.0
    """Share by which each further call in its batch makes an answer slower."""
    full: int = 10**9
    """Calls it may have; it refuses any more."""
    running: int = 0
    queue: list[float] = field(default_factory=list)

    @property
    def held(self) -> int:
        return self.running + len(self.queue)


@dataclass
class Seen:
    """What a simulation came to, over its second half."""

    answers: int = 0
    refusals: int = 0
    seconds: float = 0.0
    queued: float = 0.0
    """Mean calls in the server's queue as another came."""
    limits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def simulated(
    server: Server, bound: int, *, answers: int = 6000, tells: bool = False, fixed: int = 0, seed: int = 1
) -> Seen:
    """A caller that always has another call, through a window or (`fixed`) with so many in flight."""
    window, rng, seen, number = Congestion(bound), Random(seed), Seen(), count()
    clock, in_flight, done, begun, queues = 0.0, 0, 0, 0.0, [0, 0]
    if not tells:
        window.blind()
    events: list[tuple[float, int, str, tuple[float, int]]] = [(1.0, -1, "told", (0.0, 0))]

    def work(came: float, epoch: int) -> None:
        server.running += 1
        took = server.service(rng) * (1 + server.grows * server.running)
        heapq.heappush(events, (clock + took, next(number), "answer", (came, epoch)))

    waiting: list[tuple[float, int]] = []
    while done < answers:
        while in_flight < fixed if fixed else window.room(in_flight):
            in_flight += 1
            epoch = window.began(in_flight)
            queues = [queues[0] + len(waiting), queues[1] + 1]
            if server.running + len(waiting) >= server.full:
                heapq.heappush(events, (clock + 0.01, next(number), "refusal", (clock, epoch)))
            elif server.running < server.slots:
                work(clock, epoch)
            else:
                waiting.append((clock, epoch))
        clock, _, what, (came, epoch) = heapq.heappop(events)
        if what == "told":
            if tells:
                window.told(server.running, len(waiting), 0.0, in_flight)
            heapq.heappush(events, (clock + 1.0, next(number), "told", (0.0, 0)))
            continue
        in_flight -= 1
        if what == "refusal":
            window.refused(epoch)
            seen.refusals += 1
            continue
        done += 1
        server.running -= 1
        window.ended(epoch, clock - came, 1.0)
        if waiting:
            work(*waiting.pop(0))
        seen.limits.append(window.limit)
        if done == answers // 2:
            begun, queues, seen.refusals = clock, [0, 0], 0
    seen.answers, seen.seconds, seen.queued = answers - answers // 2, clock - begun, queues[0] / max(1, queues[1])
    return seen


def steadily(rng: Random) -> float:
    return 0.1 * rng.uniform(0.8, 1.2)


def wildly(rng: Random) -> float:
    return 0.1 * rng.expovariate(1.0)


@pytest.mark.parametrize("tells", [False, True], ids=["mute", "tells its queue"])
@pytest.mark.parametrize(
    ("slots", "service"), [(4, steadily), (20, steadily), (20, wildly), (48, steadily), (48, wildly)]
)
def test_the_window_settles_near_the_best_there_is_with_a_short_queue(
    slots: int, service: Callable[[Random], float], tells: bool
) -> None:
    best = simulated(Server(slots, service), 64, fixed=64)
    found = simulated(Server(slots, service), 64, tells=tells)
    assert found.rate > 0.9 * best.rate
    assert found.queued < max(2, slots * 2 / 3)
    assert best.queued > found.queued


def test_what_a_batch_gains_is_not_given_away_for_latency() -> None:
    """A batch of 64 answers three times as slowly as one call alone, and twenty times as much."""
    server = {"slots": 64, "service": steadily, "grows": 2 / 64}
    best = simulated(Server(**server), 64, fixed=64)  # type: ignore[arg-type]
    assert simulated(Server(**server), 64).rate > 0.9 * best.rate  # type: ignore[arg-type]


def test_a_server_with_room_for_all_is_given_all() -> None:
    found = simulated(Server(64, steadily), 64, tells=True)
    assert min(found.limits) == 64


def test_refusals_bring_the_window_below_what_is_refused() -> None:
    found = simulated(Server(10, steadily, full=16), 64)
    best = simulated(Server(10, steadily), 64, fixed=16)
    assert found.rate > 0.85 * best.rate
    assert found.refusals < found.answers / 10


def test_a_server_that_grows_is_followed() -> None:
    window = Congestion(64)
    for _ in range(2):
        window.told(8, 56, 0.5, 64)
    small = window.limit
    assert small <= 32
    for _ in range(40):
        window.told(int(window.limit), 0, 0.5, int(window.limit))
    assert window.limit == 64


def test_one_reading_of_a_long_queue_is_no_crowd_and_a_full_cache_gets_no_more() -> None:
    window = Congestion(64)
    window.told(8, 56, 0.5, 64)
    assert window.limit == 64
    window.told(64, 0, 0.5, 64)
    for _ in range(2):
        window.told(8, 56, 0.5, 64)
    before = window.limit
    window.told(32, 0, 0.95, int(before))
    assert window.limit == before


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("began"), st.integers(1, 400)),
        st.tuples(st.just("ended"), st.floats(0, 1e6), st.floats(0, 1e9)),
        st.tuples(st.just("refused")),
        st.tuples(
            st.just("told"), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1), st.integers(0, 400)
        ),
        st.tuples(st.just("blind")),
    ),
    max_size=300,
)  # fmt: skip


@given(st.integers(1, 300), EVENTS)
@settings(max_examples=150, deadline=None)
def test_the_window_is_never_below_one_and_never_above_the_bound(bound: int, events: list[tuple[object, ...]]) -> None:
    window, epochs = Congestion(bound), [0]
    for what, *said in events:
        match what:
            case "began":
                epochs.append(window.began(*said))  # type: ignore[arg-type]
            case "ended":
                window.ended(epochs[-1], *said)  # type: ignore[arg-type]
            case "refused":
                window.refused(epochs[-1])
            case "told":
                window.told(*said)  # type: ignore[arg-type]
            case _:
                window.blind()
        assert 1 <= window.limit <= bound
        assert window.room(0)
        assert not window.room(bound)


def test_two_replicas_of_unlike_speed_are_both_kept_busy() -> None:
    """One answers four times as fast; the calls of one line keep the slots of both full."""
    fast, slow = (Replica(f"http://{name}/v1", "", Congestion(64)) for name in ("fast", "slow"))
    fast.congestion.blind()
    slow.congestion.blind()
    replicas, rng, number = Replicas([fast, slow]), Random(3), count()
    slots, service = {fast: 16, slow: 16}, {fast: 0.1, slow: 0.4}
    waiting: dict[Replica, list[tuple[float, int]]] = {fast: [], slow: []}
    running, busy, clock, done = {fast: 0, slow: 0}, {fast: 0.0, slow: 0.0}, 0.0, 0
    events: list[tuple[float, int, Replica, float, int]] = []

    def work(one: Replica, came: float, epoch: int) -> None:
        running[one] += 1
        took = service[one] * rng.uniform(0.7, 1.3)
        heapq.heappush(events, (clock + took, next(number), one, came, epoch))

    while done < 8000:
        while any(one.congestion.room(one.in_flight) for one in (fast, slow)) and fast.in_flight + slow.in_flight < 64:
            one = replicas.choose()
            assert one is not None
            epoch = one.congestion.began(one.in_flight)
            if running[one] < slots[one]:
                work(one, clock, epoch)
            else:
                waiting[one].append((clock, epoch))
        before = clock
        clock, _, one, came, epoch = heapq.heappop(events)
        if done > 2000:
            for each in (fast, slow):
                busy[each] += (clock - before) * running[each] / slots[each]
        else:
            begun = clock
        done += 1
        running[one] -= 1
        one.congestion.ended(epoch, clock - came, 1.0)
        replicas.back(one)
        if waiting[one]:
            work(one, *waiting[one].pop(0))
    assert busy[fast] / (clock - begun) > 0.9
    assert busy[slow] / (clock - begun) > 0.9
