"""How far a catalogue has come, and of which ledger: kept in it, with what it is said of."""

import sqlite3


class Marks:
    """How far the catalogue has come, kept in it."""

    def __init__(self, target: sqlite3.Connection) -> None:
        """Read the marks of a catalogue."""
        self.target = target
        self._kept = dict(target.execute("SELECT key, value FROM marks").fetchall())
        self._now = dict(self._kept)

    def __getitem__(self, key: str) -> str:
        """A mark; empty where none was set."""
        return str(self._now.get(key, ""))

    def __setitem__(self, key: str, value: object) -> None:
        """Set a mark; it is kept with what it is said of."""
        self._now[key] = str(value)

    def number(self, key: str) -> int:
        """A mark that counts; 0 where none was set."""
        return int(self[key] or 0)

    def keep(self) -> None:
        """Write the marks that were set."""
        changed = [(key, value) for key, value in self._now.items() if self._kept.get(key) != value]
        self.target.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", changed)
