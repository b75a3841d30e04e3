"""Meta-selection: which strategies are dealt more, by what their samples gained in exams (see `bandit`)."""
