"""Every table and column of the catalogue says what it means, in the file, in the database and in the documentation."""

import sqlite3
from pathlib import Path

from noria.memory.catalogue.place import make
from noria.memory.catalogue.tables import STATEMENTS, described, markdown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "catalogue.md"
MARK = "<!-- from noria/memory/catalogue/tables.sql -->\n\n"


def test_every_table_and_column_is_described(tmp_path: Path) -> None:
    make(tmp_path / "catalogue.db")
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    there = {
        name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        for name, kind in connection.execute("SELECT name, type FROM sqlite_master").fetchall()
        if kind in ("table", "view") and not name.startswith(("words_", "sqlite_"))
    }
    said = {one.name: one for one in described()}
    assert said.keys() == there.keys()
    for name, columns in there.items():
        if said[name].kind == "table":
            assert [column for column, *_ in said[name].columns] == columns
        assert said[name].said.endswith(".")
        assert all(meaning.endswith((".", "…")) for *_, meaning in said[name].columns), name
    besides = sum(one.startswith(("CREATE INDEX", "CREATE TRIGGER")) for one in STATEMENTS)
    assert len(STATEMENTS) == len(there) + besides
    # Whoever opens the database finds the meaning there too.
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'episodes'").fetchone()
    assert "-- Share of the solver's attempts that passed" in sql
    connection.close()


def test_the_documentation_has_them_as_they_are() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == markdown()


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    make(tmp_path / "catalogue.db")
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    (block,) = (part.partition("```")[0] for part in PAGE.read_text().split("```sql\n")[1:] if "words MATCH" in part)
    for example in block.strip().split(";\n"):
        connection.execute(example).fetchall()
    connection.close()
