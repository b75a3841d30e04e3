import pytest

from noria.errors import EndpointError
from noria.inference.fake_server import FakeServer
from noria.inference.probe import probe, require


async def test_a_server_that_can_do_all_passes() -> None:
    async with FakeServer(key="k") as server:
        found = await probe(server.url, "k", "base", adapters=True)
    assert [one.name for one in found] == ["model", "chat", "JSON schema", "choice", "adapters"]
    assert all(one.ok for one in found), found


async def test_a_schema_that_is_ignored_is_found_out_before_anyone_plays() -> None:
    async with FakeServer(schemas=False) as server:
        found = {one.name: one for one in await probe(server.url, "", "base")}
        assert not found["JSON schema"].ok
        assert "vLLM" in found["JSON schema"].mend
        await require(server.url, "", "base", ["solver"])
        with pytest.raises(EndpointError, match="JSON schema: it is ignored"):
            await require(server.url, "", "base", ["generator"])


async def test_missing_adapters_and_logprobs_are_told() -> None:
    async with FakeServer(adapters=False, logprobs=False) as server:
        found = {one.name: one for one in await probe(server.url, "", "base", adapters=True)}
    assert not found["adapters"].ok
    assert "--enable-lora" in found["adapters"].mend
    assert found["choice"].ok
    assert "without logprobs" in found["choice"].said


async def test_a_wrong_key_a_wrong_name_and_nobody_there_are_three_sentences() -> None:
    async with FakeServer(key="k") as server:
        (wrong_key,) = await probe(server.url, "x", "base")
        (wrong_name,) = await probe(server.url, "k", "other")
        (wrong_path,) = await probe(server.url.removesuffix("/v1"), "k", "base")
    (away,) = await probe(server.url, "k", "base")
    assert "refuses the key" in wrong_key.said
    assert "serves" in wrong_name.said or "does not serve 'other' but base" in wrong_name.said
    assert "/v1" in wrong_path.mend
    assert "does not answer" in away.said
    for one in (wrong_key, wrong_name, wrong_path, away):
        assert not one.ok
        assert one.mend
