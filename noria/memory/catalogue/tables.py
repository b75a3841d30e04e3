"""The catalogue's tables: documented SQL that people, datasette and DuckDB read as it is.

    session · rounds · stages · episodes · attempts · checks · critiques · probes · verdicts
    samples · turns · templates · policies · learned · exams · exam_domains · exam_items
    seatings · moves · notes · rulings · words (full text)          views: refused · funnel · cost

One row a thing, text in full, names of policies beside their ids. A fact that this session
has not (no exam was held) is a table without rows. `REMARKS` says what each column means.
"""

from noria.memory.catalogue.tallies import TALLIES

VERSION = 1
"""Version of these tables: a catalogue of another version is deleted and made again."""

TABLES = (
    "CREATE TABLE session (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE rounds (round INTEGER PRIMARY KEY, phase TEXT NOT NULL, dealt INTEGER NOT NULL, facts TEXT NOT NULL)",
    "CREATE TABLE stages (round INTEGER NOT NULL, stage TEXT NOT NULL, seconds REAL NOT NULL, "
    "prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, PRIMARY KEY (round, stage))",
    "CREATE TABLE episodes (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, round INTEGER NOT NULL, "
    "position INTEGER NOT NULL, domain TEXT NOT NULL, skill TEXT NOT NULL, level INTEGER NOT NULL, "
    "outcome TEXT NOT NULL, reason TEXT NOT NULL, stage TEXT NOT NULL, evidence TEXT NOT NULL, "
    "instruction TEXT NOT NULL, answer TEXT NOT NULL, worded_by TEXT NOT NULL, verifier TEXT NOT NULL, "
    "drafts INTEGER NOT NULL, attempts INTEGER NOT NULL, passed INTEGER NOT NULL, solve_rate REAL, "
    "sample TEXT, seed TEXT NOT NULL, seed_kind TEXT NOT NULL, seed_text TEXT NOT NULL, "
    "generator TEXT NOT NULL, critic TEXT NOT NULL, adversary TEXT NOT NULL, judge TEXT NOT NULL, solver TEXT NOT NULL, "
    "templates TEXT NOT NULL, seconds REAL NOT NULL)",
    "CREATE TABLE attempts (episode TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, policy TEXT NOT NULL, "
    "source TEXT NOT NULL, passed INTEGER NOT NULL, response TEXT NOT NULL, evidence TEXT NOT NULL, "
    "PRIMARY KEY (episode, number))",
    "CREATE TABLE checks (episode TEXT NOT NULL, attempt INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, "
    "passed INTEGER NOT NULL, score REAL NOT NULL, evidence TEXT NOT NULL, sandbox TEXT NOT NULL, "
    "PRIMARY KEY (episode, attempt, number))",
    "CREATE TABLE critiques (episode TEXT NOT NULL, draft INTEGER NOT NULL, policy TEXT NOT NULL, faults TEXT NOT NULL, "
    "advice TEXT NOT NULL, revise INTEGER NOT NULL, PRIMARY KEY (episode, draft))",
    "CREATE TABLE probes (episode TEXT NOT NULL, draft INTEGER NOT NULL, number INTEGER NOT NULL, policy TEXT NOT NULL, "
    "kind TEXT NOT NULL, by TEXT NOT NULL, held INTEGER NOT NULL, beat INTEGER NOT NULL, claim TEXT NOT NULL, "
    "response TEXT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (episode, draft, number))",
    "CREATE TABLE verdicts (episode TEXT NOT NULL, number INTEGER NOT NULL, policy TEXT NOT NULL, ruling TEXT NOT NULL, "
    "confidence REAL NOT NULL, veto INTEGER NOT NULL, PRIMARY KEY (episode, number))",
    "CREATE TABLE samples (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, episode TEXT NOT NULL, "
    "role TEXT NOT NULL, round INTEGER NOT NULL, domain TEXT NOT NULL, skill TEXT NOT NULL, level INTEGER NOT NULL, "
    "source TEXT NOT NULL, worded_by TEXT NOT NULL, policy TEXT NOT NULL, policy_name TEXT NOT NULL, "
    "generator_name TEXT NOT NULL, verifier TEXT NOT NULL, instruction TEXT NOT NULL, response TEXT NOT NULL, "
    "solve_rate REAL NOT NULL, probes INTEGER NOT NULL, signature TEXT NOT NULL, seed TEXT NOT NULL, "
    "templates TEXT NOT NULL, messages TEXT NOT NULL, provenance TEXT NOT NULL, chain TEXT NOT NULL, "
    "withdrawn TEXT NOT NULL, quarantined TEXT NOT NULL)",
    "CREATE TABLE turns (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, episode TEXT NOT NULL, role TEXT NOT NULL, "
    "draft INTEGER NOT NULL, attempt INTEGER NOT NULL, policy TEXT NOT NULL, policy_name TEXT NOT NULL, "
    "template TEXT NOT NULL, finish TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, "
    "started REAL NOT NULL, seconds REAL NOT NULL)",
    "CREATE TABLE templates (version TEXT PRIMARY KEY, name TEXT NOT NULL, first_round INTEGER NOT NULL, "
    "text TEXT NOT NULL)",
    "CREATE TABLE used (episode TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (version, episode)) WITHOUT ROWID",
    "CREATE TABLE policies (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, round INTEGER NOT NULL, "
    "parents TEXT NOT NULL, student INTEGER NOT NULL, current INTEGER NOT NULL, state TEXT NOT NULL, "
    "folder TEXT NOT NULL, adapter TEXT NOT NULL, training TEXT NOT NULL)",
    "CREATE TABLE learned (policy TEXT NOT NULL, sample TEXT NOT NULL, PRIMARY KEY (sample, policy)) WITHOUT ROWID",
    "CREATE TABLE exams (round INTEGER PRIMARY KEY, id TEXT NOT NULL, parent TEXT NOT NULL, student TEXT NOT NULL, "
    "items INTEGER NOT NULL, parent_right INTEGER NOT NULL, student_right INTEGER NOT NULL, wins INTEGER NOT NULL, "
    "losses INTEGER NOT NULL, p_value REAL NOT NULL, alpha REAL NOT NULL, parent_low REAL NOT NULL, "
    "parent_high REAL NOT NULL, student_low REAL NOT NULL, student_high REAL NOT NULL, promoted INTEGER NOT NULL, "
    "why TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE exam_domains (round INTEGER NOT NULL, domain TEXT NOT NULL, items INTEGER NOT NULL, "
    "parent INTEGER NOT NULL, student INTEGER NOT NULL, worse_p REAL NOT NULL, worse INTEGER NOT NULL, "
    "PRIMARY KEY (round, domain))",
    "CREATE TABLE exam_items (round INTEGER NOT NULL, number INTEGER NOT NULL, domain TEXT NOT NULL, skill TEXT NOT NULL, "
    "level INTEGER NOT NULL, frozen INTEGER NOT NULL, instruction TEXT NOT NULL, parent TEXT NOT NULL, "
    "student TEXT NOT NULL, parent_passed INTEGER NOT NULL, student_passed INTEGER NOT NULL, "
    "PRIMARY KEY (round, number))",
    "CREATE TABLE seatings (round INTEGER NOT NULL, role TEXT NOT NULL, holder TEXT NOT NULL, student TEXT NOT NULL, "
    "items INTEGER NOT NULL, holder_right INTEGER NOT NULL, student_right INTEGER NOT NULL, p_value REAL NOT NULL, "
    "seated INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (round, role))",
    "CREATE TABLE moves (sequence INTEGER PRIMARY KEY, round INTEGER NOT NULL, cause TEXT NOT NULL, before TEXT NOT NULL, "
    "after TEXT NOT NULL, why TEXT NOT NULL, at REAL NOT NULL)",
    "CREATE TABLE steps (sequence INTEGER PRIMARY KEY, round INTEGER NOT NULL, batch INTEGER NOT NULL, kind TEXT NOT NULL, "
    "name TEXT NOT NULL, said TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5(instruction, answer, evidence, content='', contentless_delete=1)",
)
"""The tables. Where an episode was turned away, `instruction` and `answer` are the last there were."""

