"""A session in tables: what is printed at its end, and by `noria status`."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from noria.cli.live import (
    demand_lines,
    exam_line,
    left_line,
    replica_line,
    seating_line,
    selection_line,
    trial_line,
    unclean_line,
)
from noria.types import ACCEPTING, MEND, Exam, Quarantine, RoleExam, Selection, Stage, Trial
from noria.viewer.guards import guard_lines
from noria.viewer.steering import steering_lines
from noria.viewer.text import printable


def print_summary(console: Console, summary: dict[str, Any]) -> None:
    """Print the summary of a session."""
    console.print(f"\nSession {summary['session']}: {summary['finished'] or 'not finished'}", markup=False)
    for name, why in summary["without"].items():
        console.print(f"The method {name} is skipped: {printable(why)}", markup=False)
    for sentence in summary["left_out"]:
        console.print(f"Left out: {printable(sentence)}", markup=False)
    for replica in summary["replicas"].values():
        console.print(f"Replica {replica_line(replica)}", markup=False)
    _rounds(console, summary)
    _methods(console, summary)
    _samples(console, summary["samples"])
    _quarantine(console, summary)
    for line in steering_lines(summary["steering"]):
        console.print(printable(line), markup=False)
    for one in summary["purges"]:
        taken = f"{one['samples']} samples withdrawn, {one['policies']} policies tainted"
        console.print(f"Purge of {printable(one['root'])}: {taken}", markup=False)
    for one in summary["rounds"]:
        if one["retrains"]:
            console.print(f"Round {one['round']} trains the student of round {one['retrains']} again", markup=False)
    for data in summary["exams"]:
        exam = Exam.model_validate(data)
        console.print(f"Exam of round {data['round']}: {exam_line(exam)}", markup=False)
        for line in demand_lines(exam):
            console.print(f"  {line}", markup=False)
        parts = [f"{one['domain']} {one['parent']}→{one['student']}/{one['items']}" for one in data["domains"]]
        console.print(f"  by domain (right before→after): {', '.join(parts)}", markup=False)
    for one in summary["rounds"]:
        if one["untrained"]:
            console.print(f"Round {one['round']} did not train: {one['untrained']}", markup=False)
        if one["unexamined"]:
            console.print(f"Round {one['round']} held no exam: {one['unexamined']}", markup=False)
        if one["kept_out"]:
            console.print(f"Round {one['round']} kept its student out: {printable(one['kept_out'])}", markup=False)
        if one["unseated"]:
            console.print(f"Round {one['round']} held no exam for a seat: {one['unseated']}", markup=False)
    for line in guard_lines(summary["rounds"]):
        console.print(line, markup=False)
    for one in summary["seatings"]:
        said = seating_line(RoleExam.model_validate(one), one["student"], one["holder"])
        console.print(f"Seat exam of round {one['round']}: {said}", markup=False)
    _standing(console, summary)
    _policies(console, summary["policies"])
    _stages(console, summary)
    _seats(console, summary["seats"])
    commands = "   ".join(f"{_program()} {name} {summary['session']}" for name in ("view", "accepted", "trace", "exam"))
    console.print(f"\nRead on:  {commands}", markup=False)


def _program() -> str:
    """What to type for Noria: its path as it was called where its name alone leads nowhere."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "noria" and shutil.which("noria") is None else "noria"


def _table(title: str, *columns: str, numbers_from: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < numbers_from else "right")
    return table


def _methods(console: Console, summary: dict[str, Any]) -> None:
    """What the methods that are on did, round by round."""
    for one in summary["rounds"]:
        for name, made in one["strategies"].items():
            said = f"{made['accepted']} of {made['dealt']} accepted"
            console.print(f"Round {one['round']} by {name}: {said}", markup=False)
        for lean in one["leans"]:
            console.print(f"Round {one['round']} leans by {lean['method']}: {printable(lean['why'])}", markup=False)
        for found in one["selections"]:
            line = selection_line(Selection.model_validate(found))
            console.print(f"Round {one['round']}, selection: {line}", markup=False)


