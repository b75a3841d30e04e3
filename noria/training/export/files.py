"""Rows to files, one after another: JSON lines, or Parquet where pyarrow is installed.

The same rows give the same bytes, and neither writer holds more than one group of them.
"""

import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from noria.errors import ConfigError, storage
from noria.training.export.columns import Column

Container = Literal["jsonl", "parquet"]

GROUP = 2000
"""Rows of one row group."""


class Writer(Protocol):
    """Takes rows until it is closed."""

    def add(self, row: dict[str, Any]) -> None:
        """Write a row."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def must_write(container: Container) -> None:
    """Refuse a container whose library is not installed.

    Raises:
        ConfigError: pyarrow is missing.
    """
    if container == "parquet" and find_spec("pyarrow") is None:
        raise ConfigError(
            "Parquet needs pyarrow, which is not installed.",
            mend="`pip install 'noria[export]'`, or leave `--format parquet` out: JSON lines need nothing.",
        )


class Files:
    """The files of one format, a file a side; one that gets no row is never made."""

    def __init__(self, folder: Path, name: str, container: Container, columns: Sequence[Column]) -> None:
        """Write below `folder` as `NAME-SIDE.jsonl` or `NAME-SIDE.parquet`."""
        self.folder, self.name, self.container, self.columns = folder, name, container, columns
        self.rows: dict[str, int] = {}
        """Rows a side."""
        self._open: dict[str, Writer] = {}

    def path(self, side: str) -> Path:
        """Where the rows of a side are."""
        return self.folder / f"{self.name}-{side}.{self.container}"

    def add(self, side: str, row: dict[str, Any]) -> None:
        """Write a row to its side.

        Raises:
            RunError: the disk is full.
            SessionError: the folder cannot be written.
        """
        with storage(self.folder):
            if side not in self._open:
                kind = _JsonLines if self.container == "jsonl" else _Parquet
                self._open[side] = kind(self.path(side), self.columns)
            self._open[side].add({column.name: row[column.name] for column in self.columns})
        self.rows[side] = self.rows.get(side, 0) + 1

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Finish every file."""
        with storage(self.folder):
            for writer in self._open.values():
                writer.close()


class _JsonLines:
    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def add(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        import pyarrow
        from pyarrow import parquet

        chat = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
        kinds = {
            "messages": chat, "string": pyarrow.string(), "bool": pyarrow.bool_(),
            "int32": pyarrow.int32(), "float64": pyarrow.float64(),
        }  # fmt: skip
        self._schema = pyarrow.schema([(column.name, kinds[column.kind]) for column in columns])
        self._table = pyarrow.Table
        self._rows: list[dict[str, Any]] = []
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file, one after another."""
    if path.suffix == ".parquet":
        from pyarrow import parquet

        for batch in parquet.ParquetFile(path).iter_batches(GROUP):
            yield from batch.to_pylist()
        return
    with path.open(encoding="utf-8") as file:
        while lines := list(islice(file, GROUP)):
            yield from map(json.loads, lines)
