"""Data out: a session as a dataset, a student as weights, each in a folder that says what it is.

    accepted data ─► choice ─► sides ─► rows ─► files ─► proof ─► card ─► manifest ─► one rename
    a policy's weights ─► adapter, or merged ─► card ─► manifest ─► one rename
    folder ─► every byte as it was written? ─► a hub, when told to

Nothing leaves the machine but by `pushing.py`. pyarrow and huggingface_hub are imported where
they are used: without them JSON lines are written.
"""
