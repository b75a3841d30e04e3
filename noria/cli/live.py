"""The live view of a run: the round, the funnel, tokens a second, the loss, the exam.

On a terminal it redraws in place; elsewhere it prints a line when something happens, so
that a log reads like a story.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from noria.types import ACCEPTING, MEND, Episode, Exam, Quarantine, RoleExam, Selection, Stage, Trial, shown_by
from noria.viewer.text import printable

if TYPE_CHECKING:
    from noria.graphs.context import Context  # pulls half the house in

EVERY = 25
"""Episodes between two lines where there is no terminal."""

STAGES = tuple(Stage)

HOLDS = "waiting for you"
"""The stage of a session that stands still until a person says something."""

_LOG_HEAD = re.compile(r"^(?:\([^)]*\)\s*)?(?:[A-Z]+ [\d-]+ [\d:]+ (?:\[[^\]]*\]\s*)?)?")
"""What a server writes before the words of a log line: its process, level, time and place."""


class LiveView:
    """Told what happens in a session; shows it."""

    def __init__(self, console: Console) -> None:
        """Draw on this console."""
        self.console = console
        self.context: Context | None = None
        self.round = 0
        self.stage = "starting"
        self.dealt = 0
        self.began = time.monotonic()
        self.reached: Counter[Stage] = Counter()
        self.reasons: Counter[str] = Counter()
        self.loss = ""
        self.exam = ""
        self.server = ""
        self._waited = ("", 0)
        self.live = Live(self._drawn(), console=console, refresh_per_second=2, get_renderable=self._drawn)
        self._shown = console.is_terminal

    def __enter__(self) -> "LiveView":
        """Begin to draw."""
        if self._shown:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture standing."""
        if self._shown:
            self.live.stop()

    def opened(self, context: "Context") -> None:
        """Know the session that runs."""
        self.context = context

    def starting(self, name: str, seconds: float, line: str) -> None:
        """A server is coming up."""
        self.server = f"{name}, {seconds:.0f} s: {_LOG_HEAD.sub('', line)[:90]}"
        if not self._shown and (name, int(seconds) // 15) != self._waited:
            self._waited = (name, int(seconds) // 15)
            self.say(f"waiting for the server of {self.server}")

    def say(self, text: str) -> None:
        """A line of the story."""
        self.console.print(Text(text))

    def ended(self, episode: Episode) -> None:
        """An episode ended."""
        for stage in STAGES[: STAGES.index(episode.stage) + 1]:
            self.reached[stage] += 1
        self.reasons[episode.reason.value] += 1
        for one in shown_by(episode, time.time()):
            self.say(f"round {one.round}: {one.verifier} is quarantined: {printable(one.why)}; {MEND}")
        count = self.reached[Stage.DEALT]
        if not self._shown and (count % EVERY == 0 or count == self.dealt):
            self.say(
                f"round {self.round}: {count} of {self.dealt} episodes, {self._funnel()}, {self._rate():.0f} tokens/s"
            )

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        """Something happened in the session."""
        match event:
            case "stage":
                self.stage, self.round = facts["stage"], facts["round"]
                self.say(f"round {self.round}: {self.stage}")
            case "deal":
                self.round, self.dealt, self.stage = facts["round"], facts["episodes"], "play"
                self.began = time.monotonic()
                self.reached.clear()
                self.reasons.clear()
                again = f", {facts['ended']} of them ended before" if facts["ended"] else ""
                self.say(f"round {self.round}: play {self.dealt} episodes{again}")
            case "step":
                step = facts
                self.loss = f"step {step['step']}/{step['steps']}, loss {step['loss']:.2f}, {step['seconds']:.0f} s"
                if not self._shown and step["step"] % 10 == 0:
                    self.say(f"round {self.round}: train {self.loss}")
            case "left":
                said = left_line(facts["round"], facts["samples"], facts["quarantine"])
                self.say(f"round {facts['round']}: {said}")
            case "guard" if facts["action"] != "on":
                self.say(f"round {facts['round']}: a guard fired: {printable(facts['why'])}")
            case "cool_down":
                self.say(f"round {facts['round']} is cooled: warmer, other seeds, more anchors")
            case "unclean":
                self.say(f"round {facts['round']}: {unclean_line(facts['found'])}")
            case "unclean_rows":
                self.say(f"rows of yours are neither shown nor learned: {counted(facts['found'])}")
            case "unexamined":
                self.say(f"round {self.round}: no exam: {facts['why']}")
            case "exam":
                self.exam = exam_line(facts["exam"])
                self.say(f"round {self.round}: exam {self.exam}")
            case "promote":
                self.say(f"round {self.round}: {facts['policy']} is promoted over {facts['parent']}")
            case "seating":
                said = seating_line(facts["exam"], facts["student"], facts["holder"])
                self.say(f"round {self.round}: {said}")
            case "unseated":
                self.say(f"round {self.round}: no exam for a seat: {facts['why']}")
            case "keep_out":
                why = f": {printable(facts['why'])}" if facts["why"] else ""
                self.say(f"round {self.round}: {facts['policy']} is kept out{why}")
            case "trial":
                self.say(f"round {self.round}: probation of {facts['policy']}: {trial_line(facts['trial'])}")
            case "step_back":
                self.say(
                    f"{facts['policy']} is withdrawn ({facts['cause']}): {facts['why']}; {facts['to']} plays again"
                )
            case "untrained":
                self.say(f"round {self.round}: no training: {facts['why']}")
            case "waiting":
                self.say(facts["said"])
            case "player":
                self.say(printable(facts["said"]))
            case "replica":
                self.say(printable(facts["said"]))
            case "steered":
                self.say(f"round {self.round}: {printable(facts['said'])}")
            case "holds":
                self.stage = HOLDS
                self.say(f"round {facts['round']}: stands still, its servers up: {printable(facts['said'])}")
            case "goes_on":
                self.stage = "play"
                self.say(f"round {facts['round']}: goes on")
            case "bring_up":
                self.say(f"bringing up {facts['policy']}")
            case "selected":
                self.say(f"round {facts['round']}: {selection_line(facts['selection'])}")
            case "paired":
                self.say(f"round {facts['round']}: {facts['method']} learns from {facts['pairs']} pairs")
            case "unjudged":
                self.say(f"round {facts['round']}: no judge was trained: {facts['why']}")
            case "documents":
                self.say(documents_line(facts))
            case "without":
                self.say(f"the method {facts['method']} is skipped: {facts['why']}")
            case "left_out":
                self.say(f"the session goes on without it: {facts['domain']}")
            case "kept":
                for what, where in facts.items():
                    self.say(f"{what}: {where}")
            case "skipped":
                self.say(f"seed row skipped: {facts['row']}")

    def _funnel(self) -> str:
        return " > ".join(f"{stage.value} {self.reached[stage]}" for stage in STAGES[1:])

    def _rate(self) -> float:
        return self.context.fleet.pool.rate() if self.context else 0.0

    def _left(self) -> str:
        done = self.reached[Stage.DEALT]
        if not done or done >= self.dealt or self.stage != "play":
            return ""
        return f"{(time.monotonic() - self.began) / done * (self.dealt - done):.0f} s left in the round"

    def _drawn(self) -> Group:
        head = Text(f"round {self.round} · {self.stage} · {self._rate():.0f} tokens/s  {self._left()}", style="bold")
        table = Table(box=None, padding=(0, 2, 0, 0))
        for stage in STAGES:
            table.add_column(stage.value.replace("_", " "), justify="right")
        table.add_row(*(str(self.reached[stage]) for stage in STAGES))
        refused = ", ".join(f"{why} {count}" for why, count in self.reasons.most_common(5) if why not in ACCEPTING)
        lines = [Text(f"refused: {refused or 'none'}")]
        server = self.server if self.stage == "starting" else ""
        known = (("train", self.loss), ("exam", self.exam), ("server", server))
        lines += [Text(f"{name}: {said}") for name, said in known if said]
        lines += [Text(replica_line(asdict(one))) for one in self.context.fleet.pool.replicas()] if self.context else []
        return Group(head, table, *lines)


def replica_line(one: Mapping[str, Any]) -> str:
    """One of several servers of a policy, in one line."""
    many = one["ejections"]
    ejected = f", {many} ejection{'s' * (many != 1)}" if many else ""
    away = f"; away: {printable(one['why'])}" if one["why"] else ""
    return f"{one['url']}: {one['in_flight']} of {one['window']} in flight, {one['rate']:.0f} tokens/s{ejected}{away}"


def left_line(number: int, samples: int, beaten: Quarantine) -> str:
    """What left the training set of a round, or stayed out of a later one, and why."""
    many = f"{samples} sample{'s' * (samples != 1)}"
    did = "left" if number == beaten.round else "stayed out of"
    return f"{many} {did} the training set, resting on {beaten.verifier} alone: {printable(beaten.why)}"


def documents_line(facts: Mapping[str, Any]) -> str:
    """What the documents of a session gave, in one line."""
    why = ", ".join(f"{count} {kind}" for kind, count in facts["left_out"].items())
    left = f"; left out: {why}" if why else ""
    return f"{facts['passages']} passages of {facts['documents']} documents{left}"


def selection_line(one: Selection) -> str:
    """What a method of selection did to a round, in one line."""
    if one.skipped:
        return f"{one.method} was not applied: {printable(one.skipped)}"
    why = ", ".join(f"{count} {printable(reason)}" for reason, count in one.why.items())
    return f"{one.method} keeps {one.kept} of {one.before}{f': {why}' if why else ''}"


def unclean_line(found: Mapping[str, int]) -> str:
    """What left the training set of a round because it may not be learned."""
    return f"left the training set, as they may not be learned: {counted(found)}"


def counted(found: Mapping[str, int]) -> str:
    """Samples and rows by what was found in them."""
    return ", ".join(f"{count} for {kind}" for kind, count in sorted(found.items()))


def exam_line(exam: Exam) -> str:
    """An exam in one line: before and after with their intervals, and what follows."""
    low, high = exam.parent_interval
    low_after, high_after = exam.student_interval
    without = f"; without {', '.join(exam.left_out)}, quarantined" if exam.left_out else ""
    return (
        f"{exam.parent_right / exam.items:.0%} [{low:.0%}–{high:.0%}] before, "
        f"{exam.student_right / exam.items:.0%} [{low_after:.0%}–{high_after:.0%}] after "
        f"on {exam.items} items; {exam.why}{without}"
    )


def seating_line(exam: RoleExam, student: str, holder: str) -> str:
    """A role's exam in one line: who has the seat now, and by what."""
    without = f"; without {', '.join(exam.left_out)}, quarantined" if exam.left_out else ""
    took = (
        f"takes the {exam.role}'s seat from {holder}" if exam.seated else f"leaves the {exam.role}'s seat to {holder}"
    )
    return f"{student} {took}: {exam.why}{without}"


def demand_lines(exam: Exam) -> list[str]:
    """What an exam demanded and found, and what it could have seen, a line each."""
    marks = {(True, True): "shown", (True, False): "not shown", (False, True): "left out"}
    lines = [f"{one.name}: {marks[one.asked, one.met]}: {one.said}" for one in exam.demands]
    return [*lines, *([power_line(exam)] if exam.power else [])]


def power_line(exam: Exam) -> str:
    """What an exam could have seen, and what the gain sought would have needed, in plain words."""
    one = exam.power
    assert one is not None, "an exam of an older version"
    saw = (
        f"a true gain of {one.detectable:.0%} or more would have been seen with a chance of 80 %"
        if one.detectable < 1
        else "no gain would have been seen with a chance of 80 %"
    )
    return (
        f"power: on {exam.items} items, {one.discordant:.0%} of them told apart, {saw}; "
        f"a gain of {one.gain:.0%} is seen with a chance of {one.chance:.0%}, and with 80 % on {one.items} items"
    )


def trial_line(trial: Trial) -> str:
    """What became of a policy on probation, in one line."""
    heir = ""
    if trial.heir and not trial.passed:
        did = "beats that one too, and stays" if trial.heir_stays else "does not beat that one, and goes too"
        heir = f"; who was promoted over it meanwhile {did}"
    return ("it stays: " if trial.passed else "it goes: ") + trial.why + heir
