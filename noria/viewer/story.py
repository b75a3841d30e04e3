"""An account in plain words: what a person reads who asks why.

What a model wrote is data: it is shown between quotes, on one line, cut where it is long,
and no terminal obeys it.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from noria.types import MEND
from noria.viewer.text import printable

Json = dict[str, Any]

LONG = 160
"""Characters of a text that a sentence shows."""

HOW = {"silent": "the generator's reply was empty or cut", "malformed": "the proposal could not be read",
       "reserved": "its parameters are kept for exams", "duplicate": "it had been asked before",
       "near_duplicate": "it means what was asked before", "ungrounded": "no truth could be built for it",
       "unsolved": "nobody solved it", "out_of_band": "it is too easy or too hard",
       "broken": "an attack broke it", "revisions_spent": "it needed another draft and none was left",
       "untrusted": "its verifier is not trusted", "vetoed": "the judge vetoed it",
       "withdrawn": "a policy that had played in it was purged",
       "unclean": "it would teach what may not be learned",
       "contaminated": "it is an item of an exam or a benchmark, or nearly one",
       "endpoint": "an endpoint failed", "unreadable": "a seat's reply could not be read",
       "verifier": "its verifier failed", "fault": "Noria itself failed in it"}  # fmt: skip
"""A reason in words."""

STEP = {"dealt": "when it was proposed", "proposed": "when it was read", "well_formed": "for want of novelty",
        "novel": "when its truth was built", "grounded": "when it was to be solved",
        "solvable": "when it was reviewed and attacked", "unbroken": "when it was ruled on"}  # fmt: skip
"""Where a candidate is turned away that came as far as a stage."""


def story(account: Json) -> Iterator[str]:
    """The lines that tell an account."""
    tell: dict[str, Callable[[Json], Iterator[str]]] = {
        "sample": _sample, "episode": _episode, "policy": _policy, "verifier": _verifier, "exam": _exam,
    }  # fmt: skip
    return tell[account["kind"]](account)


def quoted(text: str, long: int = LONG) -> str:
    """What a model wrote, on one line between quotes."""
    line = " ".join(printable(text).split())
    return f"“{line[:long].rstrip()}…”" if len(line) > long else f"“{line}”"


def counted(counts: dict[str, int]) -> str:
    """Counts in words: `code 19, deduction 28`."""
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def many(count: int, thing: str) -> str:
    """A count with its thing, in the singular or the plural."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _sample(one: Json) -> Iterator[str]:
    role = "" if one["role"] == "solver" else f" for the {one['role']}'s role"
    place = f"{one['domain']}/{one['skill']}, level {one['level']}, round {one['round']}"
    yield f"{one['id']} is an accepted sample{role}: {place}."
    if gone := one["withdrawn"]:
        yield f"It is withdrawn: {_purged(gone)}. No training sees it any more."
    if one["quarantined"]:
        yield f"It is quarantined: {printable(one['quarantined'])}; {MEND}."
    yield f"  asked     {quoted(one['asked'], 400)}"
    yield f"  answered  {quoted(one['answer'], 400)}"
    yield from _came(one)
    yield from _solved(one)
    yield from _tried(one)
    yield from _checked(one)
    yield ""
    yield "What came of it"
    for learner in one["learned"]:
        yield f"  {_learner(learner)}"
    if not one["learned"]:
        yield "  No policy has learned from it."
    if one["shown_to"]:
        later = many(one["shown_to"], "later sample")
        yield f"  Its instruction was shown to the generator of {later}, to be kept away from."
    for other in one["beside"]:
        yield f"  The same episode also gave {other}."
    if not gone and not one["quarantined"]:
        yield "  It stands."


def _purged(gone: Json) -> str:
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(gone["at"]))
    return f"purged on {day} by `{printable(gone['root'])}`, because {printable(gone['why'])}"


def _learner(one: Json) -> str:
    wrote = {"accepted answer": one["answers"], "accepted proposal": one["proposals"]}
    said = " and ".join(many(count, thing) for thing, count in wrote.items() if count) or "nothing that was accepted"
    return f"{one['policy']} learned from it in round {one['round']} and {_fate(one)}; it has written {said} since."


