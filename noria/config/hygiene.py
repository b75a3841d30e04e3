"""What may not enter training: secrets, personal data, toxic words, and what the student is measured on."""

from pathlib import Path
from typing import Literal

from noria.config.parts import Part

Kind = Literal["key", "email", "phone", "iban", "card", "toxic"]
"""What a text is screened for."""


class Hygiene(Part):
    """What is kept out of the accepted samples and of every training."""

    screen: tuple[Kind, ...] = ("key", "email", "phone", "iban", "card", "toxic")
    """What samples and the user's rows are screened for; an empty list screens nothing."""
    benchmarks: tuple[Path, ...] = ()
    """JSONL files of items that nothing may be learned from: each line has `messages`, `prompt`, `question` or
    `instruction`."""
