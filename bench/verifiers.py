"""How often verifiers err on planted answers whose truth is known: wrong ones accepted, right ones refused.

    python bench/verifiers.py [--wrong 10000] [--right 1000] [--domain NAME …]

Right answers are planted bare, as the domain's program writes them, and in the forms that models give
them in: a form that a verifier refuses is named, with an example and its evidence, and counts as
refused. Wrong answers are planted bare. Prints JSON; status 1 where a wrong answer is accepted or 1 % or
more of the bare right ones are refused.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from typing import Any

from noria.evaluators.registry import DOMAINS, domain
from noria.evaluators.sandbox.runner import Chosen
from noria.identity import stream

FORMS = {
    "bare": "{answer}",
    "spaced": "\n  {answer}  \n\n",
    "quoted": '"{answer}"',
    "bold": "**{answer}**",
    "announced": "Answer: {answer}",
    "sentence": "The answer is {answer}.",
    "fenced": "```\n{answer}\n```",
    "python fence": "Sure, here it is:\n\n```python\n{answer}\n```\n\nThis does what was asked.",
    "prose around": "Here is the answer:\n\n{answer}\n\nThis does what was asked.",
}
"""Ways to give one answer."""


async def measure(name: str, wrong: int, right: int, runner: Chosen) -> dict[str, Any]:
    """One domain's figures, its levels in turn."""
    whole, rng = domain(name), stream("bench", "verifiers", name)
    accepted: list[str] = []
    refused: Counter[str] = Counter()
    shown: dict[str, list[str]] = {}
    for number in range(max(wrong, right)):
        level = whole.offered[number % len(whole.offered)]
        kind = whole.at(level)
        point = kind.sample(level, rng)
        grounding = kind.ground(point)
        if number < wrong:
            response = kind.wrong(point, rng)
            checks = await kind.check(grounding, response, runner)
            if all(check.passed for check in checks):
                accepted.append(response)
        if number >= right:
            continue
        truth = kind.truth(point, rng)
        for form, frame in FORMS.items():
            response = frame.replace("{answer}", truth)
            failed = [check for check in await kind.check(grounding, response, runner) if not check.passed]
            if failed:
                refused[form] += 1
                shown.setdefault(form, [response[:120], failed[0].evidence[:160]])
    return {
        "wrong": {"planted": wrong, "accepted": len(accepted), "examples": accepted[:3]},
        "right": {
            form: {"planted": right, "refused": refused[form], **({"example": shown[form]} if form in shown else {})}
            for form in FORMS
        },
    }


def main() -> int:
    """Measure each domain and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", type=int, default=10_000)
    parser.add_argument("--right", type=int, default=1_000)
    parser.add_argument("--domain", action="append", choices=list(DOMAINS))
    asked = parser.parse_args()
    runner = Chosen("landlock")
    names = asked.domain or list(DOMAINS)
    found = {name: asyncio.run(measure(name, asked.wrong, asked.right, runner)) for name in names}
    runner.close()
    print(json.dumps(found, indent=1, ensure_ascii=False))
    held = all(not one["wrong"]["accepted"] and one["right"]["bare"]["refused"] * 100 < asked.right
               for one in found.values())  # fmt: skip
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
