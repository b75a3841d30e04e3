"""Counts kept as rows come in, so that a page over 100,000 episodes reads a few thousand rows and no episode.

    episodes ─► tallies   by round, domain, level, how it ended, and the templates in force
    learned  ─► lessons   by policy, and by the role, domain, source and writer of what it learned

Triggers keep them: whoever fills the tables above need not know of them, and they cannot
disagree. Both tables they watch only grow.
"""

TALLIES = (
    "CREATE TABLE tallies (round INTEGER NOT NULL, domain TEXT NOT NULL, level INTEGER NOT NULL, outcome TEXT NOT NULL, "
    "reason TEXT NOT NULL, stage TEXT NOT NULL, templates TEXT NOT NULL, episodes INTEGER NOT NULL, "
    "tried INTEGER NOT NULL, solved INTEGER NOT NULL, rates REAL NOT NULL, squares REAL NOT NULL, "
    "PRIMARY KEY (round, domain, level, outcome, reason, stage, templates)) WITHOUT ROWID",
    "CREATE TRIGGER tallied AFTER INSERT ON episodes BEGIN "
    "INSERT INTO tallies VALUES (new.round, new.domain, new.level, new.outcome, new.reason, new.stage, new.templates, 1, "
    "new.solve_rate IS NOT NULL, coalesce(new.solve_rate > 0, 0), coalesce(new.solve_rate, 0), "
    "coalesce(new.solve_rate * new.solve_rate, 0)) "
    "ON CONFLICT DO UPDATE SET episodes = episodes + 1, tried = tried + excluded.tried, "
    "solved = solved + excluded.solved, rates = rates + excluded.rates, squares = squares + excluded.squares; END",
    "CREATE TABLE lessons (policy TEXT NOT NULL, role TEXT NOT NULL, domain TEXT NOT NULL, source TEXT NOT NULL, "
    "writer TEXT NOT NULL, round INTEGER NOT NULL, samples INTEGER NOT NULL, "
    "PRIMARY KEY (policy, role, domain, source, writer, round)) WITHOUT ROWID",
    "CREATE TRIGGER taught BEFORE INSERT ON learned "
    "WHEN NOT EXISTS (SELECT 1 FROM learned WHERE sample = new.sample AND policy = new.policy) BEGIN "
    "INSERT INTO lessons SELECT new.policy, role, domain, source, policy_name, round, 1 FROM samples "
    "WHERE id = new.sample ON CONFLICT DO UPDATE SET samples = samples + 1; END",
    "CREATE INDEX critiques_by_policy ON critiques (policy, revise, faults)",
    "CREATE INDEX probes_by_policy ON probes (policy, kind, by, held, beat)",
    "CREATE INDEX verdicts_by_policy ON verdicts (policy, ruling, veto)",
    "CREATE INDEX withdrawn_samples ON samples (id) WHERE withdrawn <> ''",
)
"""`tried` counts episodes with a solve rate, `solved` those above 0; `rates` and `squares` are sums over them.
A sample's `writer` is the name of the policy, or of the verifier where a program answered."""
