"""The map of the flywheel is true: each leaf of the survey, what does it, what holds it, and that off costs nothing."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from noria.config.methods import FAMILIES, Leaf, Method, Methods, kinds
from noria.studies import recipes

ROOT = Path(__file__).parent.parent
TOLD: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "flywheel.yaml").read_text(encoding="utf-8"))
KINDS = kinds()
HOOKED = {
    "select": {"select"}, "lean": {"lean"}, "deal": {"deal"}, "route": {"step", "border"}, "enhance": {"step"},
}  # fmt: skip
"""The functions of which a hook calls one in a method's module."""


def source(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def functions(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_the_survey_has_sixteen_leaves_in_five_families_and_something_does_each() -> None:
    assert len(Leaf) == len(FAMILIES) == 16
    assert len(set(FAMILIES)) == 5
    done = {kind.leaf for kind in KINDS.values()} | {Leaf(one["leaf"]) for one in TOLD["besides"]}
    assert done == set(Leaf)


@pytest.mark.parametrize("name", KINDS)
def test_a_method_has_its_module_its_paper_its_test_and_a_recipe(name: str) -> None:
    kind = KINDS[name]
    assert source(kind.module).is_file()
    if kind.hook in HOOKED:
        assert HOOKED[kind.hook] & {*functions(source(kind.module))}
    assert re.search(r"arXiv \d{4}\.\d{4,5}", kind.paper) or "own" in kind.paper
    test = ROOT / TOLD["tests"][name]
    assert re.search(rf"\b{name}\b", test.read_text(encoding="utf-8")), f"{test} does not name {name}"
    assert [recipe for recipe in recipes.names() if name in recipes.read(recipe)[1].methods.on()]


@pytest.mark.parametrize("one", TOLD["besides"], ids=lambda one: str(one["name"]))
def test_what_needs_no_line_of_the_config_has_its_module_and_its_test(one: dict[str, str]) -> None:
    assert source(one["module"]).is_file()
    assert (ROOT / one["test"]).is_file()


def test_no_test_is_named_for_a_method_that_is_not_there() -> None:
    assert TOLD["tests"].keys() == KINDS.keys()


def test_a_method_is_switched_by_one_line() -> None:
    name = next(name for name, kind in KINDS.items() if not any(f.is_required() for f in kind.model_fields.values()))
    assert isinstance(Methods.model_validate({name: True}).on()[name], Method)
    assert not Methods.model_validate({name: False}).on()
    assert not Methods().on()


def test_what_is_off_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "noria.yaml").write_text("session: s\nplay: {episodes: 4}\nstop: {rounds: 1}\n", encoding="utf-8")
    code = (
        "import sys; from noria.cli import main; main.register()\n"
        f"sys.argv = ['noria', 'run', '-c', {str(tmp_path / 'noria.yaml')!r}, '--dry-run', '--json']\n"
        "try:\n    main.main()\nexcept SystemExit as left:\n    assert left.code == 0, left.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "noria.graphs.session" in loaded
    assert not {kind.module for kind in KINDS.values()} & loaded
    assert not loaded & {"sklearn", "datasketch", "scipy", "pypdf", "torch"}
