"""What a session writes down of itself before it plays: its config, the moment, its own copy of the prompts."""

import time

from noria.config import SessionConfig
from noria.errors import storage
from noria.graphs.steering.taking import beginning
from noria.memory.history import History
from noria.prompts import Templates
from noria.prompts.lookup import FOLDER


async def begin(history: History, config: SessionConfig, templates: Templates) -> None:
    """Write down what the session is, unless it is written."""
    await beginning(history, templates)
    if history.ledger.fact("config") is None:
        await history.keep_fact("config", config.model_dump_json())
        await history.keep_fact("started", str(time.time()))
    folder = config.session / FOLDER
    with storage(folder):
        folder.mkdir(exist_ok=True)
        for name in templates.versions():
            if not (folder / f"{name}.md").exists():
                (folder / f"{name}.md").write_text(templates[name].text, encoding="utf-8")
