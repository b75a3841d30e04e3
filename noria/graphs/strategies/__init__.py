"""Strategies: methods that deal a hand, and have it asked for, in a way of their own (see `assigning`)."""
