-- The catalogue of a session. Times are seconds since the epoch, durations seconds, truth is 0 or 1, lists and
-- objects are JSON; a policy is called by its name unless the column says id.

CREATE TABLE session ( -- What is known of the session as a whole.
    key TEXT PRIMARY KEY, -- Such as `config` (JSON), `started`, `finished` (why it ended), `base` and `student` (names).
    value TEXT NOT NULL -- What is known.
);

CREATE TABLE rounds ( -- The rounds, and how far each has come.
    round INTEGER PRIMARY KEY, -- Its number, from 1.
    phase TEXT NOT NULL, -- The last thing that was done in it; `ended` once it is over.
    dealt INTEGER NOT NULL, -- Episodes that were dealt.
    facts TEXT NOT NULL -- JSON object: who sat where, the judge's and the verifiers' cards, guards, rows, stages.
);

CREATE TABLE stages ( -- What each stage of a round cost.
    round INTEGER NOT NULL, -- The round.
    stage TEXT NOT NULL, -- `plan`, `play`, `curate`, `train`, `examine`, …
    seconds REAL NOT NULL, -- Wall time.
    prompt_tokens INTEGER NOT NULL, -- Tokens sent.
    completion_tokens INTEGER NOT NULL, -- Tokens that came back.
    PRIMARY KEY (round, stage)
);

CREATE TABLE episodes ( -- Every ended episode: one seed through all seats, and how it ended.
    number INTEGER PRIMARY KEY, -- Place in the order they ended, from 1; `words` has it as its rowid.
    id TEXT NOT NULL UNIQUE, -- Its id, which `noria why` and `noria trace` take.
    round INTEGER NOT NULL, -- The round that dealt it.
    position INTEGER NOT NULL, -- Its place in the deal.
    domain TEXT NOT NULL, -- Such as `arithmetic`.
    skill TEXT NOT NULL, -- What the last draft asks for; empty where there was no draft.
    level INTEGER NOT NULL, -- How hard, from 1.
    outcome TEXT NOT NULL, -- `accepted`, `refused`, `error`.
    reason TEXT NOT NULL, -- Why, in one word, such as `duplicate`.
    stage TEXT NOT NULL, -- How far it came: `dealt`, `proposed`, `well_formed`, `novel`, …, `accepted`.
    evidence TEXT NOT NULL, -- The failed check, the probe or the error in words.
    instruction TEXT NOT NULL, -- The last draft's; before the first, as the proposal words it.
    answer TEXT NOT NULL, -- The answer that is taught; of one turned away, the last that was given.
    worded_by TEXT NOT NULL, -- Who worded the instruction: `generator`, `program`.
    verifier TEXT NOT NULL, -- The program that checks it, with its version.
    drafts INTEGER NOT NULL, -- How many drafts it had.
    attempts INTEGER NOT NULL, -- How many attempts, the program's own among them.
    passed INTEGER NOT NULL, -- How many of these passed every check.
    solve_rate REAL, -- Share of the solver's attempts that passed; null where none was made.
    sample TEXT, -- Id of the sample that it gave; null where it gave none.
    seed TEXT NOT NULL, -- Id of the seed it grew from.
    seed_kind TEXT NOT NULL, -- `domain`, `topic`, `row`.
    seed_text TEXT NOT NULL, -- The topic, or the row's first message.
    strategy TEXT NOT NULL, -- The method that dealt it and asked for it, such as `evolve`; empty where it was plain.
    generator TEXT NOT NULL, -- The policy in this seat when it was dealt.
    critic TEXT NOT NULL, -- The policy in this seat.
    adversary TEXT NOT NULL, -- The policy in this seat.
    judge TEXT NOT NULL, -- The policy in this seat.
    solver TEXT NOT NULL, -- The policy in this seat.
    templates TEXT NOT NULL, -- JSON object: the template's name to the `name@hash` it was played with.
    seconds REAL NOT NULL -- Wall time of the episode.
);

CREATE TABLE attempts ( -- Every answer to the task of an episode.
    episode TEXT NOT NULL, -- Id of the episode.
    number INTEGER NOT NULL, -- Its place among them, from 1.
    id TEXT NOT NULL, -- Its id.
    policy TEXT NOT NULL, -- Who wrote it: a policy, or the verifier where the program did.
    source TEXT NOT NULL, -- `student`, `pool`, `program`.
    passed INTEGER NOT NULL, -- Whether every check passed.
    response TEXT NOT NULL, -- What was answered.
    evidence TEXT NOT NULL, -- What its failed checks found, or all of them where none failed.
    PRIMARY KEY (episode, number)
);

