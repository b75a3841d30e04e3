"""A large run, foreseen: what it takes, and which of its stages binds.

    episodes      target / acceptance
    play          longest of   generate + solve + judge    the model's servers
                               verify                      the checks, on the hosts' cores
                               schedule                    Noria itself, in one process or several
    a round       play ─► train ─► examine, and starts of servers where a student needs one of its own
    disk          what an episode leaves, an adapter a round, merged weights where they are served so
    money         hours · devices · price

Servers decode while checks run and Noria keeps books, so of the three only the longest is waited for; on a machine
whose cores they share they add up. Rounds follow one another: the next is played by the student of the last. The stage
that binds is the one that most of the time is spent waiting for. Every figure is 4,000 draws; what is shown of them is
the middle, and the ends that nine in ten lie between.
"""

from collections.abc import Mapping

import numpy

from noria.errors import ConfigError
from noria.planning import notes
from noria.planning.expecting import PACE, drift, seatings, share, tokens
from noria.planning.hardware import Machine, table
from noria.planning.profile import Profile
from noria.planning.rates import BYTES, Draws, Figure, log_uniform, rates, said
from noria.types import Noun

DRAWS = 4000

STAGES = ("generate", "solve", "judge", "verify", "schedule", "train", "examine", "start")

ADAPTER_POWER = 2 / 3
"""An adapter of one rank grows with layers times width, a model with layers times width squared."""


class Span(Noun):
    """A figure as far as it can be known: nine in ten draws lie between the ends."""

    low: float
    mid: float
    high: float


class Plan(Noun):
    """What a run will take."""

    target: int
    """Accepted episodes."""
    hardware: str
    machine: str
    """What the hardware is, in words."""
    parameters: float
    rounds: int
    profile: Profile
    acceptance: Span
    episodes: Span
    prompt_tokens: Span
    completion_tokens: Span
    train_tokens: Span
    """Read by trainings, epochs included."""
    stages: dict[str, Span]
    """Seconds of each, were it alone."""
    binds: str
    """The stage that most of the time is waited for,"""
    bound: float
    """and its share of that time."""
    seconds: Span
    money: Span
    """US dollars."""
    price: Figure
    disk: Span
    """Bytes."""
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def span(draws: Draws) -> Span:
    """The middle of some draws, and the ends that nine in ten lie between."""
    low, mid, high = (float(one) for one in numpy.quantile(draws, (0.05, 0.5, 0.95)))
    return Span(low=low, mid=mid, high=high)


def foresee(
    profile: Profile, target: int, machine: Machine | None, *, parameters: float = 0.0, rounds: int = 10,
    price: float | None = None, processes: int = 1,
) -> Plan:  # fmt: skip
    """Plan a run to `target` accepted episodes; without a machine, on the one that the profile's session was played on.

    `parameters` are the model's where it is not the profile's; `price` is US dollars an hour of one device;
    `processes` of Noria play batches side by side.

    Raises:
        ConfigError: the model does not fit, or nothing was accepted to plan from.
    """
    if not profile.accepted:
        raise ConfigError(
            f"In the session {profile.session!r} nothing was accepted, so no number of episodes is enough.",
            mend="Plan from another one.",
        )
    random, size = numpy.random.default_rng(0), parameters or profile.parameters
    speed = rates(machine, profile, size, random, DRAWS)
    accepted = share(profile, random, DRAWS)
    episodes = target / accepted
    more = drift(random, DRAWS)
    asked = {name: tokens(profile, seat, episodes * more, random) for name, seat in profile.seats.items()}
    held, own = _held(profile, rounds, random)
    curated = profile.curate
    exams = (held[0] + target * curated.prompt, held[1] + target * curated.completion)
    read = target * profile.taught.read((rounds - 1) / rounds) * drift(random, DRAWS)
    server = {name: prompt / speed.prompt + reply / speed.completion for name, (prompt, reply) in asked.items()}
    if speed.own:
        pace = drift(random, DRAWS, PACE)
        stages = {name: one * pace for name, one in server.items()}
        stages |= {
            "train": read / speed.train * pace,
            "examine": (own + target * curated.seconds) * pace * size / profile.parameters,
        }
        stages |= {name: numpy.zeros(DRAWS) for name in ("verify", "schedule", "start")}
    else:
        assert machine is not None
        stages = server | _hosted(profile, machine, episodes, processes, random)
        stages |= {
            "train": read / speed.train,
            "examine": exams[0] / speed.prompt + exams[1] / speed.completion,
            "start": speed.start * (1 + rounds * machine.device.merged),
        }
    waited = _waited(stages, shared=machine is not None and machine.device.shared)
    total = numpy.sum(list(waited.values()), axis=0)
    middle = {name: float(numpy.mean(one / total)) for name, one in waited.items()}
    binds = max(middle, key=lambda name: middle[name])
    asks = price if price is not None else machine.device.price if machine else 0.0
    count = machine.count if machine else 1
    prompts = sum((prompt for prompt, _ in asked.values()), exams[0])
    replies = sum((reply for _, reply in asked.values()), exams[1])
    return Plan(
        target=target, hardware=f"{machine.name}x{machine.count}" if machine else "session",
        machine=f"{machine.count} × {machine.device.name}" if machine else f"the machine of {profile.session}",
        parameters=size, rounds=rounds, profile=profile, acceptance=span(accepted), episodes=span(episodes),
        prompt_tokens=span(prompts), completion_tokens=span(replies), train_tokens=span(read),
        stages={name: span(stages[name]) for name in STAGES}, binds=binds, bound=middle[binds],
        seconds=span(total), money=span(total / 3600 * count * asks), price=_price(asks, price is not None, machine),
        disk=span(episodes * profile.disk.episode + _weights(profile, size, rounds, machine)),
        figures=(*speed.figures, *_host(machine)),
        notes=notes.notes(
            profile, target, rounds, size, float(numpy.median(episodes)), float(numpy.median(read)), random, binds
        ),
    )  # fmt: skip


