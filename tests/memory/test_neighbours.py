import asyncio
import logging
import random
import shutil
from pathlib import Path

import numpy
import pytest

from noria.errors import SessionError
from noria.memory.embed import StaticEmbedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import FOLDER, Neighbours, catch_up, rebuild
from tests import build

ASKED = ("How do rivers reach the sea?", "Bake a loaf of bread.", "Name three old maps.")


def settled(folder: Path) -> History:
    history = History(Ledger(folder, write=True))
    samples = [
        build.sample(f"sample-{at}", asked=asked, free_text=asked, episode=f"episode-{at}")
        for at, asked in enumerate(ASKED)
    ]
    taught = build.sample("sample-g", role="generator", episode="episode-0")
    asyncio.run(history.settle(build.episode(), [*samples, taught]))
    return history


def test_the_index_follows_the_ledger_and_can_be_made_again(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == 3
    assert asyncio.run(catch_up(history, index)) == 0
    before = index.nearest("bread in an oven", domain="arithmetic", count=2)
    assert before[0].sample == "sample-1"
    assert before[0].similarity > before[1].similarity
    index.close()
    shutil.rmtree(tmp_path / FOLDER)
    assert rebuild(tmp_path, history) == 3
    index = Neighbours(tmp_path)
    after = index.nearest("bread in an oven", domain="arithmetic", count=2)
    assert [one.sample for one in after] == [one.sample for one in before]
    assert index.nearest("bread", domain="units", count=2) == []
    index.close()
    history.ledger.close()


def test_the_same_rows_are_the_same_neighbours_however_they_came(tmp_path: Path) -> None:
    things = ["river", "stone", "bread", "mill", "sack", "corn", "water", "bucket", "wheel", "letter", "metre", "word"]
    rng = random.Random(3)
    texts = [f"{' '.join(rng.choices(things, k=6))} {at}" for at in range(400)]
    rows = [(f"sample-{at:03}", "arithmetic", text, "", "") for at, text in enumerate(texts)]
    asked = [" ".join(rng.choices(things, k=6)) for _ in range(20)]
    whole, broken = Neighbours(tmp_path / "whole"), Neighbours(tmp_path / "broken")
    whole.add(rows)
    first = 0
    while first < len(rows):
        count = rng.choice([1, 7, 40])
        broken.add(rows[max(0, first - 5) : first + count])  # what a kill left in doubt comes again
        first += count
    broken.remove([row[0] for row in rows[:200:7]])
    broken.add(rows[:200:7])
    found = whole.nearest_to(asked, domain="arithmetic", count=5)
    assert broken.nearest_to(asked, domain="arithmetic", count=5) == found
    embed = StaticEmbedder().embed
    likeness = embed(asked) @ embed(texts).T
    for line, text in zip(likeness, asked, strict=True):
        best = sorted(range(len(texts)), key=lambda at: -line[at])[:5]
        assert {one.sample for one in found[text]} == {rows[at][0] for at in best}
    for index in (whole, broken):
        index.close()


def test_an_index_that_was_deleted_is_made_again_when_its_session_opens(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    index.close()
    shutil.rmtree(tmp_path / FOLDER)
    index = Neighbours(tmp_path)
    assert not index.is_open, "nothing needed Chroma yet"
    assert asyncio.run(catch_up(history, index)) == index.count() == 3
    assert asyncio.run(catch_up(history, index, recount=True)) == 0
    index.close()
    history.ledger.close()


def test_an_index_that_lost_rows_is_found_out_once_it_is_open(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    index.remove(["sample-1"])
    index.close()
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == 0
    assert not index.is_open
    assert len(index.nearest("bread", domain="arithmetic", count=3)) == 2
    assert asyncio.run(catch_up(history, index)) == index.count() == 3
    index.close()
    history.ledger.close()


def test_a_withdrawn_sample_leaves_the_index_and_no_rebuild_brings_it_back(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    asyncio.run(history.withdraw_from_index(["sample-1", "sample-g", "sample-nobody-knows"]))
    asyncio.run(history.withdraw_from_index(["sample-1"]))
    assert (history.indexable(), index.count()) == (2, 3)
    assert asyncio.run(catch_up(history, index)) == 0
    assert index.count() == 2
    assert {one.sample for one in index.nearest("bread", domain="arithmetic", count=3)} == {"sample-0", "sample-2"}
    other = index.nearest_free_text("Bake a loaf of bread.", shape="shape-1")
    assert other is not None
    assert other.sample != "sample-1"
    index.close()
    assert rebuild(tmp_path, history) == 2
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index, recount=True)) == 0, "a rebuilt index is where the ledger says it is"
    index.close()
    history.ledger.close()


def test_a_sample_withdrawn_before_it_was_indexed_never_enters(tmp_path: Path) -> None:
    history = settled(tmp_path)
    asyncio.run(history.withdraw_from_index(["sample-1"]))
    assert [sample.id for sample in history.unindexed()] == ["sample-0", "sample-2"]
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == index.count() == 2
    index.close()
    history.ledger.close()


def test_each_follower_of_the_ledger_has_a_mark_of_its_own(tmp_path: Path) -> None:
    history = settled(tmp_path)
    (page,) = history.pages(0)
    asyncio.run(history.followed("export", page.upto, "first"))
    assert history.mark("export") == (page.upto, "first")
    assert len(history.unindexed()) == 3
    assert history.unindexed("export") == []
    assert [one.added for one in history.pages(0, size=2)] == [page.added[:2], page.added[2:]]
    history.ledger.close()


def test_free_text_is_compared_within_its_own_shape(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    same = index.nearest_free_text("Bake a loaf of bread.", shape="shape-1")
    assert same is not None
    assert same.similarity == pytest.approx(1, abs=1e-5)
    assert index.nearest_free_text("Bake a loaf of bread.", shape="shape-2") is None
    index.close()
    history.ledger.close()


def test_an_index_that_cannot_be_opened_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "chroma.sqlite3").write_text("no database " * 200)
    with pytest.raises(SessionError, match="memory rebuild"):
        Neighbours(tmp_path)


def test_embeddings_are_unit_vectors_of_any_text() -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    vectors = StaticEmbedder().embed(["a river", "", "\ud800", "日本語", "x" * 10_000])
    assert vectors.shape == (5, 256)
    lengths = numpy.linalg.norm(vectors, axis=1)
    assert lengths[0] == pytest.approx(1, abs=1e-5)
    assert numpy.isfinite(vectors).all()
    assert ((numpy.abs(lengths - 1) < 1e-4) | (lengths == 0)).all()
    # Its library turns the whole process's logging on when it is imported.
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == (handlers, level)


def test_a_vector_is_the_same_alone_beside_others_and_asked_again_and_that_of_the_library() -> None:
    import wordllama

    texts = ["A river in winter", "", "a RIVER in winter", "what a gardener does on a long day of rain", "[PAD] <s> é"]
    embedder = StaticEmbedder()
    alone = numpy.concatenate([embedder.embed([text]) for text in texts])
    again = StaticEmbedder().embed(texts)
    assert (alone == again).all()
    assert (alone[0] == alone[2]).all()
    embedder.embed(texts)[:] = 0  # what is handed out is nobody's memory
    assert (embedder.embed([*texts, "another"])[:-1] == again).all()
    library = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    theirs = library.embed([text.lower() or " " for text in texts], norm=True)
    assert numpy.allclose(again, theirs, atol=1e-6)


def test_no_texts_have_no_vectors() -> None:
    assert StaticEmbedder().embed([]).shape == (0, 256)
