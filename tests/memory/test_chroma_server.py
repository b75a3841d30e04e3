"""The neighbour index on a real Chroma server: it follows the ledger, and is made again where it was lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import chromadb
import pytest

from noria.config import parse
from noria.config.store import Store
from noria.errors import ConfigError, RunError, SessionError
from noria.memory import chroma
from noria.memory.neighbours import FOLDER, Neighbours, catch_up, rebuild
from noria.memory.settling import settle
from tests.chroma import ChromaServer, chroma_server
from tests.memory.test_neighbours import settled


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as found:
        yield found


def placed(folder: Path, server: ChromaServer) -> chroma.Place:
    told = settle(folder, Store(chroma=server.url))
    found = chroma.place(folder)
    assert found is not None
    assert told == {"index": f"{server.url}, collections {found.collections}"}
    return found


def lost(server: ChromaServer, place: chroma.Place, name: str) -> None:
    client = chromadb.HttpClient("127.0.0.1", server.port)
    client.delete_collection(f"{place.collections}.{name}")
    client.close()


def touched(index: Neighbours) -> None:
    nearest(index)
    index.nearest_free_text("bread", shape="")
    index.add([("x", "arithmetic", "y", "", "free")])


def nearest(index: Neighbours) -> list[str]:
    return [one.sample for one in index.nearest("bread in an oven", domain="arithmetic", count=1)]


def test_the_index_follows_the_ledger_on_a_server(tmp_path: Path, server: ChromaServer) -> None:
    placed(tmp_path / "a", server)
    placed(tmp_path / "b", server)
    history, other = settled(tmp_path / "a"), settled(tmp_path / "b")
    index = Neighbours(tmp_path / "a")
    assert not index.is_open
    assert asyncio.run(catch_up(history, index)) == 3
    assert asyncio.run(catch_up(history, index)) == 0
    assert nearest(index) == ["sample-1"]
    assert Neighbours(tmp_path / "b").count() == 0  # collections of a session's own
    assert not (tmp_path / "a" / FOLDER).exists()
    index.remove(["sample-1"])
    assert nearest(index) != ["sample-1"]
    assert rebuild(tmp_path / "a", history) == 3
    index.close()
    history.ledger.close()
    other.ledger.close()


@pytest.mark.parametrize("name", chroma.FOLLOWING)
def test_a_collection_that_was_deleted_is_named_and_filled_again(
    tmp_path: Path, server: ChromaServer, name: str
) -> None:
    place, history = placed(tmp_path, server), settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    nearest(index)
    lost(server, place, name)
    with pytest.raises(RunError, match=r"collections noria_.* cannot be (read|written): .*does not exist") as fault:
        touched(index)
    assert fault.value.status == 1
    index.close()
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == 3
    assert nearest(index) == ["sample-1"]
    assert asyncio.run(catch_up(history, index)) == 0
    index.close()
    history.ledger.close()


def test_a_server_that_goes_away_is_named_and_one_that_is_back_goes_on(tmp_path: Path, server: ChromaServer) -> None:
    placed(tmp_path, server)
    history, index = settled(tmp_path), Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    server.stop()
    try:
        with pytest.raises(RunError, match=r"cannot be read: .*resume") as fault:
            nearest(index)
        assert fault.value.status == 1
        index.close()
        with pytest.raises(SessionError, match=r"Chroma server .* cannot be used: .*NORIA_CHROMA_TOKEN"):
            asyncio.run(catch_up(history, Neighbours(tmp_path)))
        with pytest.raises(SessionError, match="cannot be used"):
            settle(tmp_path / "new", Store(chroma=server.url))
        assert not (tmp_path / "new").exists()
    finally:
        server.start()
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == 0  # it kept what it had
    assert nearest(index) == ["sample-1"]
    index.close()
    history.ledger.close()


def test_a_place_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / chroma.FILE).write_text('{"url": "ftp://x"}')
    with pytest.raises(SessionError, match=r"does not say where the neighbour index is"):
        Neighbours(tmp_path)
    with pytest.raises(ConfigError, match=r"store\.chroma.*holds a password"):
        parse({"store": {"chroma": "http://u:secret@x:1"}}, place="noria.yaml", folder=tmp_path)
