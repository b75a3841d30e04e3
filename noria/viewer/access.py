"""Who may look and who may steer: loopback, a token, one origin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """What the viewer asks of a request."""

    token: str
    """Random, in the address that is printed; kept in a cookie from the first page on."""
    steering: bool = False
    """Whether pages offer what changes a session, and posts are taken."""
