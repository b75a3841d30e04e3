"""Text operations read again: the list is found, the operations are heard, the rest must be small talk.

    "Read this list: b, a, c. Then sort them alphabetically, then link them with hyphens."
        list   b, a, c        (the only run of three or more words with commas between them)
        heard  sort, hyphen   (in the order in which they are said)
        rest   read this list then then

What is left once list and operations are taken out may only be words that ask for nothing; `not`, `or`,
`letters`, `each` and the like leave the wording not understood. A response is compared as a list:
bullets, numbering, line breaks, quotes and a last full stop are form. One that differs
only in the case of its letters, or says the result inside a sentence, is left open.
"""

import re
from collections.abc import Callable

from noria.studies.recheck.ruling import Ruling, among, plain, right, shown, unsure, wrong

_RUN = re.compile(r"\b([^\W\d_]+(?:,\s*[^\W\d_]+){2,})(?=\s*(?:[,.:;?!]|$))")
_THEM = r"(?:them|the following words|these words|those words|the words|this list|the list|these|it)"
_OF = rf"(?: of {_THEM})?"
_FOUR = r"(?:four|4) letters"
_PUT = rf"(?:put|place|list|write|give|rewrite|arrange|order|sort|return|print)(?: all of)?(?: {_THEM})?"

_HEARD: tuple[tuple[str, str], ...] = (
    ("reverse", rf"reverse (?:their|the|its) order{_OF}|{_PUT} in reversed? order(?:, from the end to the start)?"
                rf"|(?:list|write|give|put) {_THEM} backwards|reverse (?:this|the) list"),
    ("sort", rf"(?:{_PUT}|alphabeti[sz]e) (?:alphabetically|in alphabetical order)|(?:order|sort|arrange) {_THEM}"
             rf" from a to z|from a to z|alphabeti[sz]e {_THEM}"),
    ("uppercase", rf"{_PUT} in (?:all )?(?:capital letters|capitals|upper ?case(?: letters)?)|(?:make|turn) {_THEM}"
                  r" (?:into )?(?:all )?upper ?case|(?:upper-?case|capitali[sz]e all of) " + _THEM),
    ("count", rf"count {_THEM}|(?:say )?how many (?:words )?(?:there are|are there|does (?:this|the) list have)"
              rf"|(?:give|say|write) the number of words|how many words are (?:there )?in {_THEM}"),
    ("last", rf"(?:give|name|say|write|return)(?: me)?(?: only)? the (?:last|final) (?:one|word){_OF}"
             rf"|(?:give|name)(?: only)? the last{_OF}|which word comes last"),
    ("hyphen", rf"(?:join|link|connect) {_THEM}(?: into one| together)? (?:with|by|using) (?:hyphens|a hyphen|dashes)"
               r"(?: between them)?"),
    ("dedupe", rf"(?:remove|drop|delete)(?: all| any| the)? (?:repeated words|duplicates?(?: words)?|repeats)"
               rf"(?: from {_THEM})?|keep each word(?: only)? once|write {_THEM} without its duplicates"
               r"|leave the order as it is"),
    ("longer", rf"keep(?: only)?(?: the)? words (?:that are )?(?:longer than|with more than) {_FOUR}"
               rf"|remove(?: the)? words of {_FOUR} or (?:fewer|less)|which of {_THEM} are longer than {_FOUR}"),
)  # fmt: skip
_CLAUSE = re.compile("|".join(rf"(?P<{name}>\b(?:{pattern})\b)" for name, pattern in _HEARD))
_CLEAN = among(
    "take these words and here are some now please with the given read this list then look at your task from do"
    " following to in i have a of my is consider for look you are first finally that after"
)
_UNCLEAN = re.compile(r"\bafter\b(?! that\b)")
_RESULT: dict[str, Callable[[list[str]], list[str]]] = {
    "reverse": lambda listed: listed[::-1],
    "sort": lambda listed: sorted(listed, key=str.lower),
    "uppercase": lambda listed: [one.upper() for one in listed],
    "count": lambda listed: [f"{len(listed)}"],
    "last": lambda listed: [listed[-1]],
    "hyphen": lambda listed: ["-".join(listed)],
    "dedupe": lambda listed: [one for at, one in enumerate(listed) if one not in listed[:at]],
    "longer": lambda listed: [one for one in listed if len(one) >= 5],
}
_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ITEM = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_NUMERAL = re.compile(r"\b(?:zero|none|one|two|three|four|five|six|single)\b")


