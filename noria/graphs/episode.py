"""One episode: a seed becomes a candidate, and the candidate earns its place or is turned away.

    propose ─► form ─► novelty ─► ground ─► attempt ─► review ─► challenge ─► rule ─┬─► admit
                 ▲                                                                  ├─► refuse
                 └──────────────────────────── revise ◄─────────────────────────────┘

Cheap checks first: the first that fails ends the episode. A node writes what it found and
never catches; what breaks leaves the graph, and the session settles an episode that ended
in an error. Only `admit` and `refuse` write, each in one transaction.
"""

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from noria.agents.adversary import Adversary
from noria.agents.critic import Critic
from noria.agents.generator import Generator
from noria.agents.judge import Judge
from noria.agents.student import Solver
from noria.evaluators import gate
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.types import Attack, Attempt, Check, Critique, Dealt, Episode, Reason, Stage, Task, TurnKey, Verdict


class State(TypedDict, total=False):
    """The note beside a field names the node that writes it."""

    dealt: Dealt  # the session
    reply: str  # propose
    draft: candidate.Draft  # form, revise
    task: Task  # ground
    drafts: tuple[Task, ...]  # ground
    checks: tuple[Check, ...]  # form, novelty, ground
    attempts: tuple[Attempt, ...]  # attempt
    solve_rate: float  # attempt
    target: Attempt  # attempt
    critiques: tuple[Critique, ...]  # review
    attacks: tuple[Attack, ...]  # challenge
    verdicts: tuple[Verdict, ...]  # rule
    stage: Stage  # every node that passes
    decision: gate.Decision  # rule, or the first check that fails
    episode: Episode  # admit, refuse


Update = dict[str, Any]


def turned_away(reason: Reason, evidence: str, *checks: Check) -> Update:
    """The update that ends an episode."""
    return {"decision": gate.Decision("reject", reason, evidence), **({"checks": checks} if checks else {})}


