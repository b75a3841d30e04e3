"""What a session is run with, on a cluster: the same launcher and clients here, its hands and trainings there."""

from dataclasses import replace
from functools import partial

from noria.cluster.joining import join
from noria.cluster.playing import crew
from noria.cluster.training import FarTrainer
from noria.config import SessionConfig
from noria.graphs.opening import Means


def on_ray(config: SessionConfig, means: Means) -> Means:
    """These means, with a Ray cluster joined.

    Raises:
        ConfigError: Ray is not installed.
        EndpointError: the cluster cannot be joined.
    """
    joined = join(config)
    trainer = FarTrainer(joined, means.trainer, config.session, config.train.silence)
    return replace(means, trainer=trainer, crew=partial(crew, joined))
