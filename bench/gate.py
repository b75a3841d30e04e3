"""How often the gate errs, on simulated students whose worth is known.

    python bench/gate.py [--sessions 1000] [--rounds 3] [--items 40] [--frozen 10] [--seed 0]

Prints one JSON object: for each kind of student the share of sessions that promoted one, the
demands that refused it, what probation then did (beside other rules it could have had), and for the
better ones the share whose gain was seen beside the power that was computed. Status 1 where
students that are no better are promoted in more than 5 % of the sessions, where one that loses the
margin passes more often than `alpha`, or where detection strays from the computed power.
"""

import argparse
import json
import sys
import time
from math import sqrt
from typing import Any

from noria.config import ExamRules
from noria.evaluators.bounds import power
from noria.evaluators.gate import spend, wilson
from noria.evaluators.simulated import DOMAINS, KINDS, play

NO_BETTER = ("null", "null, noisy", "null, weak parent", "degraded", "memorising")
NEVER = ("verbose, better", "forgets prose, better", "forgets a domain, better")
"""Better on the whole, and to be refused for another reason."""

ERRORS = 3.5
"""Standard errors that a share may lie from what was computed; one of a thousand honest figures lies beyond."""


def main() -> int:
    """Measure every kind; the status says whether the gate kept its promises."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in (("sessions", 1000), ("rounds", 3), ("items", 40), ("frozen", 10), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rules = ExamRules(items=asked.items, frozen=asked.frozen)
    alpha, count, started = spend(rules.alpha, 1), asked.items * len(DOMAINS), time.monotonic()
    found, broken = {}, []
    for name, kind in KINDS.items():
        tally = play(kind, asked.sessions, rules, rounds=asked.rounds, seed=asked.seed, name=name)
        share = tally.promoted / tally.sessions
        row: dict[str, Any] = {
            "sessions_with_a_promotion": round(share, 4),
            "interval": [round(bound, 4) for bound in wilson(tally.promoted, tally.sessions)],
            "exams": tally.exams,
            "refused_by": dict(tally.refused),
            "probation": {"held": tally.tried, "passed": tally.kept, "by_other_rules": dict(tally.rules)},
        }
        if name in NO_BETTER and share > rules.alpha:
            broken.append(f"{name}: promoted in {share:.1%} of the sessions")
        if name in NEVER and share > rules.alpha:
            broken.append(f"{name}: promoted in {share:.1%} of the sessions")
        if kind.lost is not None:
            passed = 1 - tally.refused["frozen"] / tally.exams
            row["frozen_passed"] = round(passed, 4)
            if passed > rules.alpha + ERRORS * sqrt(rules.alpha * (1 - rules.alpha) / tally.exams):
                broken.append(f"{name}: the frozen items let {passed:.1%} pass")
        if kind.gain > 0 and not kind.spoilt:
            computed = power(count, kind.gain, kind.discordant, alpha)
            measured = tally.first_gain / tally.sessions
            row["first_round"] = {
                "gain_seen": round(measured, 4),
                "power_computed": round(computed, 4),
                "promoted": round(tally.first_promoted / tally.sessions, 4),
            }
            error = sqrt(max(computed * (1 - computed), 1e-4) / tally.sessions)
            if abs(measured - computed) > ERRORS * error:
                broken.append(f"{name}: gain seen in {measured:.1%}, computed {computed:.1%}")
        found[name] = row
    figures = {"items": count, "frozen": asked.frozen, "rounds": asked.rounds, "seed": asked.seed}
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({**figures, "kinds": found, "broken": broken, "seconds": seconds}, indent=1))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
