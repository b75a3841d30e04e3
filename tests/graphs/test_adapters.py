"""A trained student whose adapter, or whose server, does not come up: the session breaks off and goes on later."""

import asyncio
import sys
import textwrap
from pathlib import Path
from typing import Any, Literal

import pytest

from noria.config import SessionConfig
from noria.errors import ModelError, RunError
from noria.graphs.folder import summary
from noria.graphs.opening import Means, Watch
from noria.graphs.run import run
from noria.inference.client import Request
from noria.inference.limiter import Limiter
from noria.inference.local import VllmLauncher
from noria.inference.puppet import Puppet
from noria.training.trainer import PRETENDED, PretendTrainer
from noria.types import Policy
from tests import build

STAND_IN = """
    import argparse, asyncio, os, pathlib, sys
    from noria.inference.fake_server import FakeServer
    from noria.inference.fault_proxy import FaultProxy
    from noria.inference.faults import PLANS
    parser = argparse.ArgumentParser()
    for name in ("--port", "--served-model-name"):
        parser.add_argument(name)
    known, _ = parser.parse_known_args()
    weather = pathlib.Path(__file__).with_name("weather").read_text()
    if weather == "no server" and known.served_model_name.startswith("student"):
        sys.exit("ValueError: the weights are no weights")
    async def main():
        server = FakeServer((known.served_model_name,), key=os.environ["VLLM_API_KEY"])
        plan = PLANS.get(weather, PLANS["clear"])
        async with server, FaultProxy(server.url, plan, port=int(known.port)):
            await asyncio.Event().wait()
    asyncio.run(main())
"""


def settings(folder: Path, student: Literal["adapter", "merged"]) -> SessionConfig:
    (folder / "stand_in.py").write_text(textwrap.dedent(STAND_IN))
    (folder / "weather").write_text("clear")
    return build.config(
        folder,
        serve={"student": student, "start_timeout": 60},
        play={"episodes": 6, "attempts": 2, "deadline": 20},
        judge={"calibration": 2},
        verifiers={"planted": 0},
    )


def means(config: SessionConfig, folder: Path) -> Means:
    limiter = Limiter(16)
    launcher = VllmLauncher(
        config.session / "servers", config.serve, limiter, dtype="float32", rank=8, deadline=config.play.deadline,
        environment={}, command=(sys.executable, str(folder / "stand_in.py")),
    )  # fmt: skip
    base = Policy(id=PRETENDED, name="base", student=True)
    return Means(launcher, PretendTrainer(config.session / "students"), base, limiter)


async def through(config: SessionConfig, folder: Path) -> dict[str, Any]:
    return await asyncio.wait_for(run(config, means(config, folder)), 120)


def turns(config: SessionConfig) -> int:
    return int(sum(one["calls"] for one in summary(config.session)["seats"]))


@pytest.mark.parametrize(
    ("student", "weather", "said"),
    [
        ("adapter", "adapter-broken", "does not load_lora_adapter 'student-r0001': status 500"),
        ("merged", "no server", "The vLLM server for 'student-r0001' ended at start: ValueError"),
    ],
)
async def test_a_student_that_does_not_come_up_breaks_the_run_off_and_resume_goes_on(
    tmp_path: Path, student: Literal["adapter", "merged"], weather: str, said: str
) -> None:
    config = settings(tmp_path, student)
    (tmp_path / "weather").write_text(weather)
    with pytest.raises(RunError) as fault:
        await through(config, tmp_path)
    assert said in str(fault.value)
    assert "noria resume" in str(fault.value)
    assert not list((config.session / "servers").glob("*.owner.json")), "a server was left behind"
    before, trained = turns(config), adapter(config).stat().st_ino
    (tmp_path / "weather").write_text("clear")
    found = await through(config, tmp_path)
    assert found["finished"] == "rounds: 1 played"
    assert len(found["exams"]) == 1
    assert adapter(config).stat().st_ino == trained, "it was trained again"
    assert turns(config) > before


def test_a_resume_without_its_students_adapter_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    rules = {"play": {"episodes": 20, "attempts": 2}, "exam": {"items": 40}, "stop": {"rounds": 2}}
    config = build.config(tmp_path, **rules)

    def learned(request: Request) -> Any:
        return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "deal" and facts["round"] == 2:
            raise RunError("cut off")

    with pytest.raises(RunError, match="cut off"):
        asyncio.run(run(config, build.means(config, learned), Watch(tell=tell)))
    held = adapter(config).parent
    held.rename(held.with_name("elsewhere"))
    before = summary(config.session)
    assert [one["name"] for one in before["policies"] if one["current"]] == ["student-r0001"]
    with pytest.raises(ModelError, match=r"The adapter of 'student-r0001' is gone: .*noria rollback"):
        asyncio.run(run(config, build.means(config, learned)))
    assert summary(config.session) == before
    held.with_name("elsewhere").rename(held)
    assert asyncio.run(run(config, build.means(config, learned)))["finished"] == "rounds: 2 played"


def adapter(config: SessionConfig) -> Path:
    return config.session / "students" / "student-r0001" / "adapter" / "adapter_model.safetensors"
