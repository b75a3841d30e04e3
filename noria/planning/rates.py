"""How fast a machine does what a plan asks of it: tokens a second of prompts, of replies and of training, as draws.

    session      the seconds of the session's own machine
    measured     a row of the table, tokens a second through the whole graph
    computed     a roofline of what the machine is made of

A model of P parameters in bfloat16 weighs W = 2·P bytes.

    decoding     t = s + max((W + b·c·κ) / (β·B), 2·P·b / (φ·F))     seconds a step of b requests: b / t tokens a second
    prompts      q / (s + 2·P·q / (φ·F))                             tokens a second, q of them read in one step
    training     φ·F / (4·P)                                         tokens a second

B is bandwidth, F dense FLOP/s, β and φ the shares of them that are reached, s what a step takes besides, c the mean
context, κ the bytes of a token in the KV cache. A step reads all weights once, whoever shares it, until arithmetic
binds (the roofline: Williams, Waterman and Patterson, 2009; for transformers Pope et al., arXiv 2211.05102). A token
takes 2·P operations forward and twice that backward (Kaplan et al., arXiv 2001.08361); of the latter an adapter needs
only what flows through the frozen weights, so 4·P in all and not 6·P. κ = 131,072·(P / 8.03e9)^0.42 is fitted to the
shapes of SmolLM2-135M, Llama 3 8B and 70B (23, 131 and 328 kB). A cached prefix is not reckoned with: prompts may be
read faster. Where a model does not fit on one device it is split over the fewest that hold it; φ and β lose a share.
"""

from dataclasses import dataclass
from typing import Literal

import numpy
from numpy.typing import NDArray

from noria.errors import ConfigError
from noria.planning.hardware import Device, Machine, Range, table
from noria.planning.profile import Profile
from noria.types import Noun

Draws = NDArray[numpy.float64]

BYTES = 2
"""Of a parameter in bfloat16."""

CACHE, CACHE_AT, CACHE_POWER = 131_072.0, 8.03e9, 0.42

ROOM = 2.0
"""Contexts of mean length that a request is given room for in the cache: some are longer."""


class Figure(Noun):
    """A figure that a plan rests on."""

    name: str
    low: float
    high: float
    unit: str
    kind: Literal["measured", "published", "computed", "given"]
    source: str


@dataclass(frozen=True, slots=True)
class Rates:
    """What a machine does, as draws."""

    prompt: Draws
    """Tokens a second, over all devices."""
    completion: Draws
    train: Draws
    start: Draws
    """Seconds of a server's start."""
    figures: tuple[Figure, ...]
    own: bool = False
    """Whether it is the session's own machine, whose seconds hold checks, Noria and starts already."""


def rates(
    machine: Machine | None, profile: Profile, parameters: float, random: numpy.random.Generator, draws: int
) -> Rates:
    """The rates of a machine, or without one of the machine that the profile's session was played on.

    Raises:
        ConfigError: the model does not fit, or the profile has no seconds to go by.
    """
    if machine is None:
        return _own(profile, parameters, draws)
    if machine.device.measured is not None:
        return _measured(machine, parameters, random, draws)
    return _roofline(machine, profile, parameters, random, draws)


def log_uniform(random: numpy.random.Generator, ends: Range, draws: int) -> Draws:
    """A figure of which only the ends are known, as likely in each octave between them."""
    low, high = ends
    return numpy.exp(random.uniform(numpy.log(low), numpy.log(high), draws))


def _own(profile: Profile, parameters: float, draws: int) -> Rates:
    if not profile.play_seconds:
        raise ConfigError(
            f"The profile of {profile.session!r} has no seconds of its own machine.", mend="Name a --hardware."
        )
    smaller = profile.parameters / parameters
    play = profile.play_tokens / profile.play_seconds * smaller
    train = profile.taught.tokens / profile.taught.seconds * smaller if profile.taught.seconds else float("inf")
    source = f"the session {profile.session}, {profile.played}, prompts included"
    kind: Literal["measured", "computed"] = "measured" if smaller == 1 else "computed"
    scaled = "" if smaller == 1 else ", for a model of another size"
    figures = (
        Figure(name="tokens played", low=play, high=play, unit="tokens/s", kind=kind, source=source + scaled),
        Figure(name="tokens trained", low=train, high=train, unit="tokens/s", kind=kind, source=source + scaled),
    )
    full = numpy.ones(draws)
    return Rates(play * full, play * full, train * full, 0 * full, figures, own=True)


