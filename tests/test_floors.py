"""The house: what may import what, how long a file may be, and that `import noria` is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "noria"
FLOORS = {
    **dict.fromkeys(
        ("types", "identity", "errors", "failpoints", "config", "fence", "waiting", "tracing", "prose", "turning"), 0
    ),
    **dict.fromkeys(("inference", "prompts", "memory", "evaluators"), 1),
    "agents": 2,
    "training": 3,
    "graphs": 4,
    **dict.fromkeys(("cli", "viewer", "studies", "planning", "cluster", "__main__"), 5),
}
KEPT = {
    "torch": "training",
    "transformers": "training",
    "trl": "training",
    "peft": "training",
    "datasets": "training",
    "chromadb": "memory",
    "wordllama": "memory",
    "sqlalchemy": "memory",
    "psycopg": "memory",
    "langgraph": "graphs",
    "pyarrow": "training",
    "huggingface_hub": "training",
    "sklearn": "training",
    "datasketch": "training",
    "scipy": "studies",
    "pint": "studies",
    "pypdf": "memory",
    "starlette": "viewer",
    "uvicorn": "viewer",
    "sse_starlette": "viewer",
    "opentelemetry": "viewer",
    "ray": "cluster",
}
NEVER = {"vllm", "pickle", "marshal", "shelve", "dill", "cloudpickle"}
INSIDE = PACKAGE / "evaluators" / "sandbox" / "inside"
"""What runs on the other side of the wall: there, and only there, a program is run."""
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_lower_floors_or_its_own_room(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "noria" and len(parts) > 1:
            there = parts[1]
            # The ground floor is one room, and so is what people touch.
            own = there == here or (FLOORS[there] == FLOORS[here] and FLOORS[here] in (0, 5))
            assert own or FLOORS[there] < FLOORS[here], f"{path} (floor {FLOORS[here]}) imports {name}"
        if parts[0] in KEPT:
            assert here == KEPT[parts[0]], f"{path} imports {name}, which is kept in {KEPT[parts[0]]}/"
        assert parts[0] not in NEVER, f"{path} imports {name}"


def test_every_room_has_its_floor() -> None:
    rooms = {room(path) for path in FILES} - {"__init__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_says_one_thing(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = 150 if room(path) in ("graphs", "agents") else 430
    assert lines <= limit, f"{path} has {lines} lines"
    assert path.stem not in {"utils", "helpers", "common", "manager"}


def test_the_code_never_evaluates_text() -> None:
    for path in FILES:
        if path.is_relative_to(INSIDE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{path}:{node.lineno}"


def test_what_runs_inside_the_sandbox_knows_nothing_but_the_standard_library() -> None:
    for path in FILES:
        if path.is_relative_to(INSIDE):
            names = {name.split(".")[0] for name in imports(path)}
            # The one import of Noria there is for the type checker, which does not know files by their path.
            assert names - {"noria"} <= sys.stdlib_module_names | {"harness", "lock", "steady"}, path
        elif path.parent != INSIDE.parent:
            assert not any(name.startswith("noria.evaluators.sandbox.inside") for name in imports(path)), path


def test_importing_noria_loads_none_of_the_heavy_rooms() -> None:
    heavy = "torch,transformers,trl,peft,chromadb,langgraph,vllm,openai,sqlalchemy,psycopg,wordllama,ray"
    code = f"import sys, noria; print([m for m in '{heavy}'.split(',') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_five_doors_of_the_root_lead_into_the_package() -> None:
    for name in ("agents", "graphs", "prompts", "memory", "evaluators"):
        door = ROOT / name
        assert door.is_symlink()
        assert door.resolve() == PACKAGE / name


def test_prompts_are_files_and_not_strings_in_code() -> None:
    for path in FILES:
        if room(path) in ("agents", "graphs"):
            text = path.read_text(encoding="utf-8")
            assert 'Message(role="system"' not in text
            assert 'Message(role="user"' not in text


def test_the_command_line_is_quick_to_answer() -> None:
    heavy = "torch,transformers,chromadb,langgraph,openai,wordllama"
    code = (
        "import importlib, pkgutil, sys, noria.cli; "
        "names = [one.name for one in pkgutil.iter_modules(noria.cli.__path__)]; "
        "[importlib.import_module(f'noria.cli.{name}') for name in names if name != 'means']; "
        f"print([m for m in '{heavy}'.split(',') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