def _rounds(console: Console, summary: dict[str, Any]) -> None:
    table = _table("\nFunnel", "round", *(stage.value.replace("_", " ") for stage in Stage))
    for one in summary["rounds"]:
        table.add_row(str(one["round"]), *(str(one["funnel"][stage.value]) for stage in Stage))
    console.print(table)
    refused = ", ".join(f"{reason} {count}" for reason, count in summary["reasons"].items() if reason not in ACCEPTING)
    console.print(f"Refused: {refused or 'none'}", markup=False)
    for one in summary["rounds"]:
        if judge := one["judge"]:
            console.print(f"Judge of round {one['round']}: {judge_line(judge)}", markup=False)
        if (opinions := one["opinions"]) and opinions != judge:
            console.print(f"  where it alone can tell: {judge_line(opinions)}", markup=False)
        if one["critic"]["reviews"]:
            console.print(f"Critic of round {one['round']}: {critic_line(one['critic'])}", markup=False)
        if one["adversary"]["attacks"]:
            console.print(f"Adversary of round {one['round']}: {adversary_line(one['adversary'])}", markup=False)
        if failed := [card for card in one["verifiers"] if not card["admits"]]:
            names = ", ".join(f"{card['verifier']} level {card['level']}" for card in failed)
            console.print(f"Verifiers that admitted nothing in round {one['round']}: {names}", markup=False)


def judge_line(judge: dict[str, Any]) -> str:
    """A judge's card in one line."""
    fooled = f"{judge['keys_accepted']} of {judge['keys']} master keys and {judge['hidden_accepted']} of "
    fooled += f"{judge['hidden']} hidden orders"
    return (
        f"accepted {judge['right_accepted']} of {judge['right']} right, rejected {judge['wrong_rejected']} of "
        f"{judge['wrong']} wrong planted answers, fell for {fooled}; κ {judge['kappa']:.2f}; "
        + ("it has a veto" if judge["veto"] else f"benched: {judge['benched']}")
    )


def critic_line(critic: dict[str, int]) -> str:
    """What a round's critic did, in one line."""
    return (
        f"named faults in {critic['faulted']} of {critic['reviews']} reviews, asked {critic['revisions_asked']} times "
        f"for another draft; {critic['drafts_made']} were made, {critic['drafts_accepted']} accepted later"
    )


def adversary_line(adversary: dict[str, Any]) -> str:
    """What a round's adversary did, in one line."""
    held = ", ".join(f"{kind} {count}" for kind, count in adversary["held"].items())
    beaten = ", ".join(adversary["beaten"])
    return (
        f"broke {adversary['broken']} of {adversary['attacks']} candidates"
        + (f" ({held})" if held else "")
        + (f"; beaten verifiers: {beaten}" if beaten else "")
    )


def print_judges(console: Console, rounds: list[dict[str, Any]]) -> None:
    """Print the judge's card of every round."""
    table = _table(
        "Judges", "round", "policy", "right accepted", "wrong rejected", "TPR 95 %", "FPR 95 %", "κ 95 %", "ECE",
        "length bias", "turned", "keys", "hidden", numbers_from=2,
    )  # fmt: skip
    for one in rounds:
        if card := one["judge"]:
            table.add_row(
                str(one["round"]), one["seats"].get("judge", ""), f"{card['right_accepted']}/{card['right']}",
                f"{card['wrong_rejected']}/{card['wrong']}", _interval(card["true_positive"]),
                _interval(card["false_positive"]), _interval(card["kappa_interval"]),
                f"{card['calibration_error']:.2f}", f"{card['length_bias']:+.2f}", f"{card['turned']}/{card['pairs']}",
                f"{card['keys_accepted']}/{card['keys']}", f"{card['hidden_accepted']}/{card['hidden']}",
            )  # fmt: skip
    console.print(table)
    for one in rounds:
        if one["judge"]:
            console.print(f"Round {one['round']}: {judge_line(one['judge'])}", markup=False)


