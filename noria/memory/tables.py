"""The ledger's tables: what is looked up stands in columns, the noun itself as JSON beside it.

    meta · seeds · policies · seats · rounds · deals · episodes · claims · turns
    samples · quarantines · exams · outbox · projections · chains · texts
    moves · seatings · learned · withdrawals · tainted · steps · batches · templates
    selections · unselected · scores · beliefs · reviews

Every row is keyed by content or by the committed deal, so writing one twice is writing it
once. `VERSION` changes with the tables, by a numbered step in `migrations.py`; a ledger of a
newer version is refused, not guessed. An index is paid for by every row: there is one where a
resumed session would otherwise read all bodies before it goes on, and none for what is asked
once a round.
"""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from noria.memory.texts import Folded

VERSION = 5
"""Version of the tables. 2: the quarantines, which an older Noria would not heed. 3: chain, texts, projections.
4: steering, whose rulings and batches an older Noria would not heed. 5: what samples rest on (`warrant`), and what
the methods did."""

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

seeds = Table(
    "seeds",
    metadata,
    Column("id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Folded(), nullable=False),
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
    Column("body", Folded(objects=True), nullable=False),
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
    Column("body", Folded(), nullable=False),
    Index("episodes_by_round", "round", "outcome"),
    Index("episodes_by_level", "domain", "level", "round", "position", "solve_rate"),
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
    Column("body", Folded(), nullable=False),
    Index("turns_by_seat", "role", "policy", "prompt_tokens", "completion_tokens", "seconds"),
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
    Column("verifier", String, nullable=False),
    Column("chain", String, nullable=False),
    Column("warrant", String, nullable=False, server_default="verified"),
    Column("strategy", String, nullable=False, server_default=""),
    Column("body", Folded(objects=True), nullable=False),
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
    Column("body", Folded(), nullable=False),
    Column("answered", Folded(), nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("sample", String, nullable=False),
    Column("kind", String, nullable=False),
    UniqueConstraint("sample", "kind"),
)
"""What whoever follows the ledger has to take in (`add`) or let go (`remove`), in order; rows stay."""

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

steps = Table(
    "steps",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("round", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("said", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("steps_by_kind", "kind", "name"),
)
"""What steered the session, oldest first: which notes, trials and pauses there are follows from it; rows stay."""

batches = Table(
    "batches",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What each batch is played under (templates, arms, notes): written once, so that a resumed batch asks the same."""

templates = Table(
    "templates",
    metadata,
    Column("version", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("first", Float, nullable=False),
)
"""Every prompt template that was ever in force or on trial, by `name@hash`, and when it was first seen."""

projections = Table(
    "projections",
    metadata,
    Column("name", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("made", String, nullable=False),
)
"""Who follows the outbox, how far each has come, and which making of it that was."""

chains = Table(
    "chains",
    metadata,
    Column("name", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("head", String, nullable=False),
)
"""The end of a chain: how many rows it has, the sequence of the last, and its hash."""

texts = Table(
    "texts",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)
"""Large texts, each once, by the first 64 bits of their SHA-256."""

selections = Table(
    "selections",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("method", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""What each method of selection did to the rows of a round, in the order they were applied."""

unselected = Table(
    "unselected",
    metadata,
    Column("sample", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("method", String, nullable=False),
    Column("why", Text, nullable=False),
)
"""Accepted samples that a method left out of what is learned; they stay accepted."""

scores = Table(
    "scores",
    metadata,
    Column("sample", String, primary_key=True),
    Column("method", String, primary_key=True),
    Column("policy", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("value", Float, nullable=False),
)
"""What a method measured of a sample, by the policy it asked (empty where it asked none)."""

beliefs = Table(
    "beliefs",
    metadata,
    Column("round", Integer, primary_key=True),
    Column("arm", String, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What the bandit over methods believes after a round: a row an arm."""

reviews = Table(
    "reviews",
    metadata,
    Column("episode", String, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("ruling", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""Uncertain candidates that were routed to a person or to a stronger policy, and what was ruled (empty while open)."""