CREATE TABLE checks ( -- What programs found: of an episode's proposal, and of each attempt.
    episode TEXT NOT NULL, -- Id of the episode.
    attempt INTEGER NOT NULL, -- The attempt's number; 0 for checks of the proposal.
    number INTEGER NOT NULL, -- Its place among the checks there, from 1.
    name TEXT NOT NULL, -- Such as `answer`, `form`, `novelty`.
    passed INTEGER NOT NULL, -- Whether it passed.
    score REAL NOT NULL, -- From 0 to 1.
    evidence TEXT NOT NULL, -- Expected against found.
    sandbox TEXT NOT NULL, -- The isolation that a program ran under; empty where none was run.
    PRIMARY KEY (episode, attempt, number)
);

CREATE TABLE critiques ( -- What the critic said of each draft.
    episode TEXT NOT NULL, -- Id of the episode.
    draft INTEGER NOT NULL, -- The draft, from 1.
    policy TEXT NOT NULL, -- The critic.
    faults TEXT NOT NULL, -- JSON list of the faults it found.
    advice TEXT NOT NULL, -- What it advises.
    revise INTEGER NOT NULL, -- Whether it asks for another draft.
    PRIMARY KEY (episode, draft)
);

CREATE TABLE probes ( -- Every attack on a draft, the adversary's and the programs' own.
    episode TEXT NOT NULL, -- Id of the episode.
    draft INTEGER NOT NULL, -- The draft, from 1.
    number INTEGER NOT NULL, -- Its place among the probes of the draft, from 1.
    policy TEXT NOT NULL, -- The adversary.
    kind TEXT NOT NULL, -- `ambiguity`, `leak`, `shortcut`, `forgery`.
    by TEXT NOT NULL, -- Whose idea it was: `program`, `policy`.
    held INTEGER NOT NULL, -- Whether it broke the candidate.
    beat INTEGER NOT NULL, -- Whether it beat the verifier itself.
    claim TEXT NOT NULL, -- What it says is wrong.
    response TEXT NOT NULL, -- The answer that is to get through.
    evidence TEXT NOT NULL, -- What a program made of it.
    PRIMARY KEY (episode, draft, number)
);

CREATE TABLE verdicts ( -- What the judge ruled.
    episode TEXT NOT NULL, -- Id of the episode.
    number INTEGER NOT NULL, -- Its place among the verdicts, from 1.
    policy TEXT NOT NULL, -- The judge.
    ruling TEXT NOT NULL, -- `accept`, `revise`, `reject`.
    confidence REAL NOT NULL, -- Probability that the judge's own logprobs give to its ruling.
    veto INTEGER NOT NULL, -- Whether it had a veto.
    PRIMARY KEY (episode, number)
);

CREATE TABLE samples ( -- The accepted-data log, all of it; the view `accepted` has what stands.
    sequence INTEGER PRIMARY KEY, -- Place in the log, from 1.
    id TEXT NOT NULL UNIQUE, -- Hash of its role and messages.
    episode TEXT NOT NULL, -- Id of the episode it came from.
    episode_number INTEGER, -- Number of this episode, which `words` has as its rowid.
    role TEXT NOT NULL, -- Which role it teaches: `solver`, `generator`.
    round INTEGER NOT NULL, -- The round that accepted it.
    domain TEXT NOT NULL, -- Such as `arithmetic`.
    skill TEXT NOT NULL, -- Such as `multiply`.
    level INTEGER NOT NULL, -- How hard, from 1.
    source TEXT NOT NULL, -- Who wrote the answer: `student`, `pool`, `program`.
    worded_by TEXT NOT NULL, -- Who worded the instruction: `generator`, `program`.
    policy TEXT NOT NULL, -- Id of the policy that wrote the answer; the verifier where the program did.
    policy_name TEXT NOT NULL, -- Its name.
    generator_name TEXT NOT NULL, -- The policy that proposed the task.
    verifier TEXT NOT NULL, -- The program that checked it, with its version.
    warrant TEXT NOT NULL, -- What it rests on: `verified` by a program, or `judged` by a judge's opinion alone.
    strategy TEXT NOT NULL, -- The method that dealt it and asked for it, such as `evolve`; empty where it was plain.
    instruction TEXT NOT NULL, -- The last message before the answer.
    response TEXT NOT NULL, -- The answer.
    solve_rate REAL NOT NULL, -- Share of the solver's attempts that passed.
    probes INTEGER NOT NULL, -- How many attacks it survived.
    signature TEXT NOT NULL, -- What the solution is, apart from its wording.
    seed TEXT NOT NULL, -- Id of the seed it grew from.
    templates TEXT NOT NULL, -- JSON object: the template's name to its `name@hash`.
    messages TEXT NOT NULL, -- JSON list: the chat to learn, the answer last.
    provenance TEXT NOT NULL, -- JSON object: all that is known of where it comes from.
    chain TEXT NOT NULL, -- Hash over it and all before it (`noria accepted verify`).
    withdrawn TEXT NOT NULL, -- Why a purge withdrew it; empty where none did.
    quarantined TEXT NOT NULL -- Why the verifier that alone vouches for it is not trusted; empty where it is.
);

