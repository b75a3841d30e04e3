"""What a purge asks of a session that goes on: no purged policy plays, and a round may only train again.

    purged in its seat ─► whoever holds the seat now plays the hand        (reseated)
    has played already ─► the episode is refused: withdrawn                (spoilt)
    trained, not yet promoted ─► no exam, no promotion                     (unfit)
    a round that retrains ─► deals nothing, curates an earlier round again (retrained)

The deal stays as it was committed. A hand in which a purged policy has spoken cannot be
played by another: its finished turns would be found by their key and taken for the other's.
"""

from noria.graphs.context import Context
from noria.graphs.steering.ruling import refused
from noria.memory.history import History
from noria.memory.withdrawals import Withdrawals
from noria.types import Dealt


def reseated(context: Context, dealt: Dealt) -> Dealt:
    """The hand, with the seats of purged policies given to who holds them now; a new judge was not measured."""
    tainted = Withdrawals(context.history.ledger).tainted()
    gone = {role for role, who in dealt.seats.items() if who in tainted}
    if not gone:
        return dealt
    now = context.seats()
    seats = {role: now[role] if role in gone else who for role, who in dealt.seats.items()}
    return dealt.model_copy(update={"seats": seats, "veto": dealt.veto and "judge" not in gone})


def spoilt(context: Context, dealt: Dealt) -> str:
    """Why a hand cannot be played on, empty where it can."""
    tainted = Withdrawals(context.history.ledger).tainted()
    if not tainted:
        return ""
    turn = next((one for one in context.history.trace(dealt.episode) if one.policy in tainted), None)
    return f"its {turn.key.role} {context.policy(turn.policy).name} was purged before it ended" if turn else ""


def unfit(context: Context, student: str) -> str:
    """Why a trained student is not examined or promoted, empty where nothing speaks against it."""
    if why := refused(context.history, student):
        return f"{context.policy(student).name} is {why}"
    found = Withdrawals(context.history.ledger).tainted().get(student)
    return f"{context.policy(student).name} is tainted: {found.why}" if found else ""


def retrains(history: History, number: int) -> bool:
    """Whether a round deals nothing and trains an earlier one's student again."""
    return "retrains" in history.round(number)


def retrained(history: History, number: int) -> int:
    """The round whose rows a round learns: its own, unless it retrains."""
    return int(history.round(number).get("retrains", number))
