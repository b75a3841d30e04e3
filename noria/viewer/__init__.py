"""How a session is shown to people."""
