"""The study of record follows from its stored outcomes, and the README says nothing else of it."""

import json
import re
from pathlib import Path

from tests.cli.shell import right

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "results" / "gain.json"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def test_every_figure_of_the_study_of_record_follows_from_its_outcomes() -> None:
    assert re.search(r"^(\d+) of \1 figures follow", right("study", "verify", REPORT), re.MULTILINE)


def test_the_readme_says_what_the_study_of_record_found() -> None:
    figures = json.loads(REPORT.read_text(encoding="utf-8"))["figures"]
    share = {arm: figures["arms"][arm]["sets"]["seen"]["value"] for arm in ("warm", "verified", "random", "formed")}
    controls = sorted((share["random"], share["formed"]))
    closed = figures["closed"]["verified"]
    tried = {arm: figures["arms"][arm]["pass_k"]["value"] for arm in ("warm", "verified")}
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for said in (
        f"from {percent(share['warm'])} to {percent(share['verified'])} right on unseen items",
        f"stays at {100 * controls[0]:.0f} to {percent(controls[1])}",
        f"{percent(closed['value'])} [{percent(closed['low'])} to {percent(closed['high'])}] of the way",
        f"({percent(tried['verified'])} against {percent(tried['warm'])})",
    ):
        assert said in text