CREATE TABLE turns ( -- Every model call; the prompts and replies stand in the ledger (`noria trace`).
    number INTEGER PRIMARY KEY, -- Place in the order they were kept, from 1.
    key TEXT NOT NULL, -- Episode, role, draft, attempt and, where asked twice, the question's hash.
    episode TEXT NOT NULL, -- Id of the episode, or of the exam or calibration, such as `calibration-r0001`.
    role TEXT NOT NULL, -- The seat that was asked.
    draft INTEGER NOT NULL, -- The draft, from 1.
    attempt INTEGER NOT NULL, -- The attempt, from 1.
    policy TEXT NOT NULL, -- Id of the policy that answered.
    policy_name TEXT NOT NULL, -- Its name.
    template TEXT NOT NULL, -- The `name@hash` of the template that was rendered.
    finish TEXT NOT NULL, -- Why its replies ended: `stop`, `length`.
    prompt_tokens INTEGER NOT NULL, -- Tokens sent.
    completion_tokens INTEGER NOT NULL, -- Tokens that came back.
    started REAL NOT NULL, -- When it was sent.
    seconds REAL NOT NULL -- How long it took, retries included.
);

CREATE TABLE templates ( -- Every version of a template that an episode was played with.
    version TEXT PRIMARY KEY, -- `name@hash`.
    name TEXT NOT NULL, -- Such as `generator`.
    first_round INTEGER NOT NULL, -- The first round it was used in.
    text TEXT NOT NULL -- The file; empty where nobody has it any more.
);

CREATE TABLE used ( -- Which episodes were played with which template.
    episode TEXT NOT NULL, -- Id of the episode.
    version TEXT NOT NULL, -- The `name@hash` of the template.
    PRIMARY KEY (version, episode)
) WITHOUT ROWID;

CREATE TABLE policies ( -- Every policy, and what became of it.
    id TEXT PRIMARY KEY, -- By hash of its weights.
    name TEXT NOT NULL UNIQUE, -- Such as `base`, `student-r0001`.
    round INTEGER NOT NULL, -- The round that trained it; 0 for those that were there before.
    parents TEXT NOT NULL, -- JSON list: ids of the policies whose weights it has grown from.
    student INTEGER NOT NULL, -- Whether it belongs to the line that is trained.
    current INTEGER NOT NULL, -- Whether it is the student now.
    state TEXT NOT NULL, -- `base`, `current`, `promoted`, `kept out`, `unexamined`, `withdrawn`, `tainted`, `endpoint`.
    folder TEXT NOT NULL, -- Where its weights are.
    adapter TEXT NOT NULL, -- Where its adapter is.
    training TEXT NOT NULL -- JSON object: rows, tokens, losses, seconds, recipe.
);

CREATE TABLE learned ( -- Which policy was given which row to learn.
    policy TEXT NOT NULL, -- Id of the policy.
    sample TEXT NOT NULL, -- Id of the sample, or of the seed where it was a row of your own.
    PRIMARY KEY (sample, policy)
) WITHOUT ROWID;