def _measured(machine: Machine, parameters: float, random: numpy.random.Generator, draws: int) -> Rates:
    seen = machine.device.measured
    assert seen is not None
    scale = machine.count * seen.parameters / parameters
    ends = [(one[0] * scale, one[1] * scale) for one in (seen.tokens_second, seen.train_tokens_second)]
    sized = "" if scale == 1 else f"computed, for {machine.count} and a model of this size, from what was "
    figures = (
        said("tokens played", ends[0], "tokens/s", sized + seen.tokens_source),
        said("tokens trained", ends[1], "tokens/s", sized + seen.train_source),
        said("a server's start", machine.device.start, "s", machine.device.start_source),
    )
    play, train = (log_uniform(random, one, draws) for one in ends)
    return Rates(play, play, train, log_uniform(random, machine.device.start, draws), figures)


def _roofline(
    machine: Machine, profile: Profile, parameters: float, random: numpy.random.Generator, draws: int
) -> Rates:
    device, known = machine.device, table()
    group = split(machine, parameters)
    copies, weights = machine.count // group, BYTES * parameters
    calls = sum(seat.calls for seat in profile.seats.values()) or 1.0
    asked = sum(seat.prompt.mean for seat in profile.seats.values()) / calls
    context = asked + sum(seat.completion.mean for seat in profile.seats.values()) / calls / 2
    token = CACHE * (parameters / CACHE_AT) ** CACHE_POWER
    free = known.serving.memory * device.memory * group - weights
    batch = max(1.0, min(float(known.serving.batch), free / (ROOM * context * token)))
    lost = log_uniform(random, known.serving.split, draws) if group > 1 else numpy.ones(draws)
    compute = log_uniform(random, known.serving.compute, draws) * lost * device.flops * group
    bandwidth = log_uniform(random, known.serving.bandwidth, draws) * lost * device.bandwidth * group
    besides, chunk = log_uniform(random, known.serving.step, draws), known.serving.chunk
    step = besides + numpy.maximum((weights + batch * context * token) / bandwidth, 2 * parameters * batch / compute)
    train = log_uniform(random, known.training.compute, draws) * device.flops * machine.count / (4 * parameters)
    completion, prompt = copies * batch / step, copies * chunk / (besides + 2 * parameters * chunk / compute)
    parted = f"{copies} {'copies' if copies > 1 else 'copy'} of {group} device{'s' * (group > 1)}"
    how = f"{parted}, {batch:.0f} requests at once in each"
    figures = [
        _spanned("tokens decoded", completion, f"roofline, {how}"),
        _spanned("prompt tokens read", prompt, f"roofline, {how}"),
        _spanned("tokens trained", train, "roofline, 4·P operations a token, adapters"),
        said("bandwidth", (device.bandwidth, device.bandwidth), "B/s", device.sheet),
        said("bfloat16, dense", (device.flops, device.flops), "FLOP/s", device.sheet),
        *_shares(device),
    ]  # fmt: skip
    return Rates(prompt, completion, train, log_uniform(random, device.start, draws), tuple(figures))


def split(machine: Machine, parameters: float) -> int:
    """Devices that hold the model together: the smallest power of two whose memory does, with a tenth to spare.

    Raises:
        ConfigError: all of them do not.
    """
    room = table().serving.memory * machine.device.memory
    group = 1
    while group * room < 1.1 * BYTES * parameters:
        group *= 2
    if group > machine.count:
        raise ConfigError(
            f"A model of {parameters:.3g} parameters takes {BYTES * parameters / 1e9:,.0f} GB and does not fit on "
            f"{machine.count} of {machine.name} with {machine.device.memory / 1e9:.0f} GB each.",
            mend=f"Plan with `{machine.name}x{group}`, or another --hardware.",
        )
    return group


def _spanned(name: str, draws: Draws, source: str) -> Figure:
    low, high = numpy.quantile(draws, (0.05, 0.95))
    return Figure(name=name, low=low, high=high, unit="tokens/s", kind="computed", source=source)


def _shares(device: Device) -> list[Figure]:
    serving, training = table().serving, table().training
    told = [
        ("of the bandwidth, decoding", serving.bandwidth, "", serving.source),
        ("of the FLOP/s, prompts", serving.compute, "", serving.source),
        ("of the FLOP/s, training", training.compute, "", training.source),
        ("of a decoding step besides", serving.step, "s", serving.step_source),
        ("a server's start", device.start, "s", device.start_source),
    ]
    return [said(name, ends, unit, source) for name, ends, unit, source in told]


def said(name: str, ends: Range, unit: str, source: str) -> Figure:
    """A figure of the table, whose source begins with what kind it is."""
    kind, _, rest = source.partition(" ")
    kind = kind.strip(",:")
    assert kind in ("measured", "published", "computed"), source
    return Figure(name=name, low=ends[0], high=ends[1], unit=unit, kind=kind, source=rest.strip())
