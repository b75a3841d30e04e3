"""Steering: what a person may say to a session in the middle of a round, and how it can still be resumed.

    noria steer, pause, refuse …  ─► asking ─┬─ nobody runs it ─► answering ─► steps (ledger)
    viewer                                   └─ a run holds it ─► listening ─► answering ─► steps
                                                                                             │
    plan ─► steer ─► play ─► settle ─► steer ─► …                                             │
              └─ holding (interrupt) · taking (templates) · batches (commit) ◄────────────────┘

Nothing that is said changes a batch that plays. Before each batch `steer` reads what was said,
commits once and for ever what is in force, and only then are its hands dealt out: a batch that
is resumed asks the very same questions.
"""
