"""A domain of your own: what the clock shows some minutes later.

    domain_files: [clock.py]
    domains: {clock: [1, 2]}

One file with one class is all. `tests/evaluators/test_own_domain.py` holds it to what must
hold of every domain: its phrasings say its parameters, its truth passes, its wrong answers
never do.
"""

import random
import re
from typing import ClassVar, Literal

from noria.evaluators.domain import Domain, Parameters, choose, proposal
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding, Json

DAY = 24 * 60

FRAMES = (
    "It is {start}. What time is it {n} minutes {way}?",
    "What time is it {n} minutes {way} {start}?",
    "The clock shows {start}. Give the time {n} minutes {way}.",
    "Which time is {n} minutes {way} {start}?",
)
WAYS = {"later": ("later", "after"), "earlier": ("earlier", "before")}
ENDINGS = ("", " Answer as hours:minutes.")
MINUTES = {1: ((5, 15), (16, 30)), 2: ((31, 90), (91, 240))}

_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")


class Point(Parameters):
    """A time of the day and a distance."""

    skill: Literal["later", "earlier"]
    hour: int
    minute: int
    minutes: int


class Clock(Domain):
    """Times of the day, forwards and backwards."""

    name: ClassVar[str] = "clock"
    about: ClassVar[str] = "The time of the day some minutes later or earlier."
    levels: ClassVar[tuple[int, ...]] = (1, 2)
    parameters = Point
    answer_tokens: ClassVar[int] = 16
    unique: ClassVar[bool] = True

    def skills(self, level: int) -> tuple[str, ...]:
        """Forwards and backwards."""
        return ("later", "earlier")

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A way, an hour, and how far."""
        hours = sorted(rng.sample(range(24), 4))
        return {"skill": choose(self, level, rng, weak), "hours": hours, "minutes": list(rng.choice(MINUTES[level]))}

    def schema(self, level: int, window: Json) -> Json:
        """The way, the time, the distance, the wording."""
        low, high = window["minutes"]
        return proposal(
            {
                "skill": {"const": window["skill"]},
                "hour": {"enum": window["hours"]},
                "minute": {"type": "integer", "minimum": 0, "maximum": 59},
                "minutes": {"type": "integer", "minimum": low, "maximum": high},
            }
        )

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """A time and a distance of the window."""
        dealt = window or self.window(level, rng)
        far = rng.randint(*dealt["minutes"])
        return Point(skill=dealt["skill"], hour=rng.choice(dealt["hours"]), minute=rng.randint(0, 59), minutes=far)

    def ground(self, parameters: Parameters) -> Grounding:
        """The other time."""
        assert isinstance(parameters, Point)
        start = parameters.hour * 60 + parameters.minute
        end = start + parameters.minutes * (1 if parameters.skill == "later" else -1)
        answer = f"{end % DAY // 60:02}:{end % 60:02}"
        signature = f"{start}:{parameters.skill}:{parameters.minutes}"
        return Grounding(verifier=self.verifier, facts={"answer": answer}, signature=signature)

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """One of four frames and two endings."""
        assert isinstance(parameters, Point)
        frame = rng.choice(FRAMES)
        way = WAYS[parameters.skill]["{way} {start}" in frame]
        start = f"{parameters.hour:02}:{parameters.minute:02}"
        text = frame.replace("{start}", start).replace("{n}", str(parameters.minutes)).replace("{way}", way)
        return text + rng.choice(ENDINGS)

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The time, the distance, the way, and no other number."""
        assert isinstance(parameters, Point)
        times = [(int(hour), int(minute)) for hour, minute in _TIME.findall(instruction)]
        rest = _TIME.sub(" ", instruction.lower())
        far = [int(number) for number in re.findall(r"\d+", rest)]
        ways = {way for way, words in WAYS.items() if any(re.search(rf"\b{word}\b", rest) for word in words)}
        said = (times, far, ways) == (
            [(parameters.hour, parameters.minute)], [parameters.minutes], {parameters.skill},
        )  # fmt: skip
        return Check.of("wording", said, f"names the times {times}, the minutes {far}, the ways {sorted(ways)}")

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The last time a response names."""
        found = [f"{int(hour):02}:{minute}" for hour, minute in _TIME.findall(response[:1000])]
        expected = grounding.facts["answer"]
        said = found[-1] if found else "no time"
        return (Check.of("answer", said == expected, f"expected {expected}, found {said}"),)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The time."""
        return str(self.ground(parameters).facts["answer"])

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A few minutes off, the other way, or the time it was."""
        assert isinstance(parameters, Point)
        away = rng.choice((1, -1, 10, -10, 60))
        end = parameters.model_copy(update={"minutes": parameters.minutes + away})
        return str(self.ground(end).facts["answer"])
