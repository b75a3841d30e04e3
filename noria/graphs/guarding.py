"""Guards: what follows after a round, and why.

    measure ─► readings ─► decide ─► written as the round's facts ─┬─► on
                                                                   ├─► cool_down   the next deal is cooled
                                                                   ├─► step_back   the policy before plays again
                                                                   └─► stop        the session ends with a report

The decision is written once, with the readings it rests on; whoever asks again, after a kill
or not, is given what is written. The reasons of `stop:` in the config and an exhausted
quarantine stand beside the guards: a guard that stops is named first, for it is news.
"""

from typing import Any

from noria.config.guards import TABLE
from noria.evaluators.collapse import GuardReading, Turn, decide
from noria.evaluators.watching import sentence
from noria.graphs import rounds, stepping
from noria.graphs.context import Context
from noria.graphs.cooling import cooled_for
from noria.graphs.measuring import read
from noria.graphs.session_state import Action
from noria.graphs.stages import found_done, stage
from noria.memory.moves import ancestors


async def guard(context: Context, number: int) -> tuple[Action, str]:
    """What follows after a round, and why; found decided, or decided and written now."""
    if decided := context.history.round(number).get("guards"):
        await found_done(context, number, "guard")
    else:
        decided = await _decided(context, number)
    stop = await rounds.guard(context, number)
    if decided["action"] == "stop":
        return "stop", str(decided["why"])
    if stop and decided["action"] == "step_back":
        # Whoever takes the session's student is to be given the sound one.
        await stepping.step_back(context, number, decided["why"], context.policy(decided["to"]))
    return ("stop", stop) if stop else (decided["action"], str(decided["why"]))


async def _decided(context: Context, number: int) -> dict[str, Any]:
    """Measure, decide, write."""
    async with stage(context, number, "guard"):
        measured, readings = await read(context, number)
        to = _sound(context, number)
        action, asking = decide(readings, cooled_for(context.history, number), bool(to))
        guards = {
            "action": action,
            "why": _why(action, asking, context.policy(to).name if to else ""),
            "fired": [one.guard for one in asking],
            "to": to if action == "step_back" else "",
            "report": _report(context, number, asking) if action == "stop" else [],
            "readings": [one.model_dump(mode="json") for one in readings],
            "measured": measured.model_dump(mode="json"),
        }
        await context.history.keep_round(number, "guarded", guards=guards)
    context.tell("guard", {"round": number, **{key: guards[key] for key in ("action", "why", "fired")}})
    return guards


def _why(action: Turn, asking: list[GuardReading], to: str) -> str:
    words = {"on": "", "cool_down": "cool down", "step_back": f"step back to {to}", "stop": "guard"}[action]
    return f"{words}: " + "; ".join(map(sentence, asking)) if asking else ""


def _sound(context: Context, number: int) -> str:
    """The policy to step back to: the one before this round's solver; empty where that is the base, or gone already.

    Another student may have been promoted since the round was played; it learned from the
    round, so it goes too.
    """
    history, student = context.history, context.history.pointer("student")
    played = history.round(number).get("seats", {}).get("solver", "")
    line = [student.id, *ancestors(history, student.id)] if student else []
    return line[line.index(played) + 1] if played in line[:-1] else ""


def _report(context: Context, number: int, asking: list[GuardReading]) -> list[str]:
    """What a person needs who finds the session stopped: the reading, its story over the rounds, the mend."""
    lines = list[str]()
    for one in asking:
        lines.append(f"Guard {one.guard} stopped the session after round {number}: {sentence(one)}.")
        for earlier in range(1, number):
            told = context.history.round(earlier).get("guards", {}).get("readings", ())
            lines += [f"  round {earlier}: {_told(had)}" for had in told if had["guard"] == one.guard]
        lines.append(f"  round {number}: {_told(one.model_dump(mode='json'))}")
        lines.append(f"  why the bound: {TABLE[one.guard].why}.")
        lines.append(f"  what to do: {TABLE[one.guard].mend}.")
    return lines


def _told(had: dict[str, Any]) -> str:
    if had["value"] is None:
        return f"{had['state']}, {had['says']}"
    return f"{had['state']}, {had['value']:.3g} [{had['low']:.3g} to {had['high']:.3g}], n = {had['n']}"


async def cool_down(context: Context, number: int) -> None:
    """The round that is dealt next is cooled: its deal reads that off the ledger (see `cooling`)."""
    context.tell("cool_down", {"round": number, "why": context.history.round(number - 1)["guards"]["why"]})


async def step_back(context: Context, number: int) -> None:
    """The policy before the current one plays from the next deal on."""
    guards = context.history.round(number - 1)["guards"]
    await stepping.step_back(context, number - 1, guards["why"], context.policy(guards["to"]))
