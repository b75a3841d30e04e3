"""The card of an exported folder: YAML front matter that a hub reads, then Markdown that people read.

    facts ─► dataset.md, model.md (Jinja2, strict) ─► README.md

A card says what the session's ledger says. Names that a person or a model chose stand in it
with everything taken out that Markdown or HTML would obey.
"""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from noria.training.export.choice import Format
from noria.training.export.columns import features
from noria.types import Json

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""A hub's words for how many rows there are."""

_OBEYED = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")


def card(name: str, front: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The text of README.md from the template of a name."""
    body = _ENVIRONMENT.get_template(f"{name}.md").render(facts)
    head = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{head}---\n\n{body.rstrip()}\n"


def dataset_front(
    forms: Mapping[Format, Mapping[str, str]], rows: int, *, title: str, licence: str, language: tuple[str, ...]
) -> Json:
    """Front matter of a dataset: `forms` are the formats with the path of each side's file."""
    front: Json = {"pretty_name": title}
    if language:
        front["language"] = list(language)
    if licence:
        front["license"] = licence
    front |= {
        "task_categories": ["text-generation"],
        "tags": ["synthetic", "noria", "self-play", "instruction-tuning", "trl"],
        "size_categories": [size(rows)],
        "configs": [
            {
                "config_name": form,
                **({"default": True} if not at else {}),
                "data_files": [{"split": side, "path": path} for side, path in paths.items()],
            }
            for at, (form, paths) in enumerate(forms.items())
        ],
        "dataset_info": [{"config_name": form, "features": features(form)} for form in forms],
    }
    return front


def size(rows: int) -> str:
    """A hub's word for a number of rows."""
    return next((word for least, word in SIZES if rows < least), "n>1M")


def cell(text: object) -> str:
    """A name as it may stand in a line of Markdown: nothing in it is obeyed."""
    flat = " ".join(str(text).split())
    plain = "".join(one for one in flat if one.isprintable())
    return _OBEYED.sub(lambda found: f"&#{ord(found[0])};", html.escape(plain, quote=False))


def code(text: object) -> str:
    """A name as Markdown's code, in which nothing is obeyed but its own end."""
    flat = "".join(one for one in " ".join(str(text).split()) if one.isprintable() and one not in "`|")
    return f"`{flat}`" if flat.strip() else "-"


def of(count: float, whole: float) -> str:
    """A count as a share of a whole."""
    return share(count / whole) if whole else "0 %"


def share(part: float) -> str:
    """A share in percent, never rounded to nothing or to all."""
    percent = part * 100
    if 0 < percent < 1 or 99 < percent < 100:
        return f"{percent:.1f} %"
    return f"{percent:.0f} %"


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else f"{value:.3f}"


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    keep_trailing_newline=True, autoescape=False,  # noqa: S701
)  # fmt: skip
"""The package's own templates; what they put in is filtered by `cell`, for HTML's rules are not Markdown's."""
_ENVIRONMENT.filters |= {"cell": cell, "code": code, "of": of, "share": share, "p": _p}
