"""The page of results: every row stands in it, what broke is told, and the others go on."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SUITE = ROOT / "bench" / "suite.py"

GOOD = """
import sys
from pathlib import Path
sys.path.insert(0, {bench!r})
from rows import Row, row, write
told = dict(demand=2, peer="a peer", peer_version="peer 1.2", note="one | two")
rows = [
    row("speed", "python bench/good.py", [2.0, 1.0, 3.0], limit=1.5, **told),
    row("cost", "bench", [12.0], unit="ms", limit=10.0, at_least=False, parts={{"graph": 7.0}}, demand=3),
    row("elsewhere", "python bench/good.py", [], limit=5.0, note="not measured: it cannot be had"),
]
write(Path(sys.argv[sys.argv.index("--json") + 1]), rows)
sys.exit(1)  # a limit is missed
"""

BROKEN = "raise SystemExit('the disk is gone')"

LATER = """
import json, sys
from pathlib import Path
found = [{"what": "later", "command": "python bench/later.py", "ratio": 1.25, "made_up": 1}]
Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(found))
"""


def suite(tmp_path: Path, **scripts: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """The suite over some benches, and the page it wrote."""
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text)
    page = tmp_path / "page.md"
    named = [str(tmp_path / f"{name}.py") for name in scripts]
    command = [sys.executable, str(SUITE), *named, "--page", str(page), "--keep", str(tmp_path / "rows")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done, page.read_text(encoding="utf-8")


def test_a_bench_that_breaks_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    good = GOOD.format(bench=str(SUITE.parent))
    done, page = suite(tmp_path, good=good, broken=BROKEN, later=LATER)
    assert done.returncode == 1, done.stderr
    lines = page.splitlines()
    speed = next(line for line in lines if line.startswith("| speed"))
    for told in ("a peer (peer 1.2)", "| 2 |", "1 to 3", "≥ 1.5", "met", "`python bench/good.py`", "one \\| two"):
        assert told in speed
    cost = next(line for line in lines if line.startswith("| cost"))
    assert "≤ 10 ms" in cost
    assert "**missed**" in cost
    assert "| graph | 7 ms |" in lines
    assert "not measured" in next(line for line in lines if line.startswith("| elsewhere"))
    assert "the disk is gone" in next(line for line in lines if line.startswith("| bench/broken.py"))
    assert any(line.startswith("| later | – | 1.25 |") for line in lines)
    assert "1 limits are met, 1 are missed, 2 rows could not be measured." in page
    assert str(tmp_path) not in page


def test_a_bench_measured_anew_leaves_the_rows_of_the_others(tmp_path: Path) -> None:
    good = GOOD.format(bench=str(SUITE.parent))
    suite(tmp_path, good=good, later=LATER)
    done, page = suite(tmp_path, good=good.replace("[2.0, 1.0, 3.0]", "[4.0]"))
    assert done.returncode == 0, done.stderr
    assert any(line.startswith("| later | – | 1.25 |") for line in page.splitlines())
    assert [line.split("|")[3].strip() for line in page.splitlines() if line.startswith("| speed")] == ["4"]
    done, page = suite(tmp_path, good=BROKEN)
    assert "| speed" not in page


def test_a_missed_limit_is_no_breakage(tmp_path: Path) -> None:
    done, page = suite(tmp_path, good=GOOD.format(bench=str(SUITE.parent)))
    assert done.returncode == 0, done.stderr
    assert "missed: cost: 12" in done.stdout
    assert "**missed**" in page


def test_what_ships_is_what_the_benches_read() -> None:
    """The recorded episodes have the shape that the simulation replays, and each peer's list names exact versions."""
    told = json.loads((SUITE.parent / "latencies.json").read_text(encoding="utf-8"))
    turns = [turn for episode in told["episodes"] for turn in episode]
    assert len(turns) > 500
    assert all(len(turn) == 5 and turn[3] >= 1 and turn[4] > 0 for turn in turns)
    for name in ("data_designer", "distilabel"):
        lines = (SUITE.parent / "peers" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if not line.startswith("#")]
        assert wanted
        assert all("==" in line for line in wanted)