def print_verifiers(console: Console, rounds: list[dict[str, Any]], quarantine: list[dict[str, Any]]) -> None:
    """Print the card of every verifier of every round, and what beat the quarantined."""
    since = {one["verifier"]: one["round"] for one in quarantine}
    table = _table(
        "Verifiers", "round", "verifier", "level", "right accepted", "TPR 95 %", "wrong refused", "TNR 95 %", "admits",
        numbers_from=2,
    )  # fmt: skip
    for one in rounds:
        for card in one["verifiers"]:
            table.add_row(
                str(one["round"]), card["verifier"], str(card["level"]), f"{card['right_accepted']}/{card['right']}",
                _interval(card["true_positive"]), f"{card['wrong_refused']}/{card['wrong']}",
                _interval(card["true_negative"]),
                "quarantined" if since.get(card["verifier"], one["round"] + 1) <= one["round"]
                else "yes" if card["admits"] else "nothing",
            )  # fmt: skip
    console.print(table)
    for one in quarantine:
        console.print(quarantine_line(one), markup=False)
    for one in rounds:
        for card in one["verifiers"]:
            for fault in card["faults"]:
                console.print(f"{card['verifier']} level {card['level']}: {printable(fault)}", markup=False)


def quarantine_line(one: dict[str, Any]) -> str:
    """A quarantined verifier in one line: since when, why, and how it ends."""
    why = _proof(one).why
    more = f", and {one['shown'] - 1} more" if one["shown"] > 1 else ""
    return f"{one['verifier']} is quarantined since round {one['round']}: {printable(why)}{more}; {MEND}"


def _proof(one: dict[str, Any]) -> Quarantine:
    return Quarantine.model_validate({name: one[name] for name in Quarantine.model_fields})


def _quarantine(console: Console, summary: dict[str, Any]) -> None:
    """What is quarantined, what left the training sets for it, who learned from it, and which exams asked it."""
    for one in summary["quarantine"]:
        console.print(f"Quarantine: {quarantine_line(one)}", markup=False)
        console.print(
            f"  {one['samples']} samples and {one['generator_rows']} generator rows rest on it alone", markup=False
        )
        if one["samples"] and one["policies"]:
            console.print(
                f"  `noria purge {summary['session']} --verifier {one['verifier']}` withdraws them with all that was "
                "learned from them",
                markup=False,
            )
        for exam in one["exams"]:
            said = "promotes" if exam["without"] else "does not promote"
            did = "promoted" if exam["promoted"] else "kept out"
            console.print(
                f"  the exam of round {exam['round']} asked {exam['items']} items of it and {did} its student; "
                f"without what is quarantined it {said}",
                markup=False,
            )
        if one["policies"]:
            names = ", ".join(f"{who['policy']} ({who['samples']})" for who in one["policies"])
            console.print(
                f"  policies trained while they were in: {names}; each training starts from the base, "
                "so the next student has learned from none of them",
                markup=False,
            )
    proofs = {one["verifier"]: _proof(one) for one in summary["quarantine"]}
    for row in summary["rounds"]:
        for verifier, count in row["left"].items():
            console.print(f"Round {row['round']}: {left_line(row['round'], count, proofs[verifier])}", markup=False)
        if row["unclean"]:
            console.print(f"Round {row['round']}: {unclean_line(row['unclean'])}", markup=False)
        if row["undealt"]:
            console.print(f"Round {row['round']} dealt nothing of {', '.join(row['undealt'])}", markup=False)


def _interval(bounds: Sequence[float]) -> str:
    low, high = bounds
    return f"{low:.2f} to {high:.2f}"