CREATE TABLE shown ( -- Which accepted episodes' generator was shown which sample, to keep away from it.
    sample TEXT NOT NULL, -- Id of the sample whose instruction was shown.
    episode TEXT NOT NULL, -- Id of the later episode.
    PRIMARY KEY (sample, episode)
) WITHOUT ROWID;
CREATE TABLE exams ( -- Parent against student on the same fresh items, by round.
    round INTEGER PRIMARY KEY, -- The round that held it.
    id TEXT NOT NULL, -- Its id.
    parent TEXT NOT NULL, -- The policy to be beaten.
    student TEXT NOT NULL, -- The policy examined.
    items INTEGER NOT NULL, -- How many fresh items.
    parent_right INTEGER NOT NULL, -- How many the parent got right.
    student_right INTEGER NOT NULL, -- How many the student did.
    wins INTEGER NOT NULL, -- Items that only the student got right.
    losses INTEGER NOT NULL, -- Items that only the parent did.
    p_value REAL NOT NULL, -- Chance of as many wins if the student were no better (exact McNemar, one-sided).
    alpha REAL NOT NULL, -- What the p-value had to stay under.
    parent_low REAL NOT NULL, -- Lower end of the parent's 95 % interval.
    parent_high REAL NOT NULL, -- Upper end.
    student_low REAL NOT NULL, -- Lower end of the student's 95 % interval.
    student_high REAL NOT NULL, -- Upper end.
    promoted INTEGER NOT NULL, -- Whether the student was promoted.
    why TEXT NOT NULL, -- Why, in words.
    body TEXT NOT NULL -- JSON object: the whole exam, its demands and what it could have seen.
);

CREATE TABLE exam_domains ( -- Each domain's part of an exam.
    round INTEGER NOT NULL, -- The round of the exam.
    domain TEXT NOT NULL, -- The domain.
    items INTEGER NOT NULL, -- How many items.
    parent INTEGER NOT NULL, -- How many the parent got right.
    student INTEGER NOT NULL, -- How many the student did.
    worse_p REAL NOT NULL, -- One-sided exact p that the student is worse here.
    worse INTEGER NOT NULL, -- Whether it is, after Holm's correction.
    PRIMARY KEY (round, domain)
);

CREATE TABLE exam_items ( -- Every item of an exam, and both answers.
    round INTEGER NOT NULL, -- The round of the exam.
    number INTEGER NOT NULL, -- Its place, from 1.
    domain TEXT NOT NULL, -- Its domain.
    skill TEXT NOT NULL, -- Its skill.
    level INTEGER NOT NULL, -- How hard.
    frozen INTEGER NOT NULL, -- Whether it is one of the items that every student is asked.
    instruction TEXT NOT NULL, -- What was asked.
    parent TEXT NOT NULL, -- The parent's answer.
    student TEXT NOT NULL, -- The student's answer.
    parent_passed INTEGER NOT NULL, -- Whether the parent's passed.
    student_passed INTEGER NOT NULL, -- Whether the student's passed.
    PRIMARY KEY (round, number)
);

CREATE TABLE seatings ( -- The exams for a role's seat.
    round INTEGER NOT NULL, -- The round that held it.
    role TEXT NOT NULL, -- The seat.
    holder TEXT NOT NULL, -- The policy that had it.
    student TEXT NOT NULL, -- The policy that wanted it.
    items INTEGER NOT NULL, -- How many items.
    holder_right INTEGER NOT NULL, -- How many the holder got right.
    student_right INTEGER NOT NULL, -- How many the student did.
    p_value REAL NOT NULL, -- Chance of as many wins if the student were no better.
    seated INTEGER NOT NULL, -- Whether it took the seat.
    why TEXT NOT NULL, -- Why, in words.
    PRIMARY KEY (round, role)
);

CREATE TABLE moves ( -- Every move of the student's pointer, and why.
    sequence INTEGER PRIMARY KEY, -- Its place, from 1.
    round INTEGER NOT NULL, -- The round it was made in.
    cause TEXT NOT NULL, -- `promote`, `probation`, `guard`, `rollback`, `purge`.
    before TEXT NOT NULL, -- The student before.
    after TEXT NOT NULL, -- The student after.
    why TEXT NOT NULL, -- Why, in words.
    at REAL NOT NULL -- When.
);

CREATE TABLE selections ( -- What each method of selection did to the samples of a round.
    round INTEGER NOT NULL, -- The round.
    position INTEGER NOT NULL, -- Its place among the round's selections.
    method TEXT NOT NULL, -- Such as `near_duplicates`.
    before INTEGER NOT NULL, -- Samples that came to it.
    kept INTEGER NOT NULL, -- Samples that it kept.
    why TEXT NOT NULL, -- JSON object: reason to how many were left out for it.
    seconds REAL NOT NULL, -- Wall time.
    prompt_tokens INTEGER NOT NULL, -- Tokens sent.
    completion_tokens INTEGER NOT NULL, -- Tokens that came back.
    skipped TEXT NOT NULL, -- Why it was not applied; empty where it was.
    facts TEXT NOT NULL, -- JSON object: what else it found.
    PRIMARY KEY (round, position)
);

