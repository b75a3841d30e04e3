"""How a policy is called: one client protocol, and everything that may stand behind it."""
