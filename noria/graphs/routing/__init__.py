"""Routing: accepted candidates that are uncertain go to a person or to a stronger policy (see `active`)."""
