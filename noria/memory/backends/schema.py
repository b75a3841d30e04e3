"""A session's schema in PostgreSQL: today's tables as it keeps them, and the words that SQLite has and it lacks.

    tables.py ─► texts that sort by their bytes, as SQLite's do (COLLATE "C")
             ─► numbers of 64 bits where SQLite's rows have them
             ─► `rowid`: the order in which rows came, where it is asked for
    json_each(list), json_extract(body, path) ─► functions of the schema

So each query is written once, and means the same in both: an order that followed a language's
rules would deal other samples, and find a range of names elsewhere.
"""

from sqlalchemy import BigInteger, Column, Connection, Identity, Integer, MetaData, String, Table, Text

from noria.memory import tables

COUNTED = ("turns", "episodes", "withdrawals", "exams", "seatings", "learned")
"""Tables whose order of arrival is asked for; those with a `sequence` have it there."""

WIDE = ("sequence", "key", "count")
"""Whole numbers that may not fit 32 bits."""

WORDS = (
    # The members of a JSON list, as text.
    "CREATE OR REPLACE FUNCTION json_each(given text, OUT value text) RETURNS SETOF text LANGUAGE sql IMMUTABLE "
    "PARALLEL SAFE AS 'SELECT pg_catalog.json_array_elements_text(given::json)'",
    # What stands at a path of a body, as text. Other members may hold what PostgreSQL's text cannot (\u0000).
    "CREATE OR REPLACE FUNCTION json_extract(body text, path text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
    "AS 'SELECT (body::json #> pg_catalog.string_to_array(pg_catalog.substr(path, 3), ''.'')) #>> ''{}'''",
)
"""The functions, by which the ledger's queries are the same in both."""


def make(connection: Connection) -> None:
    """Have today's tables and functions in the schema that stands first in the search path."""
    for statement in WORDS:
        connection.exec_driver_sql(statement)
    metadata().create_all(connection)


def metadata() -> MetaData:
    """Today's tables, as PostgreSQL keeps them."""
    made = MetaData()
    for table in tables.metadata.sorted_tables:
        kept = table.to_metadata(made)
        for column in kept.columns:
            column.type = _type(column)
        if table.name in COUNTED:
            kept.append_column(Column("rowid", BigInteger, Identity(always=True), nullable=False, unique=True))
    return made


def order(table: Table) -> str:
    """The column by which a table's rows came, empty where none says."""
    return "rowid" if table.name in COUNTED else "sequence" if "sequence" in table.columns else ""


def _type(column: Column) -> String | Text | BigInteger:  # type: ignore[type-arg]
    if isinstance(column.type, Text):
        return Text(collation="C")
    if isinstance(column.type, String):
        return String(collation="C")
    return BigInteger() if isinstance(column.type, Integer) and column.name in WIDE else column.type  # type: ignore[return-value]
