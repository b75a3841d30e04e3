"""Withholding: what a seat says freely travels on only as far as it is the seat's own.

    free text ─┬─ holds what is foreign ──────────────┐
               ├─ repeats the candidate's own words ──┴─► withheld; the turn alone keeps it
               └─ its own words, the task's, small ones ─► typed, and shown to who needs it

Faults and rulings are closed sets; advice and claims are not, and a candidate that gets its
words into them speaks to the next seat through a trusted mouth. The words of a task are its
parameters and what the program's own phrasings say; whatever else a candidate's text holds
is the candidate's, and no other seat repeats it.
"""

from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign, own_words, spelled
from noria.types import Attempt, Task

_SMALL = """
a an the this that these those it its one two and or but not no nor if so as than then also too only just more
less most of in on at to for from with without by about into out up down over under between is are was be been
being has have had do does did can could may might must should would will what which who how why where when
there here say says said give gives given use uses used make makes made write writes written words word
wording task answer question instruction number numbers value values text sentence sentences list order clear
clearer clearly shorter simple simpler simply better right wrong please you your we they i me my all any each
every both first second same other another different
"""

SMALL = frozenset(_SMALL.split())
"""Words that are nobody's."""

FOREIGN = "holds what is foreign"
REPEATS = "repeats words of the candidate"
"""Why a text is withheld, without a word of it."""


def withheld(said: str, domain: Domain, task: Task, attempt: Attempt) -> str:
    """Why a seat's free text must not travel on, in a few words; empty where it may."""
    if foreign(said):
        return FOREIGN
    theirs = spelled(task.instruction) | spelled(attempt.response)
    theirs -= own_words(domain, domain.point(task.parameters)) | SMALL
    return REPEATS if spelled(said) & theirs else ""
