"""What is shipped in `deploy/` is what its tools read, calls the ordinary command line, and holds no secret."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from noria.cli import main
from noria.config import Endpoint, SessionConfig, parse
from noria.inference.ports import free_port

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
SCRIPTS = sorted(DEPLOY.glob("*.sh"))
CONFIGS = sorted(DEPLOY.glob("noria*.yaml"))
SECRET = re.compile(r"(?i)(password|secret|token|api_key|_key)\b")


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def held(data: Any, schema: str) -> None:
    rules = json.loads((SCHEMAS / schema).read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(rules)(rules).validate(data)


def test_the_compose_file_is_one() -> None:
    compose = read("compose.yaml")
    held(compose, "compose-spec.json")
    with pytest.raises(jsonschema.ValidationError):
        held(compose | {"services": {"noria": {"imagge": "noria"}}}, "compose-spec.json")
    for name, service in compose["services"].items():
        for other in service.get("depends_on", {}):
            assert other in compose["services"], name
        assert "ports" not in service, "nothing is published to the host"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), volume
    assert (DEPLOY / compose["services"]["noria"]["build"]["dockerfile"].removeprefix("deploy/")).is_file()


def test_the_ray_cluster_is_one() -> None:
    cluster = read("ray-cluster.yaml")
    held(cluster, "ray-schema.json")
    with pytest.raises(jsonschema.ValidationError):
        held(cluster | {"worker_nodes": 3}, "ray-schema.json")
    assert cluster["max_workers"] == len(cluster["provider"]["worker_ips"])


def known(told: dict[str, Any]) -> dict[str, Any]:
    """A config without the keys for clusters that this version may not have yet; with them once it has."""
    for name in {"store", "executor"} - set(SessionConfig.model_fields):
        told.pop(name, None)
    for endpoint in told["endpoints"].values():
        if "urls" not in Endpoint.model_fields:
            endpoint.pop("urls", None)
    return told


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_each_config_is_one_of_ours(path: Path) -> None:
    told = known(yaml.safe_load(path.read_text(encoding="utf-8")))
    config = parse(told, place=path.name, folder=DEPLOY)
    assert config.seat("solver") == "student"
    assert isinstance(config, SessionConfig)


def test_what_is_called_is_the_ordinary_command_line() -> None:
    main.register()
    known = {one.name or one.callback.__name__ for one in main.app.registered_commands if one.callback}
    said = [re.findall(r"\bnoria (run|resume|[a-z]+)\b(?= [-\"$/])", path.read_text()) for path in SCRIPTS]
    assert all({"run", "resume"} <= set(one) <= known for one in said), said
    assert read("compose.yaml")["services"]["noria"]["command"][0] in known


@pytest.mark.parametrize("path", sorted(one for one in DEPLOY.iterdir() if one.is_file()), ids=lambda path: path.name)
def test_no_file_holds_a_secret(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        code = line.split("#")[0]
        if found := re.match(r"\s*-?\s*(?:export )?(\w+)\s*[:=]\s*(.+)", code):
            name, value = found[1], found[2].strip()
            if SECRET.search(name) and value:
                assert value.startswith(("${", "$(", "$")), line
        assert not re.search(r"://[^/\s:@]+:(?!\$)[^@/\s]+@", code), line


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_each_script_is_a_good_one(path: Path) -> None:
    assert path.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    checker = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if checker is None:
        pytest.skip("shellcheck is not installed (requirements/dev.txt has it)")
    done = subprocess.run([checker, "--severity=style", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


STUBS = {
    "scontrol": "printf '127.0.0.1\\n%.0s' $(seq \"$NODES\")",
    # Where a step runs is Slurm's affair; what it runs is ours.
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "vllm": """
echo "vllm $*" >> "$SAID"
[[ -n $VLLM_API_KEY ]] && echo "vllm has a key" >> "$SAID"
[[ -n ${BROKEN:-} ]] && exit 3
exec "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$SITE" "$NORIA_PORT"
""",
    "noria": """
