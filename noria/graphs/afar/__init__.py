"""Hands played in other processes, on this machine or on others; the session itself stays in one.

    the session's process                             a player, as many as are wanted
    graph of the session ─► play ── hand ───────────► graph of the episode ─► endpoints, sandbox
    clerk (deal order)       ◄───── claim ──────────┐        │
    ledger (one writer)      ◄───── turn, end ──────┴────────┘
         └─► committed ─► answer ───────────────────► only then does it count

A player plays the very graph by the very nodes; what it stands on is a stand-in that asks the
session's process: its history knows the finished turns of its own hands, its clerk is the
session's. So there is one ledger with one writer, novelty is decided in deal order, and whoever
plays a hand gets the same episode. A player that is lost loses what was not committed, as a
process that is killed does: its hands are dealt to others, with the turns they had.

How letters are carried between the two is known to nobody here (see `noria.cluster`).
"""
