"""Scoring a text over HTTP: as vLLM answers, and from endpoints that lack it."""

import pytest

from noria.errors import EndpointError
from noria.inference.fake_server import FakeServer
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.pool import Pool
from noria.inference.puppet import read_steadily
from noria.inference.scripted import ScriptedClient
from noria.types import Message

TEXT = "Call me Ishmael. Some years ago, never mind how long precisely"


def client(server: FakeServer, deadline: float = 20.0) -> OpenAIClient:
    return OpenAIClient(server.url, "none", limiter=Limiter(4), deadline=deadline)


async def test_a_text_is_scored_by_the_logprobs_of_its_tokens() -> None:
    async with FakeServer() as server:
        asked, pool = client(server), Pool()
        pool.serve("policy-1", asked)
        scored = await pool.score("base", TEXT, "policy-1")
        assert scored is not None
        said = read_steadily("base", TEXT)
        assert scored.nats == pytest.approx(-sum(said))
        assert scored.tokens == len(said) == len(TEXT.split()) - 1
        assert pool.tokens() == (len(TEXT.split()), 1)
        await pool.close()


async def test_an_endpoint_that_ignores_the_question_or_refuses_it_scores_nothing() -> None:
    async with FakeServer(logprobs=False) as server:
        asked = client(server)
        assert await asked.score("base", TEXT) is None
        assert await asked.score("nobody", TEXT) is None
        await asked.close()
    pool = Pool()
    pool.serve("policy-1", ScriptedClient(lambda request: "", reads=None))
    assert await pool.score("base", TEXT, "policy-1") is None
    assert await pool.score("base", TEXT, "policy-2") is None


async def test_an_answer_is_scored_by_a_chat_with_it_less_the_chat_before_it() -> None:
    asked = (Message(role="system", content="Be brief."), Message(role="user", content="Who speaks?"))
    answered = (*asked, Message(role="assistant", content="Call me Ishmael"))
    async with FakeServer() as server:
        pool = Pool()
        pool.serve("policy-1", client(server))
        before = await pool.score_chat("base", asked, "policy-1")
        after = await pool.score_chat("base", answered, "policy-1")
        assert before is not None
        assert after is not None
        assert after.tokens - before.tokens == 3, "neither a mark that closes it nor one that opens another line"
        assert after.nats - before.nats == pytest.approx(-sum(read_steadily("base", "<assistant> Call me Ishmael")))
        assert pool.tokens() == (before.tokens + after.tokens + 2, 2)
        await pool.close()
    async with FakeServer(logprobs=False) as mute, FakeServer() as fragile:
        spared = OpenAIClient(fragile.url, "none", limiter=Limiter(4), scores=False)
        silent = client(mute)
        assert [await one.score_chat("base", asked) for one in (silent, spared)] == [None, None]
        assert await pool.score_chat("base", asked, "policy-2") is None
        assert (mute.calls, fragile.calls) == (1, 0)
        await silent.close()
        await spared.close()


async def test_a_fault_of_transport_is_tried_again_and_one_that_lasts_is_raised() -> None:
    async with FakeServer(faults=["drop", "truncate", "429"]) as server:
        asked = client(server)
        assert await asked.score("base", TEXT) is not None
        assert server.calls == 4
        await asked.close()
    server = FakeServer()
    async with server:
        pass
    asked = client(server, deadline=0.5)
    with pytest.raises(EndpointError, match="did not answer"):
        await asked.score("base", TEXT)
    await asked.close()