def read(instruction: str, response: str) -> Ruling:
    """Whether a response is the list, the word or the number that the words of an instruction lead to."""
    asked = plain(instruction)
    wanted = worded(asked)
    if not wanted:
        return unsure(f"the wording is not understood: {shown(asked)}")
    said, told = items(response), ", ".join(wanted)
    if said == wanted:
        return right(f"says {shown(told)}")
    differs = f"says {shown(response)}, not {shown(told)}"
    if wanted[0].isdigit():
        alone = re.fullmatch(r"[\s*`\"']*(-?\d{1,9})[\s.*`\"']*", response, re.ASCII)
        if alone and alone[1] != wanted[0]:
            return wrong(differs)
        doubtful = any(one.isnumeric() and not one.isascii() for one in response) or _NUMERAL.search(response.lower())
        if doubtful or re.search(rf"(?<!\d){wanted[0]}(?!\d)", response):
            return unsure(f"says a number in another form than {told}")
        return wrong(differs)
    if all(_ITEM.fullmatch(one) for one in said):
        same = [one.lower() for one in said] == [one.lower() for one in wanted]
        capitals = any(one != one.lower() for one in wanted)
        return unsure(f"{differs}, in the case of letters alone") if same and not capitals else wrong(differs)
    among = f" {_loose(told)} " in f" {_loose(response)} "
    return unsure(f"says {shown(told)} among other words") if among else wrong(differs)


def worded(asked: str) -> list[str]:
    """What the words of an instruction lead to; empty where they are not understood."""
    runs = list(_RUN.finditer(asked))
    if len(runs) != 1:
        return []
    run = runs[0]
    listed = re.split(r",\s*", run[1])
    rest = f"{asked[: run.start()]} | {asked[run.end() :]}".lower()
    heard = [one.lastgroup or "" for one in _CLAUSE.finditer(rest)]
    beside = _CLAUSE.sub(" ", rest)
    if _UNCLEAN.search(beside) or not set(re.findall(r"[^\W\d_]+", beside)) <= _CLEAN or re.search(r"\d", beside):
        return []
    if not heard or any(heard.count(one) > 1 for one in ("reverse", "count", "hyphen")):
        return []
    if {one.lower() for one in listed} & {"then", "please", "first", "reverse", "sort", "count"}:
        return []
    for name in heard:
        if not listed:
            return []
        listed = _RESULT[name](listed)
    return listed


def items(response: str) -> list[str]:
    """The items of a response: of its lines, between its commas, without marks, quotes and a last full stop."""
    found = list[str]()
    for line in response.strip().splitlines():
        bare = _MARK.sub("", line).strip().rstrip(",")
        whole = _unquoted(_unquoted(bare).rstrip("."))
        parts = [_unquoted(part) for part in bare.rstrip(".").split(",")]
        found += (
            parts if all(map(_ITEM.fullmatch, parts)) else [" ".join(one.split()) for one in whole.split(",") if bare]
        )
    return found


def _unquoted(text: str) -> str:
    """A text without the quotes that stand on both sides of it."""
    text = text.strip()
    while len(text) > 1 and (text[0] == text[-1] in "\"'`*" or text[0] + text[-1] in ("“”", "‘’")):
        text = text[1:-1].strip()
    return text


def _loose(text: str) -> str:
    """A text as its words and numbers alone, without case and what joins them."""
    return " ".join(one for one in re.findall(r"[^\W_]+", text.lower()) if one != "and")