def _samples(console: Console, samples: dict[str, Any]) -> None:
    sources = ", ".join(f"{name} {count}" for name, count in sorted(samples["by_source"].items())) or "none"
    domains = ", ".join(f"{name} {count}" for name, count in sorted(samples["by_domain"].items())) or "none"
    worded = samples["worded_by"]
    share = worded["generator"] / max(1, samples["accepted"])
    out = f", {judged} of them judged and not verified" if (judged := samples["by_warrant"]["judged"]) else ""
    out += f", {bare} of them unverified: a control's" if (bare := samples["by_warrant"].get("unverified")) else ""
    out += f", {samples['quarantined']} of them quarantined" if samples["quarantined"] else ""
    out += f", {samples['withdrawn']} more withdrawn" if samples["withdrawn"] else ""
    console.print(f"\nAccepted: {samples['accepted']} samples{out} (answered by: {sources}; {domains})", markup=False)
    console.print(
        f"Worded by the generator itself: {worded['generator']} ({share:.0%}), by the program: {worded['program']}; "
        f"rows kept for the generator's role: {samples['generator_rows']}",
        markup=False,
    )


def _standing(console: Console, summary: dict[str, Any]) -> None:
    """Probations that were decided, the one that was not, and every step back."""
    names = {one["id"]: one["name"] for one in summary["policies"]}
    for data in summary["probations"]:
        trial = Trial.model_validate(data)
        who = f"{names.get(trial.policy, trial.policy)} against {names.get(trial.against, trial.against)}"
        console.print(f"Probation in round {trial.round}, {who}: {trial_line(trial)}", markup=False)
    for one in summary["moves"]:
        if one["cause"] != "promote":
            gone = ", ".join(names.get(policy, policy) for policy in one["withdrawn"])
            console.print(
                f"Round {one['round']}: {gone} withdrawn ({one['cause']}), "
                f"{names.get(one['after'], one['after'])} plays: {one['why']}",
                markup=False,
            )
    if waiting := summary["on_probation"]:
        console.print(
            f"{waiting['policy']} is on probation still: promoted in round {waiting['since']}, not examined again; "
            f"`noria rollback {summary['session']}` leads back to {waiting['against']}",
            markup=False,
        )


def _policies(console: Console, policies: list[dict[str, Any]]) -> None:
    table = _table("\nPolicies", "name", "id", "parents", "trained on", "role", numbers_from=9)
    for one in policies:
        rows = one["training"].get("composition", {})
        made = ", ".join(f"{count} {kind}" for kind, count in rows.items() if count) or "-"
        place = "base" if one["base"] else ""
        place += (" and " if place else "") + "student" if one["current"] else ""
        place += "tainted" if one["tainted"] else ""
        table.add_row(one["name"], one["id"], ", ".join(one["parents"]) or "-", made, place or "kept")
    console.print(table)


def _stages(console: Console, summary: dict[str, Any]) -> None:
    table = _table(
        "\nStages", "round", "stage", "seconds", "prompt tokens", "completion tokens", "tokens/s", numbers_from=2
    )
    for one in summary["rounds"]:
        for name, spent in one["stages"].items():
            rate = spent["completion_tokens"] / spent["seconds"] if spent["seconds"] else 0
            table.add_row(
                str(one["round"]), name, f"{spent['seconds']:.1f}", str(spent["prompt_tokens"]),
                str(spent["completion_tokens"]), f"{rate:.0f}",
            )  # fmt: skip
    console.print(table)
    machine = summary["machine"]
    if machine:
        gigabytes = machine["peak_bytes"] / 1e9
        console.print(f"Wall time {machine['seconds']:.0f} s, peak memory {gigabytes:.1f} GB", markup=False)


def _seats(console: Console, seats: list[dict[str, Any]]) -> None:
    table = _table("\nSeats", "role", "policy", "calls", "prompt tokens", "completion tokens", numbers_from=2)
    for one in seats:
        table.add_row(
            one["role"], one["policy"], str(one["calls"]), str(one["prompt_tokens"]), str(one["completion_tokens"])
        )
    console.print(table)
