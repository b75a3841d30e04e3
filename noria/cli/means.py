"""What a run is made with: the real vLLM and trainer, or pretended ones for a dry run."""

import os
from collections.abc import Callable

from noria.cli.tune import here
from noria.config import SessionConfig
from noria.graphs.opening import Means
from noria.inference.limiter import Limiter
from noria.inference.local import OneClient, VllmLauncher, merges
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.inference.vllm_server import installed, on_cpu
from noria.training.machine import MASK, probe_bfloat16
from noria.training.models import resolve, weights_id
from noria.training.trainer import PRETENDED, PretendTrainer, Trainer
from noria.types import Policy

STUDENTS = "students"
SERVERS = "servers"


def real(config: SessionConfig, progress: Callable[[str, float, str], None]) -> Means:
    """The real thing: weights, servers, training.

    Raises:
        ConfigError: `executor: ray`, and Ray is not installed.
        ModelError: the student's weights cannot be had.
        EndpointError: a local policy is needed and vLLM is not installed, or the Ray cluster is not there.
    """
    limiter, rules = Limiter(config.play.concurrency), config.serve
    base, best = None, None
    dtype, environment, fast = "auto", dict[str, str](), False
    if config.needs_local():
        installed()
        folder = resolve(config.student)
        base = Policy(id=weights_id(folder), name="base", folder=str(folder.resolve()), student=True)
        if on_cpu():
            found = probe_bfloat16()
            if found.trap:
                # Masked for torch; vLLM's own kernels ask elsewhere, so it serves float32 here.
                environment = dict(MASK)
                os.environ.update(MASK)
            fast = found.works and found.fast
            dtype = "bfloat16" if fast else "float32"
        # A session that began serves its students as it did, whatever was found since.
        served = rules.model_copy(update={"student": "merged" if merges(rules) else "adapter"})
        best = here(served, base.id)
    if rules.dtype != "auto":
        dtype = rules.dtype
    elif best is not None:
        dtype = best.dtype
    threads = rules.threads if rules.threads != "auto" else best.threads if best is not None else "all"
    launcher = VllmLauncher(
        config.session / SERVERS, rules, limiter, dtype=dtype, rank=config.train.rank,
        deadline=config.play.deadline, environment=environment, threads=threads, progress=progress,
    )  # fmt: skip
    saved = dtype if dtype != "auto" else "bfloat16"
    trainer = Trainer(
        config.session / STUDENTS, config.train, merged=launcher.merged, dtype=saved, bf16=fast,
        methods=config.methods.on("train"),
    )  # fmt: skip
    return _executed(config, Means(launcher, trainer, base, limiter))


def pretended(config: SessionConfig) -> Means:
    """Puppets for policies and a trainer that trains nothing: the whole wheel in seconds."""
    base = Policy(id=PRETENDED, name="base", student=True)
    trainer = PretendTrainer(config.session / STUDENTS)
    means = Means(OneClient(ScriptedClient(Puppet())), trainer, base, Limiter(config.play.concurrency))
    return _executed(config, means)


def _executed(config: SessionConfig, means: Means) -> Means:
    """These means where the config wants them: here, or on a cluster, which is joined before anything is written."""
    if config.executor == "local":
        return means
    from noria.cluster.means import on_ray

    return on_ray(config, means)
