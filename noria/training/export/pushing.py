"""An exported folder to a hub: optional, never by itself, and private unless told otherwise.

    folder ─► every byte as it was exported? ─► plan ─► (asked) ─► repository, one commit

What goes is what `noria.json` lists, and nothing else that may lie in the folder. A repository
that is public already is refused unless the public is meant: to create it as private would
change nothing there.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from noria.errors import ConfigError, EndpointError, NoriaError
from noria.training.export.manifest import Export, must_read
from noria.training.publish import MANIFEST


@dataclass(frozen=True, slots=True)
class Pushing:
    """What would go where."""

    folder: Path
    repo: str
    """Owner and name."""
    export: Export
    public: bool

    @property
    def kind(self) -> str:
        """The hub's word for what it is."""
        return "dataset" if self.export.kind == "dataset" else "model"

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that goes."""
        return (*self.export.files, MANIFEST)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / name).stat().st_size for name in self.files)


def planned(folder: Path, repo: str, *, public: bool) -> Pushing:
    """What would go, once the folder reads as it was exported.

    Raises:
        ConfigError: the repository's name is none.
        SessionError: the folder is no export, or a file was changed since.
    """
    owner, _, name = repo.partition("/")
    if not owner or not name or "/" in name:
        raise ConfigError(f"{repo!r} names no repository.", mend="Give its owner and name, such as `me/my-data`.")
    return Pushing(folder, repo, must_read(folder), public)


def push(one: Pushing) -> str:
    """Upload in one commit; returns its address.

    Raises:
        ConfigError: huggingface_hub is not installed, or there is no token of the user's.
        EndpointError: the hub refuses, cannot be reached, or has the repository public already.
    """
    if find_spec("huggingface_hub") is None:
        raise ConfigError("To push needs huggingface_hub.", mend="`pip install 'noria[export]'`.")
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    token = get_token()
    if not token:
        raise ConfigError("There is no token to push with.", mend="Set HF_TOKEN, or `hf auth login`.")
    hub: Any = HfApi(token=token, library_name="noria", library_version=one.export.noria)
    try:
        hub.create_repo(one.repo, repo_type=one.kind, private=not one.public, exist_ok=True)
        if not one.public and not hub.repo_info(one.repo, repo_type=one.kind).private:
            raise ConfigError(
                f"The repository {one.repo!r} is there already and is public.", mend="--public, if that is meant."
            )
        adding = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=one.folder / name) for name in one.files]
        said = f"{one.export.kind} of the Noria session {one.export.session} ({one.export.identity})"
        made = hub.create_commit(one.repo, adding, repo_type=one.kind, commit_message=said)
    except NoriaError:
        raise
    except Exception as fault:  # the hub's own tree of errors, and its transport's
        words = " ".join(str(fault).split())
        raise EndpointError(f"The hub at {hub.endpoint} did not take {one.repo!r}: {words[:300]}.") from fault
    return str(made.commit_url)
