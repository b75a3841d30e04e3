"""Documents become passages at their place; what cannot be used is a sentence, whatever it is made to be."""

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from noria.config.methods.grounded import Documents
from noria.errors import ConfigError
from noria.identity import passage_bucket
from noria.memory.documents.block import Block, Document
from noria.memory.documents.cutting import cut
from noria.memory.documents.passages import Gathered, gather
from noria.memory.embed import StaticEmbedder
from tests.documents import BRIDGE, MILL, pdf

DOCS = Path(__file__).parents[2] / "docs"
EMBEDDER = StaticEmbedder()


def gathered(*paths: Path, **rules: Any) -> Gathered:
    return gather(Documents(paths=paths, **rules), EMBEDDER)


def test_each_kind_of_document_gives_its_prose_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{MILL}\n")
    (tmp_path / "b.md").write_text(
        f"---\ntitle: none\n---\n# Works\n\n## The *sluice*\n\n{BRIDGE}\n"
        "\n```\nno prose at all\n```\n\n| a | b |\n|---|---|\n| c | d |\n"
    )
    pdf(tmp_path / "c.pdf", "", MILL.replace("Kerr", "Dunn").replace("1820", "1907"))
    rows = [{"body": BRIDGE.replace("24", "36")}, {"body": [{"role": "user", "content": MILL.replace("1820", "1833")}]}]
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    (tmp_path / ".hidden.md").write_text("nothing of this may be seen by anybody who reads the folder for its prose")
    (tmp_path / "e.png").write_bytes(b"\x89PNG\0")
    found = gathered(tmp_path, field="body")
    name = tmp_path.name
    assert found.documents == tuple(f"{name}/{one}" for one in ("a.txt", "b.md", "c.pdf", "d.jsonl"))
    assert [one.place for one in found.passages] == [
        f"{name}/a.txt, line 1", f"{name}/b.md › Works › The sluice, line 8", f"{name}/c.pdf, page 2",
        f"{name}/d.jsonl, line 1", f"{name}/d.jsonl, line 2",
    ]  # fmt: skip
    assert found.passages[0].text == MILL
    assert found.passages[1].text == BRIDGE
    assert "built in 1907" in found.passages[2].text


def test_passages_of_the_docs_are_whole_sentences_of_so_many_words() -> None:
    found = gathered(DOCS / "concepts.md", DOCS / "training.md", words=60)
    assert len(found.passages) > 15
    for one in found.passages:
        assert 12 <= len(one.text.split()) <= 60
        assert one.place.startswith(("concepts.md", "training.md"))
    again = gathered(DOCS / "concepts.md", DOCS / "training.md", words=60)
    assert [one.id for one in again.passages] == [one.id for one in found.passages]


def test_what_is_said_twice_is_kept_once_unless_its_numbers_differ(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MILL)
    (tmp_path / "b.txt").write_text(MILL.replace("farmer whose", "farmer, whose"))
    (tmp_path / "c.txt").write_text(MILL.replace("1820", "1821"))
    found = gathered(tmp_path)
    assert [one.place.partition("/")[2] for one in found.passages] == ["a.txt, line 1", "c.txt, line 1"]
    assert [one.place.partition("/")[2] for one in found.repeated] == ["b.txt, line 1"]


def test_an_overlap_never_crosses_the_line_between_training_and_exams() -> None:
    lines = [
        f"Keeper number {at} oils hinge {at * 7} of the long gate. Then he rows {at} miles home again."
        for at in range(400)
    ]
    document = Document("a", [Block(" ".join(lines), "", "line 1")])
    plain, lapped = list(cut(document, words=40, overlap=0)), list(cut(document, words=40, overlap=12))
    assert [one.id for one in plain] == [one.id for one in lapped]
    repeats = [two.text != one.text for one, two in zip(plain, lapped, strict=True)]
    same = [passage_bucket(one.id) == passage_bucket(two.id) for one, two in pairwise(plain)]
    assert repeats == [False, *same]
    assert {True, False} == set(same)


def looped(folder: Path) -> Path:
    os.symlink(folder / "two.md", folder / "one.md")
    os.symlink(folder / "one.md", folder / "two.md")
    return folder / "one.md"


def written(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


BAD: dict[str, tuple[Callable[[Path], Path], str, dict[str, Any]]] = {
    "gone": (lambda folder: folder / "none.md", "cannot be found: No such file", {}),
    "loop": (looped, "cannot be found: Too many levels of symbolic links", {}),
    "folder": (lambda folder: folder, "holds no document", {}),
    "empty": (written("a.md", b""), "it is empty", {}),
    "blank": (written("a.txt", b" \n\t\n"), "it is empty", {}),
    "binary": (written("a.txt", b"\x7fELF\0\0\1"), "it is binary", {}),
    "latin": (written("a.md", "Löwe".encode("latin-1")), "it is no UTF-8 text (byte 1)", {}),
    "suffix": (written("a.docx", b"PK"), "files of the kind '.docx' are not read", {}),
    "huge": (written("a.txt", b"word " * 3000), "0.0 MB, 0.01 are allowed", {"megabytes": 0.01}),
    "no prose": (written("a.md", b"```\nx = 1\n```\n"), "it holds no prose", {}),
    "json": (written("a.jsonl", b'{"text": "a"}\n{"text": \n'), "its line 2 is no JSON", {}),
    "deep": (written("a.jsonl", b"[" * 100_000), "its line 1 is no JSON", {}),
    "field": (written("a.jsonl", b'{"body": "a"}\n'), "its line 1 has no text in the field 'text'", {}),
    "locked": (lambda folder: pdf(folder / "a.pdf", MILL, password="secret"), "it is encrypted", {}),
    "scanned": (lambda folder: pdf(folder / "a.pdf", "", ""), "it holds no text", {}),
    "long": (lambda folder: pdf(folder / "a.pdf", *[MILL] * 4), "it has 4 pages, 3 are allowed", {"pages": 3}),
    "broken": (written("a.pdf", b"%PDF-1.7\nnothing of the kind"), "it is no PDF that can be read", {}),
    "slow": (lambda folder: pdf(folder / "a.pdf", MILL), "was not found within 0.01 s", {"seconds": 0.01}),
    "many": (lambda folder: DOCS / "reliability.md", "more than 3 passages", {"passages": 3}),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, kind: str) -> None:
    make, said, rules = BAD[kind]
    with pytest.raises(ConfigError) as fault:
        gathered(make(tmp_path), **rules)
    assert said in str(fault.value)
    assert fault.value.mend


def test_a_bad_document_is_skipped_and_named_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MILL)
    (tmp_path / "b.txt").write_bytes(b"\0\1")
    found = gathered(tmp_path, unusable="skip")
    assert len(found.passages) == 1
    assert found.skipped == (f"{tmp_path / 'b.txt'}: it is binary and no text",)
