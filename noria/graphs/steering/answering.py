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


async def answer(history: History, body: Json, *, live: bool) -> Json:
    """Do what was asked, and say so.

    Raises:
        NoriaError: it cannot be done; nothing was changed.
    """
    if (saying := SAYINGS.get(str(body.get("what")))) is None:
        raise ConfigError(f"Nothing is known of the request {body.get('what')!r}.", mend="Update the older Noria.")
    writes, said = saying(history, body | {"live": live})
    if writes:
        await history.ledger.write(*writes)
    return {**said, "live": live}
