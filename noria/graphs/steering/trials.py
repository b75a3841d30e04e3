"""A/B: two texts of one template, dealt at random within a session, so that what differs is the text alone.

    compare ─► step `trial` (begun) ─► each episode, or each round, draws an arm ─► batches ─► stop_comparing

The arm is drawn from a stream that is named by the trial and the episode (the round), so it
hangs on nothing that happens, and every batch writes down what it dealt. What is asked outside
of play (exams, calibrations) is asked with the template in force, the same for all.
"""

from noria.errors import ConfigError, SessionError
from noria.graphs.steering.files import place_text
from noria.graphs.steering.saying import Saying, folder, must_play_on, step
from noria.graphs.steering.taking import rehearsed
from noria.identity import content_id, stream
from noria.memory.history import History
from noria.memory.ledger import Write
from noria.memory.steps import Steps, stepping, texting
from noria.types import Arm, Arms, Dealt, Json, Step

SIDES: tuple[Arm, Arm] = ("a", "b")


def compare(history: History, body: Json) -> Saying:
    """Begin a trial.

    Raises:
        ConfigError: a text is no template of that name, or both are the same.
        SessionError: the session is finished, or a trial of this template runs.
    """
    must_play_on(history)
    steps, name, by = Steps(history), str(body.get("name", "")), body.get("by")
    if by not in ("episode", "round"):
        raise ConfigError(f"A trial deals by episode or by round, not by {by!r}.")
    sides = [rehearsed(str(body.get(side, "")), name) for side in SIDES]
    a, b = (one.version for one in sides)
    if a == b:
        raise ConfigError(f"Both texts are {a}: there is nothing to compare.")
    if other := next((one for one in running(steps) if one.body["template"] == name), None):
        raise SessionError(
            f"The trial {other.name} compares the template {name!r} already.", mend="Stop that one first."
        )
    key = content_id("trial", [steps.count("trial") + 1, name, a, b])
    said = f"trial {key}: {a} against {b}, dealt by {by}"
    made = step(steps, "trial", key, said, {"state": "begun", "template": name, "a": a, "b": b, "by": by})
    writes: list[Write] = [stepping(made), *texting(steps, {one.version: one.text for one in sides}, made.at)]
    about = {"trial": key, "name": name, "a": a, "b": b, "by": by}
    return writes, {"state": "done", "said": f"Each {by} is dealt {a} or {b}, from the next batch on.", **about}


def stop_comparing(history: History, body: Json) -> Saying:
    """End a trial; with `keep`, the text of that arm becomes the session's own template.

    Raises:
        SessionError: no trial that runs is named so, or the template cannot be written.
    """
    steps, key, keep = Steps(history), str(body.get("trial", "")), body.get("keep")
    if keep not in (*SIDES, None):
        raise ConfigError(f"A trial keeps `a`, `b` or neither, not {keep!r}.")
    found = [one for one in running(steps) if key and (one.name.startswith(key) or one.body["template"] == key)]
    if len(found) != 1:
        known = ", ".join(one.name for one in running(steps)) or "none"
        raise SessionError(f"No one trial that runs is named {key!r}.", mend=f"Running: {known}.")
    (trial,) = found
    name, version = trial.body["template"], trial.body[keep] if keep else ""
    if keep:
        place_text(folder(history), name, steps.texts([version])[version])
    after = f"{version} stays" if keep else "the template in force plays alone"
    ended = step(steps, "trial", trial.name, f"trial {trial.name} ended: {after}", {"state": "ended", "keep": keep},
                 key=f"trial/{trial.name}/end")  # fmt: skip
    return [stepping(ended)], {"state": "done", "said": f"It ends with the next batch; {after}.", "trial": trial.name,
                               "name": name, "keep": keep}  # fmt: skip


def running(steps: Steps) -> list[Step]:
    """The trials that began and have not ended, oldest first."""
    every = steps.each("trial")
    over = {one.name for one in every if one.body["state"] == "ended"}
    return [one for one in every if one.name not in over]


def drawn(trial: Step, hands: list[Dealt]) -> Arms:
    """The arm of each hand."""
    by = trial.body["by"]

    def arm(hand: Dealt) -> Arm:
        place = hand.episode if by == "episode" else f"round/{hand.round}"
        return SIDES[stream(trial.name, place).random() < 0.5]

    return Arms(
        trial=trial.name, name=trial.body["template"], a=trial.body["a"], b=trial.body["b"], by=by,
        dealt={one.episode: arm(one) for one in hands},
    )  # fmt: skip


def shown(history: History) -> list[Json]:
    """Every trial, oldest first: its template, its versions, how many episodes were dealt each, and whether it runs."""
    steps = Steps(history)
    every, played = steps.each("trial"), steps.batches()
    ends = {one.name: one for one in every if one.body["state"] == "ended"}
    found = []
    for one in (one for one in every if one.body["state"] == "begun"):
        arms = [arm for batch in played for at in batch.trials if at.trial == one.name for arm in at.dealt.values()]
        end = ends.get(one.name)
        found.append({
            "trial": one.name, "name": one.body["template"], **{key: one.body[key] for key in ("a", "b", "by")},
            "dealt": {side: arms.count(side) for side in SIDES}, "running": end is None, "at": one.at,
            "keep": end.body["keep"] if end else None, "ended": end.at if end else None,
        })  # fmt: skip
    return found
