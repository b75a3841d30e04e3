"""What can befall a call on its way, and when: a seeded plan of faults.

    call 0, 1, 2 …  ─► clear (first) ─► storm (calls, a share of them at fault) ─► clear again

Which call meets which fault follows from the plan, its seed and the call's number alone, so
a storm that was seen once can be had again. Every plan ends: what comes after it is the
proof that nothing was broken by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson

from noria.identity import stream

Fault = Literal[
    "reset", "500", "503", "429", "429-after", "429-absurd", "stall", "late", "drip", "trickle", "midway", "die",
    "cut", "malformed", "other", "long", "short", "twice", "again", "more", "fewer", "none", "null", "giant",
]  # fmt: skip
"""What happens to a chat call instead of, or to, its answer.

reset        the connection is reset before an answer
500 503 429  that status; `429-after` asks to wait a fifth of a second, `429-absurd` for what nobody would
stall        the call is taken and never answered
late         the answer comes after the plan's seconds
drip         the answer comes a few bytes at a time, over the plan's seconds
trickle      white space, a byte at a time, and never an answer
midway       the connection is cut in the middle of the answer
die          the port is closed for the plan's seconds, and every connection with it
cut          the JSON ends before it is whole, under a right Content-Length
malformed    no JSON; `other` is JSON and no completion
long short   the Content-Length says more, or less, than the body holds
twice        the same body twice in one reply; `again` is the whole reply twice on the wire
more fewer   the choices twice over, or one less than were asked for; `none` is an empty list
null         every choice is there and says nothing
giant        a body that does not end
"""

AdapterFault = Literal["adapter-refused", "adapter-broken", "adapter-stall"]
"""What happens to a call of `load_lora_adapter`: status 400, status 500, or no answer."""

FAULTS: tuple[str, ...] = (*get_args(Fault), *get_args(AdapterFault))

ABSURD = ("86400", "1e308", "-5", "inf", "nan", "soon", "Fri, 31 Dec 9999 23:59:59 GMT")
"""Values of Retry-After that nobody should follow."""

MALFORMED = (
    b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    b"{'id': 'x', 'choices': []}",
    b'{"choices": [{"message": {"content": "4",}}]}',
    b"\xff\xfe\x00\x00",
    b"",
)

OTHER: tuple[Any, ...] = (
    {"ok": True},
    [],
    "the answer is 4",
    None,
    {"error": {"message": "overloaded"}},
    {"choices": {"0": "4"}},
    {"choices": ["4"]},
    {"choices": [None]},
    {"choices": [{"index": 0, "finish_reason": "stop", "message": None}]},
    {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": 4}}]},
    {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": ["4"]}}]},
    {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "4"}}], "usage": {"prompt_tokens": "x"}},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """When which faults come."""

    faults: Mapping[str, int]
    """Faults with their weights."""
    share: float = 1.0
    """Share of the storm's calls that meet one."""
    first: int = 0
    """Calls that go through before it begins."""
    calls: int = 50
    """Calls it lasts; those of adapters are counted apart."""
    seconds: float = 2.0
    """How long a late answer, a drip and a death take."""

    def fault(self, call: int, seed: int, *, adapter: bool = False) -> str:
        """The fault that call number `call` meets, empty for none."""
        among = {name: weight for name, weight in self.faults.items() if name.startswith("adapter-") == adapter}
        first = 0 if adapter else self.first
        rng = stream("fault", seed, "adapter" if adapter else "chat", call)
        if not among or not first <= call < first + self.calls or rng.random() >= self.share:
            return ""
        return rng.choices(list(among), list(among.values()))[0]


PLANS: dict[str, Plan] = {
    "clear": Plan({}),
    "storm": Plan({"500": 3, "503": 2, "429": 3, "429-after": 2, "429-absurd": 1, "reset": 2}, share=0.6, calls=120),
    "silence": Plan({"stall": 2, "trickle": 1, "late": 2, "drip": 2}, share=0.3, calls=60),
    "garbage": Plan(
        dict.fromkeys(("cut", "malformed", "other", "long", "short", "twice", "again", "midway", "giant"), 1),
        share=0.6, calls=120,
    ),
    "miscount": Plan(dict.fromkeys(("more", "fewer", "none", "null"), 1), share=0.6, calls=120),
    "death": Plan({"die": 1, "reset": 3}, share=0.1, calls=120),
    "adapters": Plan({"adapter-refused": 1, "adapter-broken": 1}, calls=2),
    "mix": Plan(dict.fromkeys(FAULTS, 1) | {"die": 0, "500": 3, "429": 3}, share=0.4, calls=150),
    **{name: Plan({name: 1}, share=0.1 if name == "die" else 0.7) for name in FAULTS},
}  # fmt: skip
"""Plans by name; each fault is a plan of its own too."""


def damaged(fault: str, body: bytes, number: int) -> bytes:
    """A true answer's body after a fault that changes what it says; the same for the same call."""
    rng = stream("damage", number)
    match fault:
        case "cut":
            return body[: rng.randrange(1, max(2, len(body) - 1))]
        case "malformed":
            return rng.choice(MALFORMED)
        case "other":
            return orjson.dumps(rng.choice(OTHER))
        case "twice":
            return body + body
        case "more" | "fewer" | "none" | "null":
            return orjson.dumps(_miscounted(fault, orjson.loads(body)))
        case _:
            return body


def _miscounted(fault: str, said: dict[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = said.get("choices", [])
    match fault:
        case "more":
            choices = choices + choices
        case "fewer":
            choices = choices[:-1]
        case "none":
            choices = []
        case _:
            choices = [choice | {"message": {"role": "assistant", "content": None}} for choice in choices]
    return said | {"choices": choices}