def _held(profile: Profile, rounds: int, random: numpy.random.Generator) -> tuple[tuple[Draws, Draws], Draws]:
    """What exams ask over the rounds (prompts, replies), and their seconds on the session's own machine."""
    seats, more = seatings(profile, rounds, random, DRAWS), drift(random, DRAWS)

    def over(pick: str) -> Draws:
        one, other = (float(getattr(aside, pick)) for aside in (profile.exams, profile.seating))
        return (rounds * one + seats * other) * more

    return (over("prompt"), over("completion")), over("seconds")


def _hosted(
    profile: Profile, machine: Machine, episodes: Draws, processes: int, random: numpy.random.Generator
) -> dict[str, Draws]:
    known, cores = table(), machine.device.cores * machine.count
    checks = log_uniform(random, known.checks.seconds, DRAWS)
    return {
        "verify": episodes * profile.answers * checks / cores,
        "schedule": episodes * log_uniform(random, known.orchestration.seconds, DRAWS) / processes,
    }


def _waited(stages: Mapping[str, Draws], *, shared: bool) -> dict[str, Draws]:
    """What of each stage is waited for: of what runs at the same time, the longest."""
    if shared:
        return dict(stages)
    served = stages["generate"] + stages["solve"] + stages["judge"]
    longest = numpy.maximum(served, numpy.maximum(stages["verify"], stages["schedule"]))
    found = dict(stages)
    for name in ("generate", "solve", "judge"):
        found[name] = numpy.where(served >= longest, stages[name], 0.0)
    for name in ("verify", "schedule"):
        found[name] = numpy.where((stages[name] >= longest) & (served < longest), stages[name], 0.0)
    return found


def _weights(profile: Profile, size: float, rounds: int, machine: Machine | None) -> float:
    merged = machine.device.merged if machine else True
    adapter = profile.disk.adapter * (size / profile.parameters) ** ADAPTER_POWER
    return float(BYTES * size * (1 + rounds * merged) + rounds * adapter)


def _price(asks: float, given: bool, machine: Machine | None) -> Figure:
    if given:
        return Figure(name="price", low=asks, high=asks, unit="$/h a device", kind="given", source="--price-hour")
    source = machine.device.price_source if machine else "computed, a machine that is there already"
    return said("price", (asks, asks), "$/h a device", source)


def _host(machine: Machine | None) -> list[Figure]:
    if machine is None:
        return []
    known, device = table(), machine.device
    return [
        said("a check, of a core", known.checks.seconds, "s", known.checks.source),
        said("Noria, an episode", known.orchestration.seconds, "s", known.orchestration.source),
        *([said("host cores a device", (device.cores, device.cores), "", device.cores_source)] if device.cores_source
          else []),
    ]  # fmt: skip