def _fate(one: Json) -> str:
    """What became of a trained policy."""
    if one["tainted"]:
        return f"is tainted ({printable(one['tainted']['why'])})"
    if one["promoted"] is None:
        return "was never examined" + (f" ({printable(one['why'])})" if one["why"] else "")
    if not one["promoted"]:
        return f"was kept out ({printable(one['why'])})"
    return "was promoted, and is the student now" if one["current"] else "was promoted, and has given way since"


def _came(one: Json) -> Iterator[str]:
    yield ""
    yield "Where it came from"
    if "seed" not in one:
        yield "  Its deal is not in the ledger any more."
        return
    seed = one["seed"]
    where = printable(seed.get("place", ""))
    what = {"domain": "the domain itself", "topic": f"the topic {quoted(seed['text'])}",
            "row": f"your own row {quoted(seed['text'])}",
            "mistake": f"a mistake {quoted(seed['text'])}",
            "passage": f"the passage {quoted(seed['text'])} of {where}"}[seed["kind"]]  # fmt: skip
    who = one["seats"]["generator"]
    hand = f"hand {one['position'] + 1} of round {one['round']} ({one.get('episode', one['id'])})"
    yield f"  {who} proposed it as {hand}, from {what} ({seed['id']})."
    if near := one["neighbours"]:
        yield f"  {who} was shown {many(len(near), 'accepted instruction')} to keep away from:"
        for neighbour in near:
            yield f"    {neighbour['sample'] or 'a sample'}: {quoted(neighbour['text'])}"
    else:
        yield "  No neighbour was shown: none had been accepted near it."
    for at, draft in enumerate(one.get("drafts", []), 1):
        words = "in its own words" if draft["worded_by"] == "generator" else "worded by the program"
        again = f"Draft {at}" if len(one["drafts"]) > 1 else "The task"
        yield f"  {again}, {words}: {quoted(draft['instruction'])}"
        if draft.get("support"):
            yield f"  Its answer stands in: {quoted(draft['support'], 300)}"
    if not one.get("drafts") and one["proposal"]:
        yield f"  It proposed {quoted(one['proposal'], 300)}"
    used = ", ".join(sorted(one["templates"].values()))
    yield f"  Templates: {used}."
    for note in one["notes"]:
        yield f"  {who} had a note to heed: {quoted(note)}"


def _solved(one: Json) -> Iterator[str]:
    answered = one["answered"]
    made = [attempt for attempt in answered["attempts"] if attempt["source"] != "program"]
    if not answered["attempts"]:
        return
    yield ""
    yield "How it was answered"
    passed = sum(attempt["passed"] for attempt in made)
    who = ", ".join(dict.fromkeys(attempt["policy"] for attempt in made))
    if made:
        yield f"  {who} tried {many(len(made), 'time')}; {passed} of them passed."
    if wrong := next((attempt for attempt in made if not attempt["passed"]), None):
        yield f"    the first that failed: {quoted(wrong['response'], 80)} ({_evidence(wrong)})"
    taught = next((at for at, attempt in enumerate(answered["attempts"], 1) if attempt["taught"]), None)
    if taught is not None:
        right = answered["attempts"][taught - 1]
        by = "the program's own truth" if right["source"] == "program" else f"attempt {taught}, by {right['policy']}"
        yield f"  What it teaches is {by} ({_evidence(right)})."


def _evidence(attempt: Json) -> str:
    failed = [check for check in attempt["checks"] if not check["passed"]] or attempt["checks"]
    return "; ".join(f"{check['name']}: {quoted_plain(check['evidence'])}" for check in failed) or "nobody checked it"


def quoted_plain(text: str, long: int = LONG) -> str:
    """What a program found, on one line."""
    line = " ".join(printable(text).split())
    return f"{line[:long].rstrip()}…" if len(line) > long else line


