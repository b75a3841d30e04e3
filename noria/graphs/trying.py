"""The second half of an episode: the candidate is solved, reviewed, attacked and ruled on.

attempt ─► review + challenge ─► rule
"""

from importlib import import_module

from langgraph.runtime import Runtime

from noria.agents.adversary import Adversary
from noria.agents.critic import Critic
from noria.agents.judge import Judge
from noria.agents.student import WHOLE, Solver
from noria.evaluators import gate
from noria.graphs import arms, candidate
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update, turned_away
from noria.graphs.quarantine import distrust
from noria.types import Reason, Stage, beating


async def attempt(state: State, runtime: Runtime[Context]) -> Update:
    """The solver answers k times; a target is chosen among what passed, or the program's truth is."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    if why := distrust(context.history, task.grounding.verifier):
        return turned_away(Reason.UNTRUSTED, why)
    play, domain, solver = context.config.play, context.domain(dealt), Solver.seated(context.desk, dealt)
    source = "student" if solver.policy in context.lineage else "pool"
    stops = play.stop_early and context.config.arm.accept == "verified"
    made = await solver.attempt(
        dealt, domain, task, count=play.attempts, temperature=context.temperature(dealt), source=source,
        band=play.solve_rate if stops else WHOLE,
    )  # fmt: skip
    if context.config.arm.accept != "verified":
        return arms.chosen(context, dealt, domain, task, made)
    passed = [one for one in made if one.passed]
    rate = len(passed) / len(made) if made else 0.0
    found: Update = {"attempts": (*state.get("attempts", ()), *made), "solve_rate": rate}
    low, high = play.solve_rate
    if not low <= rate <= high:
        left = f"; {len(made)} attempts decided it for {play.attempts}" if len(made) < play.attempts and stops else ""
        why = f"solve rate {rate:.2f} outside {low:.2f} to {high:.2f}{left}"
        return found | turned_away(Reason.OUT_OF_BAND, why)
    for rules in context.config.methods.on("attempt").values():
        taught = await import_module(rules.module).attempt(state, runtime, rules, made)
        found["attempts"] = (*found["attempts"], *taught)
        passed = [one for one in taught if one.passed] or passed
    judge: Judge = Judge.seated(context.desk, dealt)
    target = await candidate.target(passed, dealt, domain, task, judge)
    unproved = domain.model_written(task.grounding) or (domain.free_wording and task.worded_by == "generator")
    if target is None and (play.targets == "verified" or unproved):
        return found | turned_away(Reason.UNSOLVED, f"none of {len(made)} attempts passed")
    target = target or await candidate.program_truth(dealt, domain, task, context.desk.runner)
    if not target.passed:
        return found | turned_away(Reason.UNGROUNDED, f"{domain.verifier} refuses its own truth: {target.response!r}")
    return found | {"target": target, "stage": Stage.SOLVABLE}


async def review(state: State, runtime: Runtime[Context]) -> Update:
    """The critic names faults."""
    context, dealt = runtime.context, state["dealt"]
    if "critic" in context.config.arm.without:
        return {"critiques": (*state.get("critiques", ()), arms.NO_CRITIQUE)}
    critic: Critic = Critic.seated(context.desk, dealt)
    critique = await critic.review(dealt, context.domain(dealt), state["task"], state["target"])
    return {"critiques": (*state.get("critiques", ()), critique)}


async def challenge(state: State, runtime: Runtime[Context]) -> Update:
    """The adversary probes; a probe that beat the verifier ends the episode, whose end writes the quarantine."""
    context, dealt = runtime.context, state["dealt"]
    if "adversary" in context.config.arm.without:
        return {"attacks": (*state.get("attacks", ()), arms.NO_ATTACK), "stage": Stage.UNBROKEN}
    adversary: Adversary = Adversary.seated(context.desk, dealt)
    attack = await adversary.challenge(dealt, context.domain(dealt), state["task"], state["target"])
    attacks = {"attacks": (*state.get("attacks", ()), attack)}
    if probe := beating(attack.probes):
        # Ended here, before a judge is asked: a reply that cannot be read would lose the proof.
        verifier = state["task"].grounding.verifier
        return attacks | turned_away(Reason.BROKEN, f"{probe.kind}: {probe.evidence}; it beat {verifier} itself")
    return attacks if attack.held else attacks | {"stage": Stage.UNBROKEN}


async def rule(state: State, runtime: Runtime[Context]) -> Update:
    """The judge speaks; the gate decides."""
    config, task = runtime.context.config, state["task"]
    judge: Judge = Judge.seated(runtime.context.desk, state["dealt"])
    critique, attack = state["critiques"][-1], state["attacks"][-1]
    judged = runtime.context.domain(state["dealt"]).warrant == "judged"
    verdict = await judge.rule(
        state["dealt"], task, state["target"], critique, veto_above=config.judge.veto_above, unaided=judged
    )
    decision = gate.decide(
        state["checks"], [state["target"]], critique, attack, verdict,
        draft=task.draft, max_drafts=config.play.max_drafts, admits=state["dealt"].admits,
        beaten=distrust(runtime.context.history, task.grounding.verifier), judged=judged,
    )  # fmt: skip
    return {"verdicts": (*state.get("verdicts", ()), verdict), "decision": decision}
