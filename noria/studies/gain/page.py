"""A study of gain as a page: what was found in words, then tables, drawings, and everything to play it again.

The words follow from the figures: nothing is said that the report does not hold, and what is not known is said so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from noria.studies.gain.figures import HALF, Report
from noria.studies.gain.outcomes import LEVEL, SEEN, SETS, UNSEEN
from noria.studies.gain.plan import CEILING, CLAIM, CONTROLS, RAW, VERIFIED, WARM

DOES = {
    RAW: "the model as it comes", WARM: "the raw model after a small fine-tuning on answers programs wrote",
    VERIFIED: "the loop: a policy wrote what it learns, a program verified it",
    "random": "the same loop, any answer learned", "formed": "the same loop, any answer in form learned",
    CEILING: "programs' answers to as many of the tasks that `verified` was dealt",
    "no_critic": "verified, without the critic", "no_adversary": "verified, without the adversary",
    "no_memory": "verified, without the memory", "no_curriculum": "verified, dealt evenly",
    "gated": "verified, with the gate", "distilled": "verified, with a stronger policy's answers",
}  # fmt: skip

HOPED = {
    "over_warm": "the verified loop beats the warm start, with intervals that do not touch",
    "over_random": "the verified loop beats random acceptance, with intervals that do not touch",
    "over_formed": "the verified loop beats format-only acceptance, with intervals that do not touch",
    "half_closed": f"it closes at least {HALF:.0%} of the gap from the warm start to the ceiling",
    "pass_k_kept": "its pass@k is not below its start",
    "prose_kept": "its perplexity on general text stays inside the margin",
}

PARTS = {SEEN: "learned levels", LEVEL: "unseen level", UNSEEN: "unseen domain"}


def page(
    told: Mapping[str, Any], figures: Mapping[str, Any], drawings: Mapping[str, str], words: str = ""
) -> list[str]:
    """The page as lines of Markdown; `drawings` are file names by title, `words` what a person adds."""
    plan, report = told["plan"], Report(told)
    scale = plan["scale"]
    lines = [
        "# Does the wheel lift anything?", "", f"`{told['command']}`", "",
        f"{len(plan['seeds'])} seed{'s' * (len(plan['seeds']) != 1)}, {scale['rounds']} rounds of {scale['episodes']} "
        f"tasks, {scale['attempts']} answers to each; {len(told['items'])} test items, opened once, on "
        f"{told['test']['opened'] or 'no day yet'}. {_machine(told)}",
    ]  # fmt: skip
    if plan["dry"]:
        lines += ["", "Puppets played: no figure says anything of models."]
    lines += ["", "## What was found", "", *said(figures, len(plan["seeds"]))]
    lines += ["", words.strip()] if words.strip() else []
    for title, name in drawings.items():
        lines += ["", f"![{title}]({name})"]
    lines += ["", "## The arms", "", *_arms(figures)]
    lines += ["", "## Compared, on learned levels", "", *_compared(figures)]
    lines += ["", "## Domain by domain", "", *_domains(figures, report)]
    lines += ["", "## Several tries, general text, labels", "", *_further(figures, scale["tries"])]
    lines += ["", "## Budgets", "", *_budgets(told)]
    if rounds := _rounds(told):
        lines += ["", "## Round by round", "", *rounds]
    if costs := _costs(told):
        lines += ["", "## What it cost", "", *costs]
    lines += ["", "## To play it again", "", *_again(told, report)]
    return lines


def said(figures: Mapping[str, Any], seeds: int) -> list[str]:
    """What was hoped for and what came of it, a line each."""
    words = {True: "yes", False: "no", None: "not known"}
    found = [f"- {HOPED[name]}: **{words[value]}**" for name, value in figures["found"].items()]
    arms, part = figures["arms"], figures["closed"].get(VERIFIED)
    if VERIFIED in arms and WARM in arms and CEILING in arms:
        values = [f"{arm} {_part(arms[arm]['sets'][SEEN])}" for arm in arms]
        closed = f"; of the gap {_percent(part)} is closed" if part else "; there is no gap beyond noise to close"
        found.append(f"- right on learned levels: {', '.join(values)}{closed}")
    if seeds < CLAIM:
        found.append(f"- {seeds} seed{'s' * (seeds != 1)}: too few for a claim, for which {CLAIM} are needed")
    return found


def _arms(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        f"| arm | {' | '.join(PARTS[part] for part in SETS)} | of the gap | what it is |",
        "| --- |" + " ---: |" * 4 + " --- |",
    ]
    for arm, one in figures["arms"].items():
        cells = " | ".join(_percent(one["sets"][part]) for part in SETS)
        lines.append(
            f"| {arm} | {cells} | {_percent(figures['closed'].get(arm))} | {DOES.get(arm, 'set by the study')} |"
        )
    return lines


def _compared(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "Difference in points with its 95 % interval (seeds and items drawn anew, paired); items won and lost, exact",
        "two-sided p, and the same after Holm's correction over all rows.", "",
        "| | difference | won | lost | p | Holm | intervals apart |", "| --- |" + " ---: |" * 5 + " --- |",
    ]  # fmt: skip
    for one in figures["compared"]:
        gap = f"{100 * one['value']:+.1f} [{100 * one['low']:+.1f} to {100 * one['high']:+.1f}]"
        lines.append(
            f"| {one['a']} − {one['b']} | {gap} | {one['wins']} | {one['losses']} | {_p(one['p'])} | "
            f"{_p(one['p_holm'])} | {'yes' if one['apart'] else 'no'} |"
        )
    return lines


def _domains(figures: Mapping[str, Any], report: Report) -> list[str]:
    arms = figures["arms"]
    keys = list(dict.fromkeys(key for one in arms.values() for key in one["domains"]))
    lines = [f"| domain | items | {' | '.join(arms)} |", "| --- |" + " ---: |" * (1 + len(arms))]
    for key in keys:
        part, _, domain = key.partition("/")
        levels = sorted({report.items[at]["level"] for at in report.places(part, domain)})
        name = f"{domain} {', '.join(map(str, levels))} ({PARTS[part]})"
        cells = " | ".join(_part(one["domains"].get(key)) for one in arms.values())
        lines.append(f"| {name} | {len(report.places(part, domain))} | {cells} |")
    return lines


def _further(figures: Mapping[str, Any], tries: int) -> list[str]:
    lines = [
        "pass@1 and pass@k of sampled answers; perplexity on general text as a multiple of the warm start's; the share",
        "of learned answers that are right, by the verifier in a fresh runner and by a second program that reads the",
        "words of the task.", "",
        f"| arm | pass@1 | pass@{tries} | perplexity | labels right | by a second program | rows | cut answers |",
        "| --- |" + " ---: |" * 7,
    ]  # fmt: skip
    for arm, one in figures["arms"].items():
        labels, ratio = one.get("labels"), one["perplexity"]
        read = f"{ratio['value']:.2f} [{ratio['low']:.2f} to {ratio['high']:.2f}]" if ratio else "none"
        cells = [_share(labels["verifier"]), _share(labels["recheck"]), f"{labels['rows']}"] if labels else ["none"] * 3
        lines.append(
            f"| {arm} | {_percent(one['pass_1'])} | {_percent(one['pass_k'])} | {read} | {' | '.join(cells)} | "
            f"{_share(one['cut'])} |"
        )
    apart = sum(one["labels"]["apart"] for one in figures["arms"].values() if "labels" in one)
    unread = sum(one["labels"]["unread"] for one in figures["arms"].values() if "labels" in one)
    lines += ["", f"The two programs disagree on {apart} rows; {unread} the second could not read."]
    return lines


def _budgets(told: Mapping[str, Any]) -> list[str]:
    lines = [
        "| arm, seed | rows | steps | trained tokens | played tokens | training seconds |",
        "| --- |" + " ---: |" * 5,
    ]
    for key, one in told["arms"].items():
        played = f"{one['played_tokens']:,}" if "played_tokens" in one else "none"
        lines.append(
            f"| {key.replace('/', ', ')} | {one['rows']} | {one['steps']} | {one['trained_tokens']:,} | {played} | "
            f"{one['training_seconds']:,.0f} |"
        )
    return lines


def _rounds(told: Mapping[str, Any]) -> list[str]:
    found = []
    for key, one in told["arms"].items():
        for row in one.get("rounds", ()):
            values = (
                f"{row['accepted']} of {row['dealt']}", f"{row['learned']}", _share(row["solve_rate"]),
                _share(row["pass_k"]), _number(row["entropy"]), _number(row["length"], 0), _number(row["distinct_2"]),
                _number(row["vendi"], 1),
            )  # fmt: skip
            found.append(f"| {key.replace('/', ', ')} | {row['round']} | {' | '.join(values)} |")
    names = "solve rate | pass@k | answers differ | length | distinct-2 | Vendi"
    head = f"| arm, seed | round | accepted of dealt | learned | {names} |"
    return [head, "| --- |" + " ---: |" * 9, *found] if found else []


def costs(told: Mapping[str, Any], arm: str = VERIFIED) -> dict[str, Any]:
    """What the rounds of an arm cost, over its seeds: tokens an accepted task, seconds by stage, calls in hand."""
    own = [one for key, one in told["arms"].items() if key.partition("/")[0] == arm and one.get("rounds")]
    rounds = [row for one in own for row in one["rounds"]]
    accepted = sum(row["accepted"] for row in rounds)
    if not accepted:
        return {}
    stages: dict[str, float] = {}
    for row in rounds:
        for name, seconds in row["stages"].items():
            stages[name] = stages.get(name, 0.0) + seconds
    whole = sum(stages.values())
    return {
        "tokens": sum(sum(row["tokens"].values()) for row in rounds) / accepted,
        "checks_last": sum(row["checks_last"] for row in rounds) / accepted,
        "stages": {name: seconds / len(rounds) for name, seconds in stages.items()},
        "in_hand": sum(one["in_hand"] for one in own) / whole if whole else 0.0,
        "play": sum(row["in_hand"] for row in rounds) / stages["play"] if stages.get("play") else 0.0,
    }  # fmt: skip


def _costs(told: Mapping[str, Any]) -> list[str]:
    one = costs(told)
    if not one:
        return []
    stages = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in one["stages"].items())
    return [
        f"- {one['tokens']:,.0f} tokens an accepted task in `verified`; {one['checks_last']:,.0f} "
        f"({one['checks_last'] / one['tokens']:.2f} times) had its cheap checks stood last, counted from "
        "the same rounds.",
        f"- a round: {stages}; a call was in hand in {one['in_hand']:.0%} of that time, and in {one['play']:.0%} of "
        "play.",
    ]  # fmt: skip


def _again(told: Mapping[str, Any], report: Report) -> list[str]:
    policies = [
        f"  - {key.replace('/', ', ')}: `{one['policy']}`, rows `{one['rows_sha256'][:16]}`"
        for key, one in told["arms"].items()
    ]
    lines = [
        f"- `noria study verify` on the JSON beside this page computes every figure anew from {len(told['outcomes'])} "
        f"times {len(told['items'])} stored outcomes.",
        f"- plan `{told['identity'][:16]}`, test `{told['test']['identity'][:16]}`, answered in this order: "
        f"{'; '.join(told['test']['asked'])}.",
        f"- {len(report.struck)} items were struck for all arms, because a row somewhere has their solution or words.",
        "- weights (SHA-256 of the adapter, shortened) and rows:", *policies,
    ]  # fmt: skip
    if told["failed"]:
        lines += ["", "Failed, and counted nowhere:", ""]
        lines += [f"- {name}: {why}" for name, why in told["failed"].items()]
    return lines


def _machine(told: Mapping[str, Any]) -> str:
    one = told["machine"]
    return f"Noria {told['noria']}, {one['cores']} cores, {one['memory_gib']} GiB, Python {one['python']}."


def _percent(one: Mapping[str, Any] | None) -> str:
    return f"{one['value']:.0%} [{one['low']:.0%} to {one['high']:.0%}]" if one else "none"


def _part(one: Mapping[str, Any] | None) -> str:
    return f"{one['value']:.0%}" if one else "none"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.0%}"


def _number(value: float | None, places: int = 2) -> str:
    return "none" if value is None else f"{value:.{places}f}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


def order(arms: Sequence[str]) -> list[str]:
    """Arms in the order they are drawn: what is compared stands side by side."""
    known = [RAW, WARM, *CONTROLS, VERIFIED, CEILING]
    return [arm for arm in known if arm in arms] + [arm for arm in arms if arm not in known]
