"""Steering notes: a sentence of a person's that the generator reads until it expires.

    noria steer "more unit conversions" ─► step `note` ─► in force from the next batch ─► step `expired`

A note counts the batches, or the rounds, that it was in force in. That follows from the
committed batches, so that it expires at the same place however often a session is killed.
"""

from noria.config import SessionConfig
from noria.errors import ConfigError, SessionError
from noria.evaluators.screening import Screen
from noria.graphs.steering.saying import Saying, must_play_on, named, sentence, step
from noria.identity import content_id
from noria.memory.history import History
from noria.memory.steps import Steps, stepping
from noria.prompts import Template
from noria.types import Batch, Json, Step

MOST = 5
"""Notes in force at once."""

LASTS = 1
"""Rounds that a note lasts where nobody says how long."""

LONGEST = 1000
"""Batches or rounds that a note may last."""


def note(history: History, body: Json) -> Saying:
    """Give a note.

    Raises:
        ConfigError: it is too long, holds what may stand in no prompt, or there are too many.
        SessionError: the session is finished.
    """
    must_play_on(history)
    steps, text = Steps(history), sentence(body.get("text", ""), "note")
    lasts = _lasts(body.get("batches"), body.get("rounds"))
    config = SessionConfig.model_validate_json(history.ledger.fact("config") or "{}")
    if found := Screen(config.hygiene.screen).find(text):
        raise ConfigError(
            f"The note holds {found[0]}: every sample that it reached would be refused.", mend="Say it without."
        )
    standing = given(steps)
    if len(standing) >= MOST:
        ids = ", ".join(one.name for one in standing)
        raise ConfigError(f"{MOST} notes are in force, and no more may be: {ids}.", mend="Drop one with `--drop ID`.")
    if same := next((one for one in standing if one.body["text"] == text), None):
        raise ConfigError(f"The note {same.name} says the same.", mend="Drop it with `--drop ID` to give it anew.")
    key = content_id("note", [steps.count("note") + 1, text])
    made = step(steps, "note", key, f"note {key}: {text}", {"text": text, **lasts})
    heard = _heard(steps)
    said = f"The generator reads it from the next batch on, for {_long(lasts)}." + ("" if heard else f" {DEAF}")
    return [stepping(made)], {"state": "done", "said": said, "note": key, "text": text, "heard": heard, **lasts}


DEAF = "But the generator's template does not ask for `notes`: it is heard once it does."


def drop_note(history: History, body: Json) -> Saying:
    """Take a note back, by its id or the beginning of it.

    Raises:
        SessionError: none in force is named so.
    """
    steps, key = Steps(history), str(body.get("note", ""))
    found = [one for one in given(steps) if key and (one.name.startswith(key) or one.name.startswith(f"note-{key}"))]
    if len(found) != 1:
        known = ", ".join(one.name for one in given(steps)) or "none"
        raise SessionError(f"No one note in force is named {key!r}.", mend=f"In force: {known}.")
    made = _gone(steps, found[0], "dropped by a person")
    return [stepping(made)], {"state": "done", "said": "The generator reads it no more, from the next batch on.",
                              "note": found[0].name}  # fmt: skip


def given(steps: Steps) -> list[Step]:
    """The notes that have not expired, as far as that was written down, oldest first."""
    gone = {one.name for one in steps.each("expired")}
    return [one for one in steps.each("note") if one.name not in gone]


def expiring(steps: Steps, number: int, batch: int) -> tuple[list[Step], list[Step]]:
    """The notes in force in the batch that comes, and the steps that let the others go."""
    standing = given(steps)
    played = steps.batches() if standing else []
    over = [one for one in standing if left(one, played, number) <= 0]
    gone = [_gone(steps, one, f"after {_long(one.body)}", (number, batch)) for one in over]
    return [one for one in standing if one not in over], gone


def left(one: Step, played: list[Batch], number: int) -> int:
    """How many batches, or rounds with this one, a note is still in force for."""
    under = [at for at in played if one.name in at.notes]
    if (batches := one.body.get("batches")) is not None:
        return int(batches) - len(under)
    rounds = int(one.body["rounds"])
    return under[0].round + rounds - number if under else rounds


def shown(history: History) -> list[Json]:
    """The notes in force, for people: id, text, where it was given, how much is left of it."""
    steps = Steps(history)
    played, (number, _) = steps.batches(), steps.place()
    found = []
    for one in given(steps):
        rest, unit = left(one, played, number), "batches" if one.body.get("batches") is not None else "rounds"
        line = {"note": one.name, "text": one.body["text"], "since": named(one.round, one.batch), "at": one.at}
        found.append({**line, "left": rest, "unit": unit})
    return [one for one in found if one["left"] > 0]


def _gone(steps: Steps, one: Step, why: str, place: tuple[int, int] | None = None) -> Step:
    said = f"note {one.name} is out of force, {why}: {one.body['text']}"
    return step(steps, "expired", one.name, said, {"why": why}, key=f"expired/{one.name}", place=place)


def _lasts(batches: object, rounds: object) -> Json:
    if batches is not None and rounds is not None:
        raise ConfigError("A note lasts for batches or for rounds, not for both.", mend="Give one of the two.")
    name, value = ("batches", batches) if batches is not None else ("rounds", LASTS if rounds is None else rounds)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST:
        raise ConfigError(f"A note lasts for 1 to {LONGEST} {name}, not {value!r}.")
    return {name: value}


def _long(body: Json) -> str:
    name = "batches" if body.get("batches") is not None else "rounds"
    many = body[name]
    return f"{many} {name if many > 1 else {'batches': 'batch', 'rounds': 'round'}[name]}"


def _heard(steps: Steps) -> bool:
    """Whether the generator's template in force asks for notes."""
    version = steps.in_force().get("generator", "")
    text = steps.texts([version]).get(version)
    return text is None or "notes" in Template.parse(text, "generator").inputs
