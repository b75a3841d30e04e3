"""What was asked of a session is done: by the process that holds it, or by whoever asks where nobody does.

{"what": "note", "text": …} ─► saying ─► one transaction ─► {"state": "done", "said": …}
"""

from collections.abc import Callable

from noria.errors import ConfigError
from noria.graphs.steering import notes, pausing, ruling, trials
from noria.graphs.steering.saying import Saying
from noria.memory.history import History
from noria.types import Json

SAYINGS: dict[str, Callable[[History, Json], Saying]] = {
    "pause": pausing.pause,
    "go_on": pausing.go_on,
    "note": notes.note,
    "drop_note": notes.drop_note,
    "rule": ruling.rule,
    "compare": trials.compare,
    "stop_comparing": trials.stop_comparing,
}
"""What may be asked, and what follows."""


def said(history: History, body: Json, *, live: bool) -> Saying:
    """What was asked, as rows to commit and the answer.

    Raises:
        NoriaError: it cannot be done; nothing was changed.
    """
    if (saying := SAYINGS.get(str(body.get("what")))) is None:
        raise ConfigError(f"Nothing is known of the request {body.get('what')!r}.", mend="Update the older Noria.")
    writes, found = saying(history, body | {"live": live})
    return writes, {**found, "live": live}


async def answer(history: History, body: Json) -> Json:
    """Do what was asked of a session that runs, and say so.

    Raises:
        NoriaError: it cannot be done; nothing was changed.
    """
    writes, found = said(history, body, live=True)
    if writes:
        await history.ledger.write(*writes)
    return found


def answer_now(history: History, body: Json) -> Json:
    """`answer` for whoever holds a session that nobody runs; raises what it raises."""
    writes, found = said(history, body, live=False)
    if writes:
        history.ledger.write_now(*writes)
    return found
