"""Where a session keeps what it knows: its ledger, its graph's checkpoints, its neighbour index."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from noria.config.parts import Part


class Store(Part):
    """Databases elsewhere, instead of files in the session's folder."""

    ledger: str = ""
    """A PostgreSQL database for ledger and checkpoints, as `postgresql://user@host:port/database`; empty reads the
    variable below, and where that is not set, both are SQLite in the session's folder. The session gets a schema of its
    own, and where it is stands in the session's `ledger.json`. No password may stand here."""
    ledger_env: str = Field(default="NORIA_LEDGER_URL", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that may hold the whole address, with its password; it goes before `ledger`."""
    chroma: str = ""
    """A Chroma server for the neighbour index, as `http://host:port`; empty keeps it in the session's folder."""
    chroma_env: str = Field(default="NORIA_CHROMA_TOKEN", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the Chroma server's token; one on loopback needs none."""

    @field_validator("ledger")
    @classmethod
    def _ledger(cls, given: str) -> str:
        if given and not given.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be as postgresql://user@host:port/database, or empty for SQLite")
        if given and (_secret(given) or "password=" in given):
            raise ValueError(
                "holds a password; put the whole address into the environment (NORIA_LEDGER_URL), or the password into "
                "PGPASSWORD or ~/.pgpass"
            )
        return given

    @field_validator("chroma")
    @classmethod
    def _chroma(cls, given: str) -> str:
        if given and not given.startswith(("http://", "https://")):
            raise ValueError("must be as http://host:port, or empty for an index in the session's folder")
        if given and _secret(given):
            raise ValueError("holds a password; put a token into the environment (NORIA_CHROMA_TOKEN)")
        return given.rstrip("/")


def _secret(address: str) -> bool:
    """Whether an address holds a password; one that cannot be read holds whatever it likes."""
    try:
        return urlsplit(address).password is not None
    except ValueError:
        return True