echo "noria $*" >> "$SAID"
echo "at $OPENAI_BASE_URL" >> "$SAID"
[[ $OPENAI_API_KEY == "$VLLM_API_KEY" && ${#OPENAI_API_KEY} == 48 ]] && echo "the same key" >> "$SAID"
[[ -n ${SLOW:-} ]] || exit 0
trap 'sleep 0.2; echo saved >> "$SAID"; exit 130' INT
kill -INT "$PPID"
while :; do sleep 0.05; done
""",
}


def slurm(folder: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The job as Slurm runs it, with stand-ins for what only a cluster has; and what was called."""
    binaries, site, said = folder / "bin", folder / "site", folder / "said"
    binaries.mkdir(exist_ok=True)
    site.mkdir(exist_ok=True)
    (site / "health").write_text("")
    said.write_text("")
    for name, text in STUBS.items():
        (binaries / name).write_text(f"#!/usr/bin/env bash\n{text.strip()}\n")
        (binaries / name).chmod(0o755)
    told = {
        "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(folder), "PYTHON": sys.executable, "SITE": str(site),
        "SAID": str(said), "NODES": "2", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_SUBMIT_DIR": str(ROOT),
        "NORIA_SESSIONS": str(folder / "sessions"), "NORIA_MODEL": "/models/big", "NORIA_PORT": str(free_port()),
        "NORIA_PATIENCE": "60",
    }  # fmt: skip
    done = subprocess.run(
        [DEPLOY / "slurm.sh"], env=told | environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done, said.read_text().splitlines()


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the job asks its servers with curl")


@needs_curl
def test_a_slurm_job_serves_on_the_other_nodes_and_plays_on_the_first(tmp_path: Path) -> None:
    port = free_port()
    done, said = slurm(tmp_path, SLURM_ARRAY_TASK_ID="7", NORIA_PORT=str(port))
    assert done.returncode == 0, done.stderr
    served = next(line for line in said if line.startswith("vllm serve"))
    assert served.startswith("vllm serve /models/big --served-model-name big --host 0.0.0.0 --port")
    assert served.endswith("--tensor-parallel-size 8")
    session = tmp_path / "sessions" / "slurm-7"
    assert f"noria run --config {session}.yaml" in said
    assert any(re.fullmatch(r"at http://127.0.0.1:\d+/v1", line) for line in said)
    assert {"vllm has a key", "the same key"} <= set(said)
    told = yaml.safe_load(Path(f"{session}.yaml").read_text())
    assert (told["session"], told["random"]) == (str(session), 7)
    assert told["seats"] == read("noria-slurm.yaml")["seats"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)), "the servers end with the job"
    # The key stands nowhere.
    assert not re.search(r"[0-9a-f]{48}", "\n".join(said) + Path(f"{session}.yaml").read_text() + done.stderr)


@needs_curl
def test_a_slurm_job_that_is_sent_again_goes_on(tmp_path: Path) -> None:
    session = tmp_path / "sessions" / "mine"
    session.mkdir(parents=True)
    (session / "ledger.db").write_text("")
    done, said = slurm(tmp_path, NORIA_NAME="mine")
    assert done.returncode == 0, done.stderr
    assert f"noria resume {session}" in said


@needs_curl
def test_a_slurm_job_that_is_told_to_stop_waits_until_the_session_is_saved(tmp_path: Path) -> None:
    done, said = slurm(tmp_path, SLOW="yes")
    assert done.returncode == 130, done.stderr
    assert said[-1] == "saved"
    assert "the session saves" in done.stderr


@pytest.mark.parametrize(
    ("environment", "said", "status"),
    [
        ({"NODES": "1"}, "two nodes are needed", 2),
        ({"NORIA_CONFIG": "/nowhere.yaml"}, "there is no config '/nowhere.yaml'", 2),
        ({"NORIA_MODEL": ""}, "set NORIA_MODEL", 1),
        ({"BROKEN": "yes"}, "a server ended before it answered", 1),
    ],
)
def test_a_slurm_job_that_cannot_play_says_why(
    tmp_path: Path, environment: dict[str, str], said: str, status: int
) -> None:
    done, called = slurm(tmp_path, **environment)
    assert done.returncode == status
    assert said in done.stderr
    assert not any(line.startswith("noria") for line in called)


def test_a_ray_job_is_the_ordinary_command_on_the_clusters_head(tmp_path: Path) -> None:
    (tmp_path / "ray").write_text('#!/usr/bin/env bash\necho "$*"\n')
    (tmp_path / "ray").chmod(0o755)
    told = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def job(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DEPLOY / "ray-job.sh", *words], env=told, capture_output=True, text=True, cwd=ROOT, check=False
        )

    begun = job("deploy/noria-ray.yaml").stdout.strip()
    assert begun == (
        "job submit --address http://127.0.0.1:8265 --working-dir deploy -- noria run --config noria-ray.yaml"
    )
    assert job("deploy/noria-ray.yaml", "/mnt/noria/s").stdout.strip().endswith("-- noria resume /mnt/noria/s")
    missing = job("nowhere.yaml")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no config 'nowhere.yaml'" in missing.stderr
