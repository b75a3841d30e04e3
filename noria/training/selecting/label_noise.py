"""Label noise: answers that something else known of their task speaks against.

    attempts of the episode ─► how many agree on another answer ─┐
    the same instruction elsewhere ─► another answer             ├─► above the bound: left out
    verdicts on a judged sample ─► split                         ┘

RobustFT (Luo et al., arXiv 2412.14922) finds noisy labels where experts disagree with them; here the
experts are the attempts that the round paid for, so nothing is asked. Three things can be seen, and only
where one answer alone is right: a rival answer on which other attempts agree, an instruction that
was accepted twice with different answers (the more frequent stays), and judges who were split.

What it cannot see: a wrong answer that all give, and any noise where many answers are right. What it
takes for noise and is none: a hard task at which a weak policy errs the same way each time, for the
label of an executed domain is a program's. So by default only rivals count that agree with one another,
and what is left out is not refused: it stays in the log. Neighbours by embedding are not compared:
two sums with other numbers lie close together and have rightly other answers.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from noria.config.methods.static import LabelNoise
from noria.evaluators.domain import Domain
from noria.memory.attempts import Answered
from noria.memory.attempts import answered as attempted
from noria.training.selecting.chats import answered, asked, plain
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample


async def select(samples: Sequence[Sample], rules: LabelNoise, tools: Tools) -> Selected:
    """Leave out what is contradicted above the bound."""
    judged = [one for one in samples if one.provenance.warrant == "judged"]
    single = [one for one in samples if one.provenance.warrant == "verified" and unique(one, tools.domains)]
    left: dict[str, str] = {}
    scores: dict[str, float] = {}
    # A task that every attempt solved has no rival answer, and its episode need not be read.
    doubted = [one for one in single if one.provenance.solve_rate < 1]
    of: defaultdict[str, list[Sample]] = defaultdict(list)
    for one in (*doubted, *judged):
        of[one.provenance.episode].append(one)
    for episode in attempted(tools.history, list(of)):
        for sample in of[episode.episode]:
            scores[sample.id], why = spoken_against(sample, episode, rules)
            if why:
                left[sample.id] = why
    left |= {key: "same instruction, another answer" for key in conflicts(single) if key not in left}
    return Selected(left, scores, {"looked_at": len(of), "single_answer": len(single), "judged": len(judged)})


def unique(sample: Sample, domains: Mapping[str, Domain]) -> bool:
    """Whether one answer alone is right for a sample's task."""
    domain = domains.get(sample.provenance.domain)
    return domain is not None and domain.at(sample.provenance.level).unique


def spoken_against(sample: Sample, episode: Answered, rules: LabelNoise) -> tuple[float, str]:
    """How much of its episode speaks against a sample, from 0 to 1, and why it is left out, if it is."""
    if sample.provenance.warrant == "judged":
        score = split(episode)
        return score, "split verdicts" if len(episode.rulings) > 1 and score >= rules.split else ""
    score, attempts = contradicted(sample, episode, rules.counted)
    why = {"agreeing": "attempts agree on another answer", "any": "attempts disagree"}[rules.counted]
    return score, why if attempts >= rules.attempts and score > rules.bound else ""


def contradicted(sample: Sample, episode: Answered, counted: str) -> tuple[float, int]:
    """Share of the other attempts that speak against a sample's answer, and how many attempts there are."""
    others = [one for one in episode.answers if one.id != sample.provenance.attempt and one.source != "program"]
    own = plain(answered(sample))
    # Another form of the right answer passed the same checks, and is no other answer.
    rivals = Counter(plain(one.response) for one in others if not one.passed and plain(one.response) != own)
    agreeing = [count for count in rivals.values() if count > 1]
    against = max(agreeing, default=0) if counted == "agreeing" else rivals.total()
    return (against / len(others) if others else 0.0), len(others)


def conflicts(samples: Sequence[Sample]) -> set[str]:
    """Samples whose instruction was accepted with another answer as well; those of the most frequent answer stay."""
    same: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
    for one in samples:
        # Its case may be what a task is about.
        same[one.provenance.domain, " ".join(asked(one).split())].append(one)
    left = set[str]()
    for alike in same.values():
        answers = Counter(plain(answered(one)) for one in alike)
        if len(answers) > 1:
            (best, count), (_, second) = answers.most_common(2)
            left |= {one.id for one in alike if count == second or plain(answered(one)) != best}
    return left


def split(episode: Answered) -> float:
    """Share of an episode's verdicts that are against it."""
    against = sum(one != "accept" for one in episode.rulings)
    return against / len(episode.rulings) if episode.rulings else 0.0
