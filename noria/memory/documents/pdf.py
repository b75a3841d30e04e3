"""PDF as blocks, read in a process of its own, for a file that is made to hurt can keep a parser busy for ever.

python -m noria.memory.documents.pdf FILE PAGES  ─►  a line of JSON a page, or one with the reason
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from noria.memory.documents.block import Block, Unusable
from noria.memory.documents.plain import paragraphs

INSTALL = "`pip install 'noria[documents]'` brings it"

MEMORY = 2 << 30
"""Bytes of memory that the reading process may take."""

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


def pdf(file: Path, *, pages: int, seconds: float) -> Iterator[Block]:
    """The paragraphs of a PDF by page.

    Raises:
        Unusable: it cannot be read in that time, holds no text, or pypdf is not installed.
    """
    if find_spec("pypdf") is None:
        raise Unusable(f"pypdf is not installed ({INSTALL})")
    command = [sys.executable, "-m", "noria.memory.documents.pdf", str(file), str(pages)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as fault:
        raise Unusable(f"its text was not found within {seconds:g} s") from fault
    try:
        said = [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
    except ValueError:
        said = []
    if not said:
        raise Unusable("it is no PDF that can be read")
    if isinstance(said[-1], dict):
        raise Unusable(said[-1]["why"])
    if not any(page.strip() for page in said):
        raise Unusable("it holds no text (its pages may be pictures: run a text recognition over it)")
    for number, page in enumerate(said, 1):
        yield from paragraphs(_HYPHEN.sub("", page), at=f"page {number}")


def _main(file: str, most: int) -> None:
    """Write the pages of a PDF, or why there are none."""
    import logging
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable(logging.CRITICAL)
    from pypdf import PdfReader

    def say(what: object) -> None:
        sys.stdout.write(json.dumps(what) + "\n")

    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            return say({"why": "it is encrypted"})
        if len(reader.pages) > most:
            return say({"why": f"it has {len(reader.pages)} pages, {most} are allowed (`methods.documents.pages`)"})
        for page in reader.pages:
            say(page.extract_text())
    except Exception as fault:  # a broken file may make the parser raise anything
        named = " ".join(str(fault).split())[:120]
        say({"why": f"it is no PDF that can be read ({type(fault).__name__}: {named})"})


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
