"""Steering: what a person asks of a session that plays or waits, and how the graph heeds it."""