async def propose(state: State, runtime: Runtime[Context]) -> Update:
    """The generator chooses parameters in the dealt window and words the task."""
    context, dealt = runtime.context, state["dealt"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain = context.domains[dealt.domain]
    reply = await generator.propose(dealt, domain, temperature=context.config.play.temperature)
    if not reply:
        return turned_away(Reason.SILENT, "the generator's reply was empty or cut")
    return {"reply": reply, "stage": Stage.PROPOSED}


async def form(state: State, runtime: Runtime[Context]) -> Update:
    """The reply is read, its bucket looked up, its wording kept or replaced by the program's."""
    dealt = state["dealt"]
    read = candidate.read(state["reply"], dealt, runtime.context.domains[dealt.domain])
    if isinstance(read, gate.Decision):
        return {"decision": read}
    return {"draft": read, "checks": read.checks, "stage": Stage.WELL_FORMED}


async def novelty(state: State, runtime: Runtime[Context]) -> Update:
    """The candidate claims its parameters and its solution, in deal order."""
    context, dealt = runtime.context, state["dealt"]
    assert context.clerk is not None
    claim = candidate.claim(state["draft"], context.domains[dealt.domain])
    refusal = await context.clerk.claim(dealt, claim)
    checks = (*state["checks"], Check.of("novelty", refusal is None, refusal[1] if refusal else "nobody asked it before"))
    if refusal:
        return turned_away(*refusal, *checks)
    return {"checks": checks, "stage": Stage.NOVEL}


async def ground(state: State, runtime: Runtime[Context]) -> Update:
    """A program builds the truth."""
    dealt = state["dealt"]
    task = candidate.ground(state["draft"], dealt, runtime.context.domains[dealt.domain])
    if isinstance(task, gate.Decision):
        return {"decision": task}
    return {"task": task, "drafts": (*state.get("drafts", ()), task), "stage": Stage.GROUNDED}


async def attempt(state: State, runtime: Runtime[Context]) -> Update:
    """The solver answers k times; a target is chosen among what passed, or the program's truth is."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    play, domain, solver = context.config.play, context.domains[dealt.domain], Solver.seated(context.desk, dealt)
    source = "student" if solver.policy in context.lineage else "pool"
    made = await solver.attempt(
        dealt, domain, task, count=play.attempts, temperature=play.temperature, source=source
    )
    passed = [one for one in made if one.passed]
    rate = len(passed) / len(made) if made else 0.0
    found = {"attempts": (*state.get("attempts", ()), *made), "solve_rate": rate}
    low, high = play.solve_rate
    if not low <= rate <= high:
        return found | turned_away(Reason.OUT_OF_BAND, f"solve rate {rate:.2f} outside {low:.2f} to {high:.2f}")
    judge: Judge = Judge.seated(context.desk, dealt)
    target = await candidate.target(passed, dealt, domain, task, judge)
    if target is None and play.targets == "verified":
        return found | turned_away(Reason.UNSOLVED, f"none of {len(made)} attempts passed")
    target = target or await candidate.program_truth(dealt, domain, task)
    if not target.passed:
        return found | turned_away(Reason.UNGROUNDED, f"{domain.verifier} refuses its own truth: {target.response!r}")
    return found | {"target": target, "stage": Stage.SOLVABLE}


async def review(state: State, runtime: Runtime[Context]) -> Update:
    """The critic names faults."""
    critic: Critic = Critic.seated(runtime.context.desk, state["dealt"])
    critique = await critic.review(state["dealt"], state["task"], state["target"])
    return {"critiques": (*state.get("critiques", ()), critique)}


async def challenge(state: State, runtime: Runtime[Context]) -> Update:
    """The adversary probes."""
    context, dealt = runtime.context, state["dealt"]
    adversary: Adversary = Adversary.seated(context.desk, dealt)
    attack = await adversary.challenge(dealt, context.domains[dealt.domain], state["task"], state["target"])
    stage = {} if attack.held else {"stage": Stage.UNBROKEN}
    return {"attacks": (*state.get("attacks", ()), attack), **stage}


async def rule(state: State, runtime: Runtime[Context]) -> Update:
    """The judge speaks; the gate decides."""
    config, task = runtime.context.config, state["task"]
    judge: Judge = Judge.seated(runtime.context.desk, state["dealt"])
    critique, attack = state["critiques"][-1], state["attacks"][-1]
    verdict = await judge.rule(state["dealt"], task, state["target"], critique, veto_above=config.judge.veto_above)
    decision = gate.decide(
        state["checks"], [state["target"]], critique, attack, verdict,
        draft=task.draft, max_drafts=config.play.max_drafts,
    )  # fmt: skip
    return {"verdicts": (*state.get("verdicts", ()), verdict), "decision": decision}


async def revise(state: State, runtime: Runtime[Context]) -> Update:
    """The generator words the task again; a wording that lost the parameters leaves the old draft standing."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain, critique = context.domains[dealt.domain], state["critiques"][-1]
    wording = await generator.reword(dealt, domain, task, critique, temperature=context.config.play.temperature)
    draft = candidate.reworded(state["draft"], wording, domain)
    if draft is None:
        kept = gate.Decision("accept", Reason.VERIFIED, "no better wording came; the first draft passed every check")
        return {"decision": kept}
    return {"draft": draft, "checks": draft.checks + state["checks"][len(draft.checks) :], "decision": None}


async def admit(state: State, runtime: Runtime[Context]) -> Update:
    """Write the episode and its samples, together."""
    context, dealt = runtime.context, state["dealt"]
    proposal = context.history.turn(TurnKey(episode=dealt.episode, role="generator", draft=1, attempt=1))
    samples = candidate.samples(
        dict(state),
        context.domains[dealt.domain],
        asked=context.desk.templates.render("solver", instruction=state["task"].instruction),
        proposed=proposal.messages if proposal else (),
    )
    episode = candidate.ended(dict(state), "accepted", sample=samples[0].id)
    await context.history.settle(episode, samples)
    return {"episode": episode}


async def refuse(state: State, runtime: Runtime[Context]) -> Update:
    """Write the episode with its reason."""
    episode = candidate.ended(dict(state), "refused")
    await runtime.context.history.settle(episode)
    return {"episode": episode}


def onward(state: State) -> Literal["on", "refuse"]:
    """Whether the first failed check ended the episode."""
    return "refuse" if state.get("decision") else "on"


def ruling(state: State) -> Literal["accept", "revise", "reject"]:
    """What the gate decided."""
    return state["decision"].ruling


def redrafted(state: State) -> Literal["ground", "admit"]:
    """Whether there is a new draft to examine."""
    return "admit" if state.get("decision") else "ground"


def build() -> CompiledStateGraph[State, Context, State, State]:
    """The episode as a graph that keeps no checkpoints: the ledger holds its finished turns."""
    graph = StateGraph(State, context_schema=Context)
    steps = (propose, form, novelty, ground, attempt, review, challenge, rule)
    for node in (*steps, revise, admit, refuse):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "propose")
    for node, after in zip(steps[:-1], steps[1:], strict=True):
        if node is review:
            graph.add_edge("review", "challenge")
        else:
            graph.add_conditional_edges(node.__name__, onward, {"on": after.__name__, "refuse": "refuse"})
    graph.add_conditional_edges("rule", ruling, {"accept": "admit", "revise": "revise", "reject": "refuse"})
    graph.add_conditional_edges("revise", redrafted, {"ground": "ground", "admit": "admit"})
    graph.add_edge("admit", END)
    graph.add_edge("refuse", END)
    return graph.compile(checkpointer=False, name="episode")