INDICES = (
    "CREATE INDEX episodes_by_outcome ON episodes (outcome, number)",
    "CREATE INDEX episodes_by_reason ON episodes (reason, number)",
    "CREATE INDEX episodes_by_round ON episodes (round, position)",
    "CREATE INDEX episodes_by_domain ON episodes (domain, level, number)",
    "CREATE INDEX samples_by_episode ON samples (episode)",
    "CREATE INDEX samples_by_role ON samples (role, sequence)",
    "CREATE INDEX samples_by_domain ON samples (role, domain, level, sequence)",
    "CREATE INDEX samples_by_round ON samples (role, round, sequence)",
    "CREATE INDEX samples_by_policy ON samples (role, policy_name, sequence)",
    "CREATE INDEX turns_by_episode ON turns (episode)",
    "CREATE INDEX turns_by_seat ON turns (role, policy_name)",
    *TALLIES,
)

VIEWS = (
    "CREATE VIEW refused AS SELECT number, id, round, domain, skill, level, outcome, reason, stage, evidence, instruction, "
    "answer, solve_rate, generator, solver FROM episodes WHERE outcome <> 'accepted'",
    "CREATE VIEW accepted AS SELECT * FROM samples WHERE role = 'solver' AND withdrawn = '' AND quarantined = ''",
    "CREATE VIEW funnel AS SELECT round, domain, stage, outcome, reason, count(*) AS episodes FROM episodes "
    "GROUP BY round, domain, stage, outcome, reason",
    "CREATE VIEW cost AS SELECT role, policy_name AS policy, count(*) AS calls, sum(prompt_tokens) AS prompt_tokens, "
    "sum(completion_tokens) AS completion_tokens, sum(seconds) AS seconds FROM turns GROUP BY role, policy_name",
)