CREATE TABLE strategies ( -- How many hands of a round each strategy dealt, and what came of them.
    round INTEGER NOT NULL, -- The round.
    strategy TEXT NOT NULL, -- The method; empty for the plain window.
    dealt INTEGER NOT NULL, -- Hands that it dealt.
    ended INTEGER NOT NULL, -- Episodes of these that have ended.
    accepted INTEGER NOT NULL, -- Episodes of these that were accepted.
    PRIMARY KEY (round, strategy)
);

CREATE TABLE beliefs ( -- What the bandit over strategies believes after the exam of a round.
    round INTEGER NOT NULL, -- The round.
    arm TEXT NOT NULL, -- The strategy; empty for the plain window.
    taught REAL NOT NULL, -- Its share of the samples that the round's student was taught.
    gain REAL NOT NULL, -- The student's gain over its parent, as a share of items.
    mean REAL NOT NULL, -- Gain believed of a student taught by this arm alone.
    low REAL NOT NULL, -- Lower end of its 95 % interval.
    high REAL NOT NULL, -- Upper end.
    worth REAL NOT NULL, -- Believed gain for a million tokens.
    worth_low REAL NOT NULL, -- Lower end of its 95 % interval.
    worth_high REAL NOT NULL, -- Upper end.
    body TEXT NOT NULL, -- JSON object: the whole belief, with what it rests on.
    PRIMARY KEY (round, arm)
);

CREATE TABLE steps ( -- How the session was steered: templates, notes, arms, pauses, rulings.
    sequence INTEGER PRIMARY KEY, -- Its place, from 1.
    round INTEGER NOT NULL, -- The round of the last batch that had begun; of a template, of the first that plays by it.
    batch INTEGER NOT NULL, -- That batch, from 1; 0 before the first.
    kind TEXT NOT NULL, -- `template`, `broken_template`, `note`, `expired`, `trial`, `pause`, `go_on`, `approve`, `refuse`.
    name TEXT NOT NULL, -- Of what: a template, or the id of a note, a trial, a sample, a policy.
    said TEXT NOT NULL, -- In words.
    body TEXT NOT NULL, -- JSON object: the rest of it.
    at REAL NOT NULL -- When.
);

CREATE TABLE tallies ( -- Episodes counted as they come in, so that a sum over many reads few rows.
    round INTEGER NOT NULL, -- The round that dealt them.
    domain TEXT NOT NULL, -- As in `episodes`.
    level INTEGER NOT NULL, -- As in `episodes`.
    outcome TEXT NOT NULL, -- As in `episodes`.
    reason TEXT NOT NULL, -- As in `episodes`.
    stage TEXT NOT NULL, -- As in `episodes`.
    templates TEXT NOT NULL, -- As in `episodes`.
    episodes INTEGER NOT NULL, -- How many.
    tried INTEGER NOT NULL, -- How many of them have a solve rate.
    solved INTEGER NOT NULL, -- How many have one above 0.
    rates REAL NOT NULL, -- Sum of the solve rates.
    squares REAL NOT NULL, -- Sum of their squares.
    PRIMARY KEY (round, domain, level, outcome, reason, stage, templates)
) WITHOUT ROWID;

CREATE TABLE lessons ( -- What each policy was given to learn, counted as it comes in.
    policy TEXT NOT NULL, -- Id of the policy.
    role TEXT NOT NULL, -- The role that the samples teach.
    domain TEXT NOT NULL, -- Their domain.
    source TEXT NOT NULL, -- Who wrote them: `student`, `pool`, `program`.
    writer TEXT NOT NULL, -- Name of the policy that wrote them; the verifier where the program did.
    round INTEGER NOT NULL, -- The round that accepted them.
    samples INTEGER NOT NULL, -- How many.
    PRIMARY KEY (policy, role, domain, source, writer, round)
) WITHOUT ROWID;

CREATE TABLE marks ( -- How far the catalogue has come in its ledger; of no use to readers.
    key TEXT PRIMARY KEY, -- What is counted.
    value TEXT NOT NULL -- How far.
);

