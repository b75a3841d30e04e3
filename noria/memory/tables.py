"""The ledger's tables: what is looked up stands in columns, the noun itself as JSON beside it.

    meta · seeds · policies · seats · rounds · deals · episodes · claims · turns
    samples · quarantines · exams · outbox · moves · seatings · learned · withdrawals · tainted

Every row is keyed by content or by the committed deal, so writing one twice is writing it
once. `VERSION` changes with the tables; a ledger of a newer version is refused, not guessed.
"""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

VERSION = 2
"""Version of the tables; 2 brought the quarantines, which an older Noria would not heed."""

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

seeds = Table(
    "seeds",
    metadata,
    Column("id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("round", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

pointers = Table(
    "pointers",
    metadata,
    Column("name", String, primary_key=True),
    Column("policy", String, nullable=False),
)
"""Which policy is `base` and which the current `student`: a row, never a file name."""

rounds = Table(
    "rounds",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("phase", String, nullable=False),
    Column("body", Text, nullable=False),
)

deals = Table(
    "deals",
    metadata,
    Column("episode", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("deals_by_round", "round", "position", unique=True),
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("domain", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("solve_rate", Float),
    Column("body", Text, nullable=False),
    Index("episodes_by_round", "round", "outcome"),
)

claims = Table(
    "claims",
    metadata,
    Column("key", String, primary_key=True),
    Column("episode", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
)
"""What each candidate said was new: its parameters and its solution's signature."""

turns = Table(
    "turns",
    metadata,
    Column("key", String, primary_key=True),
    Column("episode", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("started", Float, nullable=False),
    Column("body", Text, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("episode", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("domain", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("worded_by", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("body", Text, nullable=False),
)

quarantines = Table(
    "quarantines",
    metadata,
    Column("verifier", String, primary_key=True),
    Column("episode", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
"""Which verifiers an attack beat: a row for each episode that proved it."""

exams = Table(
    "exams",
    metadata,
    Column("id", String, primary_key=True),
    Column("round", Integer, nullable=False, unique=True),
    Column("promoted", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("answered", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("sample", String, nullable=False, unique=True),
)
"""Samples that the neighbour index has to take in, or to let go where they are withdrawn; rows leave once it has."""

moves = Table(
    "moves",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("round", Integer, nullable=False),
    Column("cause", String, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""Why the student's pointer points where it does: a row for each promotion and each step back, oldest first."""

seatings = Table(
    "seatings",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("role", String, primary_key=True),
    Column("student", String, nullable=False),
    Column("seated", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("answered", Text, nullable=False),
)
"""The exams for seats: who sat which, and whether it took the seat from the next round on."""

"""Samples that the neighbour index has to take in, or to let go where they are withdrawn; rows leave once it has."""

learned = Table(
    "learned",
    metadata,
    Column("policy", String, primary_key=True),
    Column("sample", String, primary_key=True),
    Index("learned_by_sample", "sample"),
)
"""Which rows a trained policy was given: samples, and the seeds that were its anchors."""

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("sample", String, primary_key=True),
    Column("root", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("withdrawals_by_root", "root"),
)
"""Samples (and seeds) that a purge took out of use; the rows themselves stay where they are."""

tainted = Table(
    "tainted",
    metadata,
    Column("policy", String, primary_key=True),
    Column("root", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),
)
"""Policies that a purge named, or that learned from what it withdrew; none of them plays again."""