def _tried(one: Json) -> Iterator[str]:
    if not (one.get("reviewed") or one.get("attacked") or one.get("judged")):
        return
    yield ""
    yield "How it was tried"
    for review in one["reviewed"]:
        found = (
            f"found faults ({', '.join(map(printable, review['faults']))})" if review["faults"] else "found no fault"
        )
        wish = " and asked for another draft" if review["revise"] else ""
        yield f"  The critic, {review['policy']}, {found}{wish}."
    for attack in one["attacked"]:
        probes, held = attack["probes"], [probe for probe in attack["probes"] if probe["held"]]
        said = f"{len(held)} of them held" if held else "none of them held"
        yield f"  The adversary, {attack['policy']}, attacked it {many(len(probes), 'time')}; {said}:"
        for probe in probes:
            mark = "BEAT THE VERIFIER: " if probe["held"] and probe["beat"] else "HELD: " if probe["held"] else ""
            what = probe["claim"] or quoted(probe["response"], 60)
            by = "" if probe["by"] == "program" else ", its own idea"
            yield f"    {probe['kind']}{by} ({quoted_plain(what, 60)}): {mark}{quoted_plain(probe['evidence'], 100)}"
    for verdict in one["judged"]:
        power = "with a veto" if verdict["veto"] else "without a veto"
        why = f", for it was benched: {quoted_plain(verdict['benched'])}" if verdict["benched"] else ""
        ruled = f"ruled {verdict['ruling']} with confidence {verdict['confidence']:.2f}"
        yield f"  The judge, {verdict['policy']}, {ruled}, {power}{why}."


def _checked(one: Json) -> Iterator[str]:
    if not one.get("checked"):
        return
    yield ""
    yield "What checked it"
    for check in one["checked"]:
        mark = "passed" if check["passed"] else "FAILED"
        yield f"  {check['name']} {mark}: {quoted_plain(check['evidence'])}"
    if one.get("verifier"):
        where = f", run under {one['sandbox']}" if one.get("sandbox") else ""
        yield f"  The answer was checked by {one['verifier']}{where}."


def _episode(one: Json) -> Iterator[str]:
    place = f"{one['domain']}, level {one['level']}, round {one['round']}"
    if not one["outcome"]:
        yield f"{one['id']} is dealt and has not ended: {place}."
        yield from _came(one)
        return
    if one["outcome"] == "accepted":
        yield f"{one['id']} was accepted: {place}. It gave {', '.join(one['samples'])}."
    elif one["outcome"] == "refused":
        yield f"{one['id']} was refused: {HOW.get(one['reason'], one['reason'])} ({place})."
        yield f"  {one['reason']}: {quoted_plain(one['evidence'], 400)}"
        yield f"  It came as far as “{one['stage'].replace('_', ' ')}” and was turned away {STEP[one['stage']]}."
    else:
        yield f"{one['id']} ended in an error: {HOW.get(one['reason'], one['reason'])} ({place})."
        yield f"  {quoted_plain(one['evidence'], 400)}"
        yield f"  It came as far as “{one['stage'].replace('_', ' ')}”."
        yield f"  Seats that had spoken: {counted(one['turns'])}; `noria trace` shows what they said."
    yield from _came(one)
    yield from _solved(one)
    yield from _tried(one)
    yield from _checked(one)


def _policy(one: Json) -> Iterator[str]:
    rows, training = one["rows"], one["training"]
    if one["base"]:
        yield f"{one['policy']} ({one['id']}) is the base: every student of this session is trained from it."
    elif not training:
        yield f"{one['policy']} ({one['id']}) answers at an endpoint; it was not trained here."
    else:
        made = f"was trained in round {one['round']} from {', '.join(one['parents']) or 'nothing'}"
        yield f"{one['policy']} ({one['id']}) {made} and {_fate({**one, 'tainted': None})}."
    if one["retrains"]:
        yield f"  It is the student of round {one['retrains']} trained again, without what was withdrawn."
    if gone := one["tainted"]:
        yield f"  It is tainted: {_purged(gone)}. It plays no more."
    if training:
        yield from _trained(rows, training)
    if exam := one["exam"]:
        yield ""
        yield f"Its exam, against {exam['parent']}"
        yield from _result(exam)
    yield ""
    yield "What it did"
    for role, rounds in one["seats"].items():
        yield f"  It was the {role} of round{'' if len(rounds) == 1 else 's'} {', '.join(map(str, rounds))}."
    if not one["seats"]:
        yield "  It has held no seat."
    yield f"  It wrote {many(one['answers'], 'accepted answer')} and {many(one['proposals'], 'accepted proposal')}."


