"""The parts of a config, each frozen, each refusing keys it does not know.

A part stands here while it is small; one that says a thing of its own has a file of its own
in this room. Every key has a default that runs on a laptop.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from noria.errors import ConfigError


class Part(BaseModel):
    """A frozen part of the config that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Serve(Part):
    """The local vLLM that Noria starts and stops."""

    student: Literal["auto", "adapter", "merged"] = "auto"
    """How a trained student is served: as an adapter in the running server, or merged in a server of its own.

    `auto`: as was found fastest here, else as an adapter, but on a CPU merged where vLLM does not load Noria's plugin.
    """
    previous: Literal["auto", "keep", "retire"] = "auto"
    """Whether a policy that was promoted over stays loaded, to step back to at once; `auto`: where memory allows."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    threads: Literal["auto", "all", "spare", "split", "loose"] = "auto"
    """Cores that each local server on a CPU computes on: all of them, all but one, a half of its own, or wherever the
    kernel puts its threads. `auto`, as with `student` and `dtype`: what `noria doctor --tune` found best here, else
    all."""
    replicas: int = Field(default=1, ge=1)
    """Servers of each local policy, alike and side by side: a share of the GPUs for each, or of the cores on a CPU."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the first server on loopback; 0 takes a free one."""
    max_model_len: int = Field(default=1024, ge=256)
    kv_cache_gib: float = Field(default=0.5, gt=0)
    """Memory of a server's KV cache on a CPU; a GPU's server takes its share by itself."""
    compile: bool = False
    """Compile the model at start: a slower start for somewhat faster decoding."""
    start_timeout: float = Field(default=600.0, gt=0)
    """Seconds a server may take to answer first."""
    arguments: tuple[str, ...] = ()
    """Further arguments for `vllm serve`, as they are."""


class Endpoint(Part):
    """An OpenAI-compatible endpoint that already runs."""

    url: str = ""
    """Base address ending in `/v1`; empty reads OPENAI_BASE_URL, which may name several with commas between."""
    urls: tuple[str, ...] = ()
    """Base addresses of several replicas that serve the same, instead of `url`; the first names the policy."""
    model: str
    """The name the policy is served under there."""
    key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable that holds the key; a loopback endpoint needs none."""

    @model_validator(mode="after")
    def _addressed(self) -> "Endpoint":
        if self.url and self.urls:
            raise ValueError("url and urls are both given; put all addresses into urls")
        bare = [one.rstrip("/") for one in self.urls]
        if twice := next((one for one in bare if bare.count(one) > 1), None):
            raise ValueError(f"urls names {twice} twice")
        return self

    def address(self) -> str:
        """The base address, or that of the first replica (see `addresses`)."""
        return self.addresses()[0]

    def addresses(self) -> tuple[str, ...]:
        """The base address of each replica.

        Raises:
            ConfigError: neither the config nor the environment names one.
        """
        told = (self.url,) if self.url else tuple(os.environ.get("OPENAI_BASE_URL", "").replace(",", " ").split())
        given = self.urls or told or ("",)
        for url in given:
            if not url.startswith(("http://", "https://")):
                raise ConfigError(
                    f"The endpoint for model {self.model!r} has no address (found {url!r}).",
                    mend="Set its `url` in the config, or OPENAI_BASE_URL.",
                )
        return tuple(url.rstrip("/") for url in given)

    def key(self) -> str:
        """The key, or a placeholder where the variable is not set."""
        return os.environ.get(self.key_env, "") or "none"


class Seeds(Part):
    """What a session starts from besides its domains."""

    topics: tuple[str, ...] = ()
    """Short topics; tasks that have a subject take one of them."""
    rows: Path | None = None
    """A JSONL file of chat rows (`messages`): seeds to build on and anchors in training."""
    malformed: Literal["refuse", "skip"] = "refuse"
    """What a malformed row does: refuse the file, or be skipped and named."""


class Play(Part):
    """One round of episodes."""

    episodes: int = Field(default=150, ge=1)
    """Episodes dealt a round."""
    batch: int = Field(default=150, ge=1, le=256)
    """Episodes dealt out together; between batches lies a checkpoint, and what people say takes effect there."""
    behind: int | None = Field(default=None, ge=0)
    """Episodes that may still play when the next batch is dealt out, besides those that only wait for a slower one to
    propose; none given: as many as there are places for calls (`concurrency`), at most half a batch, so a batch of
    twice the places keeps them all taken. With 0 a batch waits for its slowest: 260 episodes by 130, 65 and 33 took 16,
    22 and 32 s so where a call takes half a second."""
    attempts: int = Field(default=4, ge=1, le=64)
    """Answers the solver gives to one task."""
    max_drafts: int = Field(default=2, ge=1, le=8)
    """Drafts of one candidate, the first included."""
    solve_rate: tuple[float, float] = (0.0, 1.0)
    """The band of solve rates that is accepted."""
    stop_early: bool = False
    """Whether a task is attempted no further once its solve rate must fall outside of the band: fewer tokens, but the
    next deal knows that rate less exactly."""
    targets: Literal["verified", "verified_or_program"] = "verified_or_program"
    """What a sample may teach: a policy's verified answer, or the program's own where there is none."""
    temperature: float = Field(default=0.9, ge=0, le=2)
    concurrency: int = Field(default=64, ge=1)
    """Model calls in flight in the whole process."""
    players: int = Field(default=0, ge=0)
    """Processes that play with `executor: ray`; 0: one for each 32 calls in flight, as far as there are CPUs."""
    ahead: int = Field(default=0, ge=0)
    """Hands of the next round that are proposed while a student trains; 0: none, and what is not asked meanwhile rests.
    Worth it where the generator's server has a device that the training has not. Proposals are at most one round old
    (see `noria status`); which of them are ready when the training ends depends on who is faster."""
    deadline: float = Field(default=300.0, gt=0)
    """Seconds one model call may take, retries included."""
    near_duplicate: float = Field(default=0.95, gt=0, le=1)
    """Cosine similarity from which two free texts mean the same."""

    @model_validator(mode="after")
    def _band(self) -> "Play":
        low, high = self.solve_rate
        if not 0 <= low <= high <= 1:
            raise ValueError(f"solve_rate must be two shares, low then high, not {self.solve_rate}")
        return self


class SandboxRules(Part):
    """Where programs run that a model wrote."""

    minimum: Literal["landlock", "bwrap"] = "landlock"
    """The weakest isolation that will do; the strongest that works is used, and below this nothing runs."""


class VerifierRules(Part):
    """How verifiers are tested."""

    planted: int = Field(default=100, ge=0)
    """Right and as many wrong answers of each level that a verifier is shown before a round; 0 tests nothing."""

    @model_validator(mode="after")
    def _enough(self) -> "VerifierRules":
        if 0 < self.planted < 80:
            raise ValueError(
                "planted must be 0 or at least 80: fewer cannot show that a verifier refuses wrong answers"
            )
        return self


class Judge(Part):
    """How far the judge's opinion counts."""

    calibration: int = Field(default=24, ge=0)
    """Planted right and wrong answers the judge rules on each round; without them it has no veto."""
    veto_above: float = Field(default=0.7, ge=0.5, le=1)
    """Confidence a rejection needs to count."""


