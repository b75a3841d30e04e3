"""The sandbox: where a program that a model wrote may run, and what is believed of it afterwards.

    trusted parent                          │ sandbox
    Runner ─► Worker ── job: source, inputs ┼─► zygote ── fork ─► lock ─► run ─► answers as JSON lines
       ▲        └ wall clock, bounded pipes │
       └─ exact JSON, compared by the parent◄──────────────────────────────────────────┘

Two rules carry it. *Nothing is reached*: the program runs in a fork of a clean interpreter
that has no file system, no network, no children, no threads and no signals, by Landlock, a
seccomp allow-list and resource limits, and where user namespaces work inside bubblewrap
too. *Nothing is believed*: expected answers never enter; what comes out is read as exact
JSON and compared outside; exit codes and printed words count for nothing. A forged answer
is only another answer, and is right only if it is right.

Each run says the level of isolation it had; below the configured minimum nothing runs.
"""
