"""What makes two things the same: their content, written one way.

An id is a short hash of canonical JSON, so the same task proposed twice has one id, a
resumed round re-derives the ids it already wrote, and anyone can verify a log by hashing
its rows again. The bucket of a task is a hash too, of its canonical parameters alone:
whatever seed, level of luck or wording led to it, it falls for ever on one side of the
line between what may be trained on and what is only examined.
"""

import hashlib
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from noria.types import Bucket, Message

SHARES: tuple[tuple[Bucket, int], ...] = (("gate", 8), ("audit", 2), ("test", 4), ("train", 86))
"""Percent of every domain's parameter space held by each bucket."""


PASSAGES: tuple[tuple[Bucket, int], ...] = (("gate", 18), ("audit", 2), ("test", 8), ("train", 72))
"""Percent of the passages of documents held by each bucket: more, for a document has few of them."""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: the value holds a float that JSON cannot say.
        TypeError: the value is not JSON.
    """
    return _CANONICAL.encode(value)


def digest(text: str) -> str:
    """SHA-256 of a text as 64 hexadecimal digits; lone surrogates are kept apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def content_id(kind: str, value: Any) -> str:
    """The id of a thing of this kind: `kind-` and 16 hexadecimal digits (64 bits)."""
    return f"{kind}-{digest(canonical_json(value))[:16]}"


def sample_id(role: str, messages: Iterable[Message]) -> str:
    """The id of a sample: what role it teaches, and by which chat."""
    return content_id("sample", [role, [message.model_dump() for message in messages]])


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes as 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bucket(domain: str, parameters: dict[str, Any], shares: tuple[tuple[Bucket, int], ...] = SHARES) -> Bucket:
    """The bucket a point of a domain's parameter space belongs to, for ever."""
    point = int(digest(f"{domain}:{canonical_json(parameters)}")[:8], 16) % 100
    for name, share in shares:
        point -= share
        if point < 0:
            return name
    raise AssertionError("the shares add up to 100")


def passage_bucket(passage: str) -> Bucket:
    """The bucket a passage belongs to, with everything that is asked about it."""
    return bucket("passage", {"passage": passage}, PASSAGES)


def stream(*names: object) -> random.Random:
    """A random stream that depends on its names alone, the same in every process."""
    return random.Random(digest("/".join(str(name) for name in names)))
