"""A line between two processes: either end asks, the other answers, and a fault comes back as what it was.

    ask ─► letter ─► (carried) ─► heard ─► served ─► letter ─► (carried) ─► the answer, or its fault

Letters are plain data of Noria's own classes. Whoever carries them makes bytes of them and back
as it does with all it carries, between processes of one session and no others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from noria import errors
from noria.errors import AfarError, NoriaError, placed

Serve = Callable[..., Awaitable[Any]]
"""Answers what is asked: the word, then what is given with it."""


class CutError(Exception):
    """The other end is gone, and will answer nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception as it travels."""

    name: str
    """Its class in the tree of errors; empty for a fault of ours."""
    what: str
    mend: str = ""

    @classmethod
    def of(cls, fault: Exception) -> "Fault":
        """What there is to say of an exception."""
        if isinstance(fault, NoriaError):
            return cls(type(fault).__name__, fault.what, fault.mend)
        return cls("", placed(fault))

    def error(self) -> Exception:
        """The exception it was."""
        kind = getattr(errors, self.name, None) if self.name else None
        if isinstance(kind, type) and issubclass(kind, NoriaError):
            return kind(self.what, mend=self.mend)
        return AfarError(self.what)


@dataclass(frozen=True, slots=True)
class Letter:
    """A question, or an answer."""

    number: int
    """Which question; 0 where no answer is wanted."""
    what: str
    """The word of a question; empty for an answer."""
    given: Any
    fault: Fault | None = None


class Line:
    """One end of a line."""

    def __init__(self, serve: Serve) -> None:
        """Answer by `serve` what the other end asks."""
        self._serve = serve
        self._out: list[Letter] = []
        self._bell = asyncio.Event()
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._cut = False

    async def ask(self, what: str, *given: Any) -> Any:
        """What the other end answers.

        Raises:
            CutError: it is gone.
            NoriaError: it could not.
            AfarError: a fault of ours there.
        """
        if self._cut:
            raise CutError
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._send(Letter(number, what, given))
        try:
            return await answer
        finally:
            del self._asked[number]

    def tell(self, what: str, *given: Any) -> None:
        """Say something that needs no answer; it is heard before whatever is asked later."""
        self._send(Letter(0, what, given))

    def _send(self, letter: Letter) -> None:
        self._out.append(letter)
        self._bell.set()

    async def spoken(self) -> list[Letter]:
        """All that was said at this end and not carried yet, once there is any."""
        await self._bell.wait()
        self._bell.clear()
        out, self._out = self._out, []
        return out

    def hear(self, letters: Sequence[Letter]) -> None:
        """Take what was carried here: questions are begun in their order, answers go to who asked."""
        for letter in letters:
            if letter.what:
                task = asyncio.get_running_loop().create_task(self._answer(letter))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)
            elif (answer := self._asked.get(letter.number)) is not None and not answer.done():
                if letter.fault is None:
                    answer.set_result(letter.given)
                else:
                    answer.set_exception(letter.fault.error())

    async def _answer(self, letter: Letter) -> None:
        value: Any = None
        fault: Fault | None = None
        try:
            value = await self._serve(letter.what, *letter.given)
        except Exception as error:  # whatever it is, whoever asked is told
            fault = Fault.of(error)
        if letter.number:
            self._send(Letter(letter.number, "", value, fault))

    def cut(self) -> None:
        """The other end is gone: whoever asked it is told, and what it asked is answered to nobody."""
        self._cut = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(CutError())
