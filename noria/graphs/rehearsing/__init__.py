"""Rehearsing: what a session asked, asked again with another template; nothing is written into the session."""
