"""From the nouns of the ledger to the rows of the catalogue: pure, and in the order of the columns.

episode, its deal, the attempt that teaches, the templates of its turns ─► Told ─► episodes, attempts, …
sample                                                                  ─► samples
"""

from collections.abc import Mapping, Sequence
from typing import Any

from noria.memory.catalogue.source import dumps, loads

Row = tuple[Any, ...]
SEATS = ("generator", "critic", "adversary", "judge", "solver")


class Names(dict[str, str]):
    """Policies' names by id; whoever has none is called by the id, and noted: the name may come later."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """Know some names."""
        super().__init__(known)
        self.unnamed: set[str] = set()

    def __missing__(self, key: str) -> str:
        self.unnamed.add(key)
        return key


class Told:
    """The rows of some episodes, by table."""

    def __init__(self) -> None:
        """Begin with none."""
        self.tables: dict[str, list[Row]] = {
            name: [] for name in ("episodes", "attempts", "checks", "critiques", "probes", "verdicts", "used", "words")
        }

    def episode(
        self, number: int, one: Any, deal: Any, taught: str, sent: Sequence[str], names: Mapping[str, str],
        proposed: str = "",
    ) -> None:  # fmt: skip
        """Add an ended episode.

        `taught` is the id of the attempt that teaches, `sent` the templates of its turns, `proposed` what the
        generator said where it came to no draft.
        """
        rows, key = self.tables, one["id"]
        seed, seats = deal.get("seed", {}), deal.get("seats", {})
        templates = _in_force(deal.get("templates", {}), sent)
        drafts, attempts = one["drafts"], one["attempts"]
        task = drafts[-1] if drafts else {}
        passed = [bool(made["checks"]) and all(check["passed"] for check in made["checks"]) for made in attempts]
        answer = next((made["response"] for made in attempts if made["id"] == taught), None)
        if answer is None:
            answer = next((made["response"] for made in reversed(attempts)), "")
        instruction = task.get("instruction", "") or _worded(proposed)
        rows["episodes"].append((
            number, key, one["round"], one["position"], one["domain"], task.get("skill", ""), one["level"],
            one["outcome"], one["reason"], one["stage"], one["evidence"], instruction, answer,
            task.get("worded_by", ""), task["grounding"]["verifier"] if task else "", len(drafts), len(attempts),
            sum(passed), one["solve_rate"], one["sample"], seed.get("id", ""), seed.get("kind", ""),
            seed.get("text", ""), deal.get("strategy", ""),
            *(names[seats[role]] if role in seats else "" for role in SEATS),
            dumps(templates), one["seconds"],
        ))  # fmt: skip
        rows["words"].append((number, instruction, answer, one["evidence"]))
        rows["used"] += [(key, version) for version in {*templates.values(), *sent}]
        rows["checks"] += [_check(key, 0, at, check) for at, check in enumerate(one["checks"], 1)]
        for at, made in enumerate(attempts, 1):
            failed = [check for check in made["checks"] if not check["passed"]] or made["checks"]
            evidence = "; ".join(f"{check['name']}: {check['evidence']}" for check in failed)
            policy, source, response = names[made["policy"]], made["source"], made["response"]
            rows["attempts"].append((key, at, made["id"], policy, source, passed[at - 1], response, evidence))
            rows["checks"] += [_check(key, at, place, check) for place, check in enumerate(made["checks"], 1)]
        for at, review in enumerate(one["critiques"], 1):
            faults = dumps(review["faults"])
            rows["critiques"].append((key, at, names[review["policy"]], faults, review["advice"], review["revise"]))
        for at, attack in enumerate(one["attacks"], 1):
            policy = names[attack["policy"]]
            rows["probes"] += [
                (key, at, place, policy, probe["kind"], probe["by"], probe["held"], probe.get("beat", False),
                 probe["claim"], probe["response"], probe["evidence"])
                for place, probe in enumerate(attack["probes"], 1)
            ]  # fmt: skip
        for at, ruled in enumerate(one["verdicts"], 1):
            policy, ruling, confidence = names[ruled["policy"]], ruled["ruling"], ruled["confidence"]
            rows["verdicts"].append((key, at, policy, ruling, confidence, ruled["veto"]))


def sample_row(
    sequence: int, episode_number: int | None, chain: str, one: Any, withdrawn: str, quarantined: str,
    names: Mapping[str, str],
) -> Row:  # fmt: skip
    """An accepted sample."""
    story, messages = one["provenance"], one["messages"]
    return (
        sequence, one["id"], story["episode"], episode_number, one["role"], story["round"], story["domain"],
        story["skill"], story["level"], story["source"], story["worded_by"], story["policy"], names[story["policy"]],
        names[story["generator"]], story["verifier"], story.get("warrant", "verified"), story.get("strategy", ""),
        messages[-2]["content"], messages[-1]["content"],
        story["solve_rate"], story["probes"], story["signature"], story["seed"], dumps(story["templates"]),
        dumps(messages), dumps(story), chain, withdrawn, quarantined,
    )  # fmt: skip


def turn_row(row: Row, finish: Sequence[str], names: Mapping[str, str]) -> Row:
    """A model call: number, key, episode, role, policy, template, tokens, start and seconds as the ledger has them."""
    number, key, episode, role, policy, template, prompt, completion, started, seconds = row
    draft, attempt, *_ = key[len(f"{episode}/{role}/") :].split("/")
    return (
        number, key, episode, role, int(draft), int(attempt), policy, names[policy], template,
        ", ".join(dict.fromkeys(finish)), prompt, completion, started, seconds,
    )  # fmt: skip


def _worded(proposed: str) -> str:
    """The instruction that a proposal words; one that cannot be read stands as it is."""
    try:
        said = loads(proposed)["instruction"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return proposed
    return said if isinstance(said, str) else proposed


def _check(key: str, attempt: int, number: int, one: Any) -> Row:
    name, passed, score = one["name"], one["passed"], one["score"]
    return (key, attempt, number, name, passed, score, one["evidence"], one.get("sandbox", ""))


def _in_force(dealt: dict[str, str], sent: Sequence[str]) -> dict[str, str]:
    """The versions an episode played with: as they were dealt, and as its calls were really made."""
    return dealt | {version.partition("@")[0]: version for version in sent}
