"""Tag-based selection: complexity is tags a sample, diversity is distinct tags (#InsTag, arXiv 2308.07074).

    instruction ─► tags ─► most tags first ─► one pass takes what brings a tag that the pass lacks ─► … enough kept

Complexity-first diverse sampling, as in the paper's algorithm: samples in the order of how many tags they
have; one is taken if it adds a tag to those taken in this pass; a pass that finds no more begins anew.
Samples with the same tags are alike to the algorithm, of which a pass takes one at most, so passes go over
kinds of samples, not over samples.

By default a program tags: domain, skill and its parts, level, the closed words of the domain's own
parameters and what the lexicon beside this file finds. It sees what the domains are made of and little of a
free text; `by: policy` asks the critic's seat instead (`tag.md`), and whatever cannot be read has no tags.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from noria.agents.tagger import Tagger
from noria.config.methods.static import Tags
from noria.evaluators.domain import Domain
from noria.training.selecting.chats import asked, words
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

Tagged = dict[str, frozenset[str]]
"""Samples with their tags."""

WHY = "few tags, or tags that others have"


async def select(samples: Sequence[Sample], rules: Tags, tools: Tools) -> Selected:
    """Keep a share of the samples, the complex and diverse first."""
    ordered = sorted(samples, key=lambda one: one.id)
    by_program = tagger(tools.domains)
    found, facts = {one.id: by_program(one) for one in ordered}, dict[str, Any]()
    if rules.by == "policy":
        said, facts = await _asked(ordered[: rules.asked], tools)
        found |= said
    kept = sampled(found, max(1, round(rules.keep * len(found))) if found else 0)
    distinct = {tag for tags in found.values() for tag in tags}
    facts |= {
        "diversity": len(distinct),
        "complexity": round(sum(map(len, found.values())) / max(1, len(found)), 3),
        "diversity_kept": len({tag for key in kept for tag in found[key]}),
        "complexity_kept": round(sum(len(found[key]) for key in kept) / max(1, len(kept)), 3),
    }
    scores = {key: float(len(tags)) for key, tags in found.items()}
    return Selected({key: WHY for key in found if key not in kept}, scores, facts)


async def _asked(samples: Sequence[Sample], tools: Tools) -> tuple[Tagged, dict[str, Any]]:
    """What the policy in the critic's seat says, and how often that could be read."""
    policy = tools.desk.sits(tools.history.round(tools.number)["seats"]["critic"])
    await tools.bring_up(policy)
    agent, place = Tagger(tools.desk, policy), f"tags-r{tools.number:04}"
    said = await asyncio.gather(*(agent.tags(place, at, asked(one)) for at, one in enumerate(samples, 1)))
    found = {one.id: tags or frozenset() for one, tags in zip(samples, said, strict=True)}
    return found, {"asked": len(said), "unreadable": sum(tags is None for tags in said)}


def sampled(found: Mapping[str, frozenset[str]], count: int) -> set[str]:
    """Complexity-first diverse sampling: which so many are kept."""
    kinds: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for key in sorted(found, reverse=True):
        kinds[found[key]].append(key)
    # The last of a list is the first by id. Sets as bits, for there are many passes.
    bits = {tag: 1 << at for at, tag in enumerate(sorted({tag for tags in kinds for tag in tags}))}
    ordered = sorted(kinds, key=lambda tags: (-len(tags), sorted(tags)))
    left = [(sum(bits[tag] for tag in tags), kinds[tags]) for tags in ordered]
    kept = set[str]()
    while len(kept) < count and left:
        covered = 0
        for own, keys in left:
            if own & ~covered:
                covered |= own
                kept.add(keys.pop())
                if len(kept) == count:
                    break
        if not covered:
            break
        left = [one for one in left if one[1]]
    return kept | set(sorted(found.keys() - kept)[: count - len(kept)])


def tagger(domains: Mapping[str, Domain]) -> Callable[[Sample], frozenset[str]]:
    """The program that tags samples of some domains."""
    own = {name: _searched({word: (word,) for word in closed(domain)}) for name, domain in domains.items()}
    lexicon = _searched(_lexicon())

    def tags(sample: Sample) -> frozenset[str]:
        story, text = sample.provenance, words(asked(sample))
        skill = (f"{story.domain}: {part.replace('_', ' ')}" for part in story.skill.split("_and_"))
        found = own.get(story.domain)
        return frozenset((
            story.domain, *skill, f"level {story.level}", *lexicon(text),
            *(f"{story.domain}: {word}" for word in (found(text) if found else ())),
        ))  # fmt: skip

    return tags


def closed(domain: Domain) -> set[str]:
    """The words that a domain's parameters are closed sets of."""

    def values(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            for name, part in schema.items():
                if name in ("enum", "const"):
                    yield from (one for one in ([part] if name == "const" else part) if isinstance(one, str))
                else:
                    yield from values(part)
        elif isinstance(schema, list):
            for part in schema:
                yield from values(part)

    found = (one.casefold().replace("_", " ") for one in values(domain.parameters.model_json_schema()))
    return {one for one in found if len(one) > 1}


def _searched(shown: Mapping[str, Sequence[str]]) -> Callable[[Sequence[str]], set[str]]:
    """What finds the tags whose words stand in a text, by its words."""
    of = {tuple(words(one)): tag for tag, some in shown.items() for one in some}
    sizes = sorted({len(one) for one in of})
    return lambda text: {of[run] for size in sizes for run in zip(*(text[at:] for at in range(size))) if run in of}  # noqa: B905 (the shortest ends it)


@cache
def _lexicon() -> dict[str, list[str]]:
    data = yaml.safe_load(Path(__file__).with_name("lexicon.yaml").read_text(encoding="utf-8"))
    return {tag: words for part in data.values() for tag, words in part.items()}