def _trained(rows: Json, training: Json) -> Iterator[str]:
    yield ""
    yield "What it learned"
    mix = {name: training.get("composition", {}).get(name, 0) for name in ("new", "replay", "anchor", "generator")}
    names = {"new": "new", "replay": "replayed", "anchor": "of your own", "generator": "proposals"}
    said = ", ".join(f"{count} {names[name]}" for name, count in mix.items() if count)
    yield f"  It was given {many(rows['given'], 'row')}: {said or 'none counted'}."
    yield f"  By domain: {counted(rows['by_domain'])}. Written by: {counted(rows['by_source'])}."
    left = training.get("left_out", {})
    if any(left.values()):
        beyond = f"{left['beyond_budget']} beyond the budget of tokens"
        yield f"  {left['too_long']} of them were too long and {beyond}, and were not read."
    if "tokens" in training:
        recipe = training.get("recipe", {})
        yield (
            f"  It read {training['tokens']} tokens in {training['seconds']:.0f} s (rank {recipe.get('rank', '?')}, "
            f"{many(recipe.get('epochs', 0), 'epoch')}); the loss went from {training['loss_first']:.2f} "
            f"to {training['loss_last']:.2f}."
        )
    if training.get("pretended"):
        yield "  Nothing was trained: this was a dry run."
    if rows["withdrawn"]:
        yield f"  {rows['withdrawn']} of its rows are withdrawn by now."


def _result(exam: Json) -> Iterator[str]:
    right = f"{exam['parent']} had {exam['parent_right']} right, {exam['student']} {exam['student_right']}"
    asked = f"Round {exam['round']}, {many(exam['items'], 'fresh item')}"
    yield f"  {asked}: {right}; {exam['wins']} won, {exam['losses']} lost."
    parts = [f"{one['domain']} {one['parent']} to {one['student']} of {one['items']}" for one in exam["domains"]]
    yield f"  By domain: {'; '.join(parts)}."
    if exam["left_out"]:
        yield f"  Not asked, because they are quarantined: {', '.join(exam['left_out'])}."
    yield f"  {'Promoted' if exam['promoted'] else 'Kept out'}: {printable(exam['why'])}."


def _verifier(one: Json) -> Iterator[str]:
    yield f"{one['id']} vouches for {many(one['samples'], 'sample')} ({counted(one['by_level'])})."
    if one["withdrawn"]:
        yield f"  {one['withdrawn']} of them are withdrawn."
    if one["quarantined"]:
        yield f"  It is quarantined: {printable(one['quarantined'])}; {MEND}."
    for card in one["cards"]:
        yield (
            f"  Tested in round {card['round']}, level {card['level']}: it accepted {card['right_accepted']} of "
            f"{card['right']} right and refused {card['wrong_refused']} of {card['wrong']} wrong planted answers; "
            f"{'what it passed could be accepted' if card['admits'] else 'nothing that it passed was accepted'}."
        )
    for number, count in one["exams"].items():
        yield f"  The exam of round {number} asked {many(count, 'item')} of it."


def _exam(one: Json) -> Iterator[str]:
    yield f"{one['id']} is the exam of round {one['round']}: {one['student']} against {one['parent']}, its parent."
    yield from _result(one)
    low, high = one["student_interval"]
    yield f"  {one['student']} is right on {low:.0%} to {high:.0%} of such items (95 %)."
    if one.get("became"):
        yield f"  {one['student']} {_fate(one['became'])}."
