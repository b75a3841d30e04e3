"""What is remembered: the ledger is the truth, the neighbour index a projection of it."""
