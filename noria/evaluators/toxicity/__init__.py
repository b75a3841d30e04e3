"""Toxicity as a number: a lexical score from 0 to 1, subtle cases that try a filter, and the card of how it did."""