CREATE VIRTUAL TABLE words USING fts5 ( -- Full text of the episodes; its rowid is the episode's number.
    instruction, -- As in `episodes`.
    answer, -- As in `episodes`.
    evidence, -- As in `episodes`.
    content='', tokenize='unicode61 remove_diacritics 2'
);

CREATE VIEW accepted AS -- The samples that a student learns answers from: neither withdrawn nor quarantined.
    SELECT * FROM samples WHERE role = 'solver' AND withdrawn = '' AND quarantined = '';

CREATE VIEW refused AS -- The episodes that gave no sample, and why.
    SELECT number, id, round, domain, skill, level, outcome, reason, stage, evidence, instruction, answer, solve_rate,
        generator, solver FROM episodes WHERE outcome <> 'accepted';

CREATE VIEW funnel AS -- How many episodes ended where, by round and domain.
    SELECT round, domain, stage, outcome, reason, sum(episodes) AS episodes FROM tallies
        GROUP BY round, domain, stage, outcome, reason;

CREATE VIEW cost AS -- What each policy cost in each seat.
    SELECT role, policy_name AS policy, count(*) AS calls, sum(prompt_tokens) AS prompt_tokens,
        sum(completion_tokens) AS completion_tokens, sum(seconds) AS seconds FROM turns GROUP BY role, policy_name;

CREATE INDEX episodes_in_the_log ON episodes (
    outcome, reason, stage, domain, level, round, generator, critic, adversary, judge, solver, id, number
);
CREATE INDEX samples_in_the_log ON samples (
    role, domain, level, round, source, worded_by, policy_name, withdrawn, quarantined, episode, episode_number, sequence
);
CREATE INDEX verdicts_by_ruling ON verdicts (ruling, episode);
CREATE INDEX samples_by_skill ON samples (role, domain, skill, sequence);
CREATE INDEX samples_by_signature ON samples (signature, sequence);
CREATE INDEX episodes_by_outcome ON episodes (outcome, number);
CREATE INDEX episodes_by_reason ON episodes (reason, number);
CREATE INDEX episodes_by_round ON episodes (round, position);
CREATE INDEX episodes_by_end ON episodes (round, stage, outcome, reason, domain);
CREATE INDEX episodes_by_domain ON episodes (domain, level, number);
CREATE INDEX samples_by_episode ON samples (episode);
CREATE INDEX samples_by_role ON samples (role, sequence);
CREATE INDEX samples_by_domain ON samples (role, domain, level, sequence);
CREATE INDEX samples_by_round ON samples (role, round, sequence);
CREATE INDEX samples_by_policy ON samples (role, policy_name, sequence);
CREATE INDEX samples_by_source ON samples (role, source, withdrawn, quarantined, round);
CREATE INDEX quarantined_samples ON samples (verifier, round) WHERE quarantined <> '';
CREATE INDEX turns_by_episode ON turns (episode);
CREATE INDEX turns_by_seat ON turns (role, policy_name, prompt_tokens, completion_tokens, seconds);
CREATE INDEX critiques_by_policy ON critiques (policy, revise, faults);
CREATE INDEX probes_by_policy ON probes (policy, kind, by, held, beat);
CREATE INDEX verdicts_by_policy ON verdicts (policy, ruling, veto);
CREATE INDEX withdrawn_samples ON samples (policy_name, role, id) WHERE withdrawn <> '';

-- Whoever fills the tables need not know of the counts, and they cannot disagree.
CREATE TRIGGER tallied AFTER INSERT ON episodes BEGIN
    INSERT INTO tallies VALUES (new.round, new.domain, new.level, new.outcome, new.reason, new.stage, new.templates, 1,
        new.solve_rate IS NOT NULL, coalesce(new.solve_rate > 0, 0), coalesce(new.solve_rate, 0),
        coalesce(new.solve_rate * new.solve_rate, 0))
    ON CONFLICT DO UPDATE SET episodes = episodes + 1, tried = tried + excluded.tried,
        solved = solved + excluded.solved, rates = rates + excluded.rates, squares = squares + excluded.squares; END;

CREATE TRIGGER taught BEFORE INSERT ON learned
    WHEN NOT EXISTS (SELECT 1 FROM learned WHERE sample = new.sample AND policy = new.policy) BEGIN
    INSERT INTO lessons SELECT new.policy, role, domain, source, policy_name, round, 1 FROM samples
        WHERE id = new.sample
    ON CONFLICT DO UPDATE SET samples = samples + 1; END;
