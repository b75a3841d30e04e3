"""The number a response ends in, read as a person would who looks for the answer.

    ends in a number, alone or behind `=`, `is`, `answer` …  ─► that number is the answer
    holds the wanted number somewhere else                    ─► cannot tell
    does not hold it                                          ─► wrong

A sign counts where it stands before a value, as `-8` and as `minus 8`; behind a value it is an
operator. Where a response denies something, or writes numbers as words, it is left open.
"""

import re
from collections.abc import Callable
from fractions import Fraction

from noria.studies.recheck.ruling import Ruling, right, shown, unsure, wrong

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?<!\w))\.\d+|\d{1,3}(?:,\d{3})+(?!\d)|\d+", re.ASCII)
_MARKED = re.compile(
    r"(?:=|\b(?:is|equals|answer|result|gives|get|makes|total|sum|product|difference)\b)[\s:*\"'`($]*$"
)
_DENIED = re.compile(r"\b(?:not|never|wrong|incorrect|cannot)\b|n['’]t\b")
_WORDED = re.compile(r"\b(?:zero|one|t(?:wo|en|hree|welve|hirty|wenty)|four\w*|fi(?:ve|f)\w*"
                    r"|six\w*|seven\w*|eight\w*|nine\w*|eleven|thirteen|hundred|thousand)\b")  # fmt: skip
_OPENED = re.compile(r"(?:[\s=:(\"'`]|(?:^|[\s=:(\"'])\*{1,3})$")
_ENDED = re.compile(r"[\s.!*\"'`)\]]*$")


def number(response: str, fits: Callable[[Fraction], bool | None], wanted: str) -> Ruling:
    """What a response says whose answer is one number; `fits` tells of a number, none where it cannot."""
    text = response.strip()
    found = list(_NUMBER.finditer(text))
    last = ended_in(text, found)
    if last is not None:
        if _DENIED.search(text.lower()):
            return unsure(f"something is denied in a response that ends in {shown(text)}")
        fit = fits(last)
        if fit is None or (fit and "." in found[-1][0]):
            return unsure(f"cannot tell of {shown(text)}")
        return right(f"ends in {wanted}") if fit else wrong(f"ends in {shown(str(last))}, not in {wanted}")
    for one in found:
        value = Fraction(one[0].replace(",", ""))
        if fits(value) is not False or fits(-value) is not False:
            return unsure(f"holds {one[0][:30]}, but not as what it ends in")
    if _WORDED.search(text.lower()) or any(letter.isnumeric() and not letter.isascii() for letter in text):
        return unsure("holds a number that is not written in plain digits")
    return wrong(f"nowhere says {wanted}")


def ended_in(text: str, found: list[re.Match[str]]) -> Fraction | None:
    """The number a text ends in, where it is the only one or is marked as the answer; none where that is not plain."""
    if not found or not _ENDED.match(text, found[-1].end()) or len(found[-1][0]) > 30:
        return None
    head = text[: found[-1].start()]
    bare = head[:-1] if head.endswith(("-", "−")) else head
    signed = bare != head
    if spoken := re.search(r"\b(?:minus|negative)\s+$", bare, re.IGNORECASE):
        if signed:
            return None
        bare, signed = bare[: spoken.start()], True
    marked = _MARKED.search(bare.lower())
    if bare and not _OPENED.search(bare):
        return None
    if not marked and (len(found) > 1 or re.search(r"[-−–—+×*/÷]\s+$", bare)):
        return None
    # A sign behind a value is an operator, whether it is written or spoken.
    if (signed and re.search(r"[\d)]\s*$", bare)) or (spoken and not marked and re.search(r"\w\s*$", bare)):
        return None
    value = Fraction(found[-1][0].replace(",", ""))
    return -value if signed else value
