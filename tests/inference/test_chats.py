"""Connections that stay open: for whom they do, and what they never let through."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from noria.inference.chats import Chats
from noria.inference.fake_server import FakeServer
from noria.inference.trying import StatusError

BODY = json.dumps({"model": "base", "messages": [{"role": "user", "content": "What is 1 + 2?"}]}).encode()


@asynccontextmanager
async def chats() -> AsyncIterator[Chats]:
    mine = Chats(8)
    try:
        yield mine
    finally:
        await mine.close()


def reply(name: str, said: str, status: str = "200 OK") -> bytes:
    body = json.dumps({"id": f"chatcmpl-{name}", "said": said}).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def server(*turns: str) -> AsyncIterator[tuple[str, list[list[str]]]]:
    """Does in turn what is named, whichever connection a question comes on; tells what it did on each."""
    left, seen = list(turns), []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[str] = []
        seen.append(mine)
        last = ""
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
            await reader.readexactly(int(fields["content-length"]))
            turn, name = left.pop(0), fields["x-request-id"]
            mine.append(turn)
            match turn:
                case "right":
                    writer.write(reply(name, "right"))
                case "the last again":
                    writer.write(reply(last, "another's"))
                case "refused as the last":
                    writer.write(reply(last, "another's", "400 Bad Request"))
                case "busy":
                    writer.write(reply("", "busy", "503 Busy"))
                case "closed":
                    writer.close()
                    return
            last = name
            await writer.drain()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await meet(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(met, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", seen


@pytest.mark.parametrize(("names", "connections"), [(True, 2), (False, 12)])
async def test_a_server_keeps_connections_if_its_replies_name_their_questions(names: bool, connections: int) -> None:
    async with FakeServer(names=names) as fake, chats() as mine:
        for _ in range(12):
            await mine.send(fake.url, "k", BODY)
        assert len(fake.peers) == connections
        assert fake.calls == 12


async def test_the_reply_of_another_question_is_not_taken_and_the_question_is_asked_apart() -> None:
    async with server("right", "right", "the last again", "right", "right") as (url, seen), chats() as mine:
        for _ in range(4):
            assert json.loads(await mine.send(url, "k", BODY))["said"] == "right"
    assert seen[:3] == [["right"], ["right", "the last again", "right"], ["right"]]


async def test_a_refusal_on_an_open_connection_may_be_anothers_and_is_asked_for_again() -> None:
    async with server("right", "right", "refused as the last", "right") as (url, _), chats() as mine:
        for _ in range(3):
            assert json.loads(await mine.send(url, "k", BODY))["said"] == "right"


async def test_a_connection_that_was_closed_meanwhile_is_no_fault() -> None:
    async with server("right", "right", "closed", "right") as (url, _), chats() as mine:
        for _ in range(3):
            assert json.loads(await mine.send(url, "k", BODY))["said"] == "right"


async def test_a_server_without_room_is_not_asked_twice() -> None:
    async with server("right", "busy") as (url, seen), chats() as mine:
        await mine.send(url, "k", BODY)
        with pytest.raises(StatusError, match="503"):
            await mine.send(url, "k", BODY)
    assert seen == [["right"], ["busy"]]
