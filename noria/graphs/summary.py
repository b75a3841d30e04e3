"""The summary of a session, recounted from its ledger: what is printed, and the same as JSON."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from noria.config import SessionConfig
from noria.graphs.accounts import methods
from noria.graphs.quarantine import account
from noria.graphs.standing import on_probation, trials
from noria.graphs.steering.telling import steered
from noria.memory.history import History
from noria.memory.moves import moves
from noria.memory.seatings import seatings
from noria.memory.withdrawals import Withdrawals
from noria.types import Episode

SIDES = ("holder", "student")
SAID = ("cooled", "untrained", "unexamined", "promoted", "kept_out", "unseated")
COUNTED = ("reviews", "faulted", "revisions_asked", "drafts_made", "drafts_accepted")


def summarise(history: History) -> dict[str, Any]:
    """Rounds, funnel, reasons, samples, exams, policies, seats and stages of a session, and its quarantine."""
    rows = history.composition()
    answers = [row for row in rows if row[0] == "solver"]
    by_source, by_domain = dict[str, int](), dict[str, int]()
    worded: dict[str, int] = {"generator": 0, "program": 0}
    for _, domain, source, worded_by, count in answers:
        by_source[source] = by_source.get(source, 0) + count
        by_domain[domain] = by_domain.get(domain, 0) + count
        worded[worded_by] += count
    prompt, completion = history.tokens()
    names = {policy.id: policy.name for policy in history.policies()}
    student, base = history.pointer("student"), history.pointer("base")
    rounds, quarantine, purged = history.rounds(), account(history), Withdrawals(history.ledger)
    tainted = purged.tainted()
    return {
        "session": str(history.ledger.path.parent),
        "left_out": json.loads(history.ledger.fact("left_out") or "[]"),
        **{name: json.loads(history.ledger.fact(name) or "{}") for name in ("without", "replicas", "machine")},
        "finished": history.ledger.fact("finished") or "",
        "rounds": [
            {
                "round": number,
                "phase": phase,
                "funnel": history.funnel(number),
                "reasons": history.reasons(number),
                "judge": facts.get("judge", {}),
                "opinions": facts.get("opinions", {}),
                "verifiers": facts.get("verifiers", []),
                **seats_accounts(history.episodes(number)),
                "seats": {role: names.get(policy, policy) for role, policy in facts.get("seats", {}).items()},
                "rows": facts.get("curated", {}),
                "guards": {key: value for key, value in facts.get("guards", {}).items() if key != "measured"},
                **{name: facts.get(name, {}) for name in ("left", "unclean", "ahead")},
                "undealt": facts.get("undealt", []),
                **{name: facts.get(name, "") for name in SAID},
                **methods(history, number, facts),
                "retrains": facts.get("retrains", 0),
                "stages": facts.get("stages", {}),
            }
            for number, phase, facts in rounds
        ],
        "funnel": history.funnel(),
        "reasons": history.reasons(),
        "samples": {
            "accepted": sum(by_source.values()) - (variants := history.variants()),
            "variants": variants,
            "by_warrant": history.warrants(),
            "by_source": by_source,
            "by_domain": by_domain,
            "worded_by": worded,
            "generator_rows": sum(row[4] for row in rows if row[0] == "generator"),
            "quarantined": sum(one["samples"] for one in quarantine),
            "withdrawn": purged.count(),
        },
        "purges": purged.purges(),
        "steering": steered(history),
        "quarantine": quarantine,
        "exams": [exam.model_dump(mode="json") for exam in history.exams()],
        "seatings": [
            {**exam.model_dump(mode="json"), **{side: names.get(getattr(exam, side), "") for side in SIDES}}
            for exam in seatings(history)
        ],
        "probations": [one.model_dump(mode="json") for one in trials(history)],
        "on_probation": _waiting(history, names),
        "moves": [one.model_dump(mode="json") for one in moves(history)],
        "policies": [
            {
                **policy.model_dump(mode="json", exclude={"training"}),
                "training": {key: value for key, value in policy.training.items() if key != "samples"},
                "current": policy.id == (student.id if student else ""),
                "base": policy.id == (base.id if base else ""),
                "tainted": tainted[policy.id].why if policy.id in tainted else "",
            }
            for policy in history.policies()
        ],
        "seats": [
            {
                "role": role,
                "policy": names.get(policy, policy),
                "calls": calls,
                "prompt_tokens": p,
                "completion_tokens": c,
                "seconds": round(s, 2),
            }
            for role, policy, calls, p, c, s in history.seats()
        ],
        "tokens": {"prompt": prompt, "completion": completion},
    }


def _waiting(history: History, names: dict[str, str]) -> dict[str, Any] | None:
    """Who is on probation still, since which round, and whom a step back leads to; none where nobody is."""
    one, config = on_probation(history), history.ledger.fact("config")
    if one is None or config is None or not SessionConfig.model_validate_json(config).exam.probation:
        return None
    return {"policy": names[one.policy], "against": names[one.against], "since": one.since}


def seats_accounts(episodes: Iterable[Episode]) -> dict[str, dict[str, Any]]:
    """What critic and adversary did in some episodes, recounted from what they said there.

    A revision was accepted later where its episode was accepted with a draft after the first; a
    rewording that lost the parameters makes none.
    """
    critic, adversary, held, beaten = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for episode in episodes:
        critic["reviews"] += len(episode.critiques)
        critic["faulted"] += sum(bool(one.faults) for one in episode.critiques)
        critic["revisions_asked"] += sum(one.revise for one in episode.critiques)
        critic["drafts_made"] += max(0, len(episode.drafts) - 1)
        critic["drafts_accepted"] += episode.outcome == "accepted" and len(episode.drafts) > 1
        adversary["attacks"] += len(episode.attacks)
        adversary["broken"] += sum(attack.held for attack in episode.attacks)
        for probe in (one for attack in episode.attacks for one in attack.probes if one.held):
            held[f"{probe.kind} by {probe.by}"] += 1
            if probe.beat:
                beaten[episode.drafts[-1].grounding.verifier if episode.drafts else episode.domain] += 1
    return {
        "critic": {name: critic[name] for name in COUNTED},
        "adversary": {
            **{name: adversary[name] for name in ("attacks", "broken")},
            "held": dict(sorted(held.items())),
            "beaten": dict(sorted(beaten.items())),
        },
    }
