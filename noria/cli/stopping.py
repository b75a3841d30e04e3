"""What SIGINT and SIGTERM do to a run.

    SIGINT  once    finish what is in hand (a batch, an exam, a training), save, leave
            twice   stop now
    SIGTERM         stop now

Either way the servers are ended, the session can be resumed and the status is 130. Stopping
now loses the model calls in flight and, in a training, the training: it begins anew on
resume. While nothing is in hand yet, a first SIGINT stops at once. Told more often than
twice, a run goes on ending its servers: only SIGKILL leaves them behind, for `noria resume`
to find.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from noria.cli.live import HOLDS, LiveView

IN_HAND = {
    "play": "the batch that plays",
    "train": "the training, which would begin anew on resume",
    "examine": "the exam",
}
"""What a first SIGINT lets end, by the stage; the other stages are short and named as they are."""


class Told:
    """Turns signals into requests to a run."""

    def __init__(self, task: "asyncio.Task[Any]", view: LiveView) -> None:
        """Stand beside a run."""
        self.task = task
        self.view = view
        self.asked = False
        self.stopped = False

    def leave(self) -> None:
        """Finish what is in hand, the first time; the second time, stop."""
        context = self.view.context
        if self.asked or context is None:
            self.stop()
            return
        self.asked = True
        context.leave()
        if self.view.stage == HOLDS:
            self.view.say("interrupted: leaving now, for nothing is in hand")
            return
        what = IN_HAND.get(self.view.stage, f"the stage {self.view.stage!r}")
        self.view.say(f"interrupted: finishing {what}; press Ctrl-C again to stop now")

    def stop(self) -> None:
        """Stop now."""
        if self.stopped:
            self.view.say("still stopping: the servers are being ended")
            return
        self.stopped = True
        self.view.say("stopping now")
        self.task.cancel()


async def until_told(work: Coroutine[Any, Any, Any], view: LiveView) -> None:
    """Do the work until it ends or a signal ends it.

    Raises:
        asyncio.CancelledError: a signal ended it.
    """
    loop, told = asyncio.get_running_loop(), Told(asyncio.ensure_future(work), view)
    loop.add_signal_handler(signal.SIGTERM, told.stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # who starts us may want us to hear none
        loop.add_signal_handler(signal.SIGINT, told.leave)
    await told.task