class Approve(Part):
    """What waits for a person before it counts; there is no time after which it goes on without one."""

    samples: bool = False
    """Whether the accepted samples of a batch wait for a ruling before the next batch plays."""
    students: bool = False
    """Whether a student that passed its exam waits for a ruling before it is promoted."""


class Train(Part):
    """One fine-tuning of the student, always from its base."""

    rank: int = Field(default=16, ge=1, le=256)
    learning_rate: float = Field(default=1e-3, gt=0)
    """Chosen together with `epochs` and `interpolation`: `bench/learning.py` plays ways of teaching side by side, and
    says what each teaches and what it costs on general text."""
    epochs: int = Field(default=4, ge=1)
    batch: int = Field(default=8, ge=1)
    interpolation: float = Field(default=0.5, gt=0, le=1)
    """How far the student's weights lie from its base's, of the way that it learned; 1 is the student as it learned."""
    max_tokens: int = Field(default=80_000, ge=256)
    """Tokens one training may read, prompts and epochs included; rows beyond it are left out."""
    max_row_tokens: int = Field(default=256, ge=32)
    replay: float = Field(default=1.0, ge=0)
    """Rows of earlier rounds, as a multiple of this round's rows."""
    anchors: float = Field(default=0.2, ge=0)
    """Rows of the user's own, as a multiple of this round's rows."""
    generator_rows: float = Field(default=0.15, ge=0)
    """Proposals kept for the generator's role, as a multiple of the solver's rows."""
    min_rows: int = Field(default=16, ge=1)
    """With fewer new rows a round does not train."""
    silence: float = Field(default=900.0, gt=0)
    """Seconds the training may say nothing before it is ended; the session can be resumed then."""
    distributed: Literal["auto", "ddp", "fsdp"] = "auto"
    """How several GPUs share a training: each holds the model (`ddp`), or all hold parts of it (`fsdp`); `auto`: in
    parts where one cannot hold it."""
    seed: int = 0


class Stop(Part):
    """When a session ends; whichever comes first is reported."""

    rounds: int = Field(default=2, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    """Prompt and completion tokens of the whole session."""
    hours: float | None = Field(default=None, gt=0)
    plateau: int | None = Field(default=None, ge=1)
    """Rounds in a row without a promotion."""
