"""Constraints read again: the rules as the words state them, each held against the response.

    "Write about tea in exactly 2 sentences, ending with 'The end.'"
        rules  sentences 2 · ending 'The end.'      topic  tea      rest  write about

Rules and topic are taken out of the words, and what is left must be a way to say "write a text
about". Where a rule can be counted in two ways and the ways disagree (a quotation inside a sentence,
a dash among the words) the rule is left open. That a text is one at all is judged loosely: it must name
its topic, bring words of its own and not go round in circles; little of that is left open.
"""

import re

from noria.studies.recheck.keeping import COUNTS, KEPT, SPEECH, named, own
from noria.studies.recheck.ruling import Ruling, plain, right, shown, unsure, wrong

_N = rf"(\d{{1,3}}|{'|'.join(COUNTS)})"
_Q = r"['\"‘“]([^'\"‘’“”]{1,40})['\"’”]"
_RULES: tuple[tuple[str, str], ...] = (
    ("bullets", rf"(?:as|in|with|using|give me) exactly {_N} bullet(?:s| points?)(?=[^'\"]*['\"]- ['\"])"),
    ("", r"(?:, ?)?(?:\beach |\bthat )?(?:of them )?start(?:s|ing)? with ['\"]- ['\"]"),
    ("sentences", rf"(?:in|with|using|write) exactly {_N} sentences?"),
    ("short", rf"(?:in|with|using) (?:at most|no more than|up to) {_N} words(?:, and no more than that)?"),
    ("lowercase", r"(?:using |in )?(?:only (?:in )?lowercase letters|all in lower ?case|all lowercase(?: letters)?"
                  r"|in lowercase(?: letters)? only)"),
    ("uppercase", r"(?:using |in )?(?:only (?:in )?(?:capital|uppercase) letters|all in upper ?case"
                  r"|all (?:uppercase|capital)(?: letters)?|in (?:capital letters|uppercase) only)"),
    ("include", rf"(?:using|that includes|includes|including|(?:and )?(?:include|use)) the word {_Q}(?: somewhere)?"),
    ("avoid", rf"(?:without|that avoids|avoiding|(?:and )?avoid)(?: using)? the word {_Q}"),
    ("ending", rf"(?:ending|that ends|(?:and )?end(?: it)?) with {_Q}"),
    ("json", rf"as (?:a )?json(?: object)? with (?:exactly )?the keys {_Q} and {_Q}(?: and no other)?"),
    ("sections", rf"(?:in|with) two sections(?:,| titled)? {_Q} and {_Q}"),
)  # fmt: skip
_TELL = re.compile(
    r"(?:please )?(?:write(?: a short text| a few words| a little)? about|tell me(?: a little)? about|describe|explain"
    r"|say something about|give (?:me )?a short note on|about)? *(?P<topic>(?:the )?[^\W\d_]+(?: [^\W\d_]+)?)",
    re.IGNORECASE,
)


def read(instruction: str, response: str) -> Ruling:
    """Whether a response is a text on the topic that keeps every rule an instruction words."""
    rules, topic = worded(plain(instruction).rstrip("}"))
    if not rules or not topic:
        return unsure(f"the wording is not understood: {shown(instruction)}")
    text = response.strip()
    verdicts = {name: KEPT[name](text, *told) for name, told in rules.items() if name != "ending"}
    if "ending" in rules:
        ending = rules["ending"][0].lower() if "lowercase" in rules else rules["ending"][0]
        verdicts["ending"] = text.endswith(ending)
    verdicts["topic"] = named(topic, text)
    verdicts["text of its own"] = own(instruction, text)
    if broken := [name for name, verdict in verdicts.items() if verdict is False]:
        return wrong(f"breaks {', '.join(broken)}")
    if open_ := [name for name, verdict in verdicts.items() if verdict is None]:
        return unsure(f"cannot tell of {', '.join(open_)}")
    return right(f"keeps {', '.join(verdicts)}")


def worded(asked: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """The rules of a wording with what each names, and its topic; empty where it is not understood."""
    rules = dict[str, tuple[str, ...]]()
    for name, pattern in _RULES:
        found = list(re.finditer(rf"(?<!\w){pattern}(?!\w)", asked, re.IGNORECASE))
        if len(found) > 1 or (found and name in rules):
            return {}, ""
        if found:
            asked = f"{asked[: found[0].start()]} , {asked[found[0].end() :]}"
            if name:
                rules[name] = tuple(found[0].groups())
    rest = re.sub(r"(?:[\s,.;:]|\band\b)+$", "", re.sub(r"^[\s,.;:]+", "", re.sub(r"[\s,]*,[\s,]*", " ", asked)))
    told = _TELL.fullmatch(rest.rstrip(" .,;:"))
    topic = told["topic"].lower() if told else ""
    known = set(topic.split()) - {"the"}
    return (rules, topic) if known and not known & SPEECH else ({}, "")
