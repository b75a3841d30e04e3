BEGIN TRANSACTION;
CREATE TABLE claims (
	"key" VARCHAR NOT NULL, 
	episode VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY ("key", episode)
);
INSERT INTO "claims" VALUES('parameters-0','episode-0',1,0);
INSERT INTO "claims" VALUES('parameters-1','episode-1',1,1);
INSERT INTO "claims" VALUES('parameters-2','episode-2',1,2);
INSERT INTO "claims" VALUES('parameters-3','episode-3',1,3);
INSERT INTO "claims" VALUES('parameters-4','episode-4',1,4);
CREATE TABLE deals (
	episode VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (episode)
);
INSERT INTO "deals" VALUES('episode-0',1,0,'{"episode":"episode-0","round":1,"position":0,"domain":"arithmetic","level":1,"seed":{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]},"window":{"skill":"add","a":[1,3],"b":[1,3]},"neighbours":[],"weak":[],"seats":{"generator":"policy-pretended","critic":"policy-pretended","adversary":"policy-pretended","judge":"policy-pretended","solver":"policy-pretended"},"templates":{"solver":"solver@1"},"random":"0/1/episode-0","veto":false,"admits":true}');
INSERT INTO "deals" VALUES('episode-1',1,1,'{"episode":"episode-1","round":1,"position":1,"domain":"arithmetic","level":1,"seed":{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]},"window":{"skill":"add","a":[1,3],"b":[1,3]},"neighbours":[],"weak":[],"seats":{"generator":"policy-pretended","critic":"policy-pretended","adversary":"policy-pretended","judge":"policy-pretended","solver":"policy-pretended"},"templates":{"solver":"solver@1"},"random":"0/1/episode-1","veto":false,"admits":true}');
INSERT INTO "deals" VALUES('episode-2',1,2,'{"episode":"episode-2","round":1,"position":2,"domain":"arithmetic","level":1,"seed":{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]},"window":{"skill":"add","a":[1,3],"b":[1,3]},"neighbours":[],"weak":[],"seats":{"generator":"policy-pretended","critic":"policy-pretended","adversary":"policy-pretended","judge":"policy-pretended","solver":"policy-pretended"},"templates":{"solver":"solver@1"},"random":"0/1/episode-2","veto":false,"admits":true}');
INSERT INTO "deals" VALUES('episode-3',2,0,'{"episode":"episode-3","round":2,"position":0,"domain":"arithmetic","level":1,"seed":{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]},"window":{"skill":"add","a":[1,3],"b":[1,3]},"neighbours":[],"weak":[],"seats":{"generator":"policy-pretended","critic":"policy-pretended","adversary":"policy-pretended","judge":"policy-pretended","solver":"policy-pretended"},"templates":{"solver":"solver@1"},"random":"0/1/episode-3","veto":false,"admits":true}');
INSERT INTO "deals" VALUES('episode-4',2,1,'{"episode":"episode-4","round":2,"position":1,"domain":"arithmetic","level":1,"seed":{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]},"window":{"skill":"add","a":[1,3],"b":[1,3]},"neighbours":[],"weak":[],"seats":{"generator":"policy-pretended","critic":"policy-pretended","adversary":"policy-pretended","judge":"policy-pretended","solver":"policy-pretended"},"templates":{"solver":"solver@1"},"random":"0/1/episode-4","veto":false,"admits":true}');
CREATE TABLE episodes (
	id VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	domain VARCHAR NOT NULL, 
	level INTEGER NOT NULL, 
	outcome VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	solve_rate FLOAT, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "episodes" VALUES('episode-0',1,0,'arithmetic',1,'accepted','verified','accepted',0.5,'{"id":"episode-0","round":1,"position":0,"domain":"arithmetic","level":1,"outcome":"accepted","reason":"verified","stage":"accepted","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":0.5,"critiques":[],"attacks":[],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
INSERT INTO "episodes" VALUES('episode-1',1,1,'arithmetic',1,'accepted','verified','accepted',0.5,'{"id":"episode-1","round":1,"position":1,"domain":"arithmetic","level":1,"outcome":"accepted","reason":"verified","stage":"accepted","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":0.5,"critiques":[],"attacks":[],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
INSERT INTO "episodes" VALUES('episode-2',1,2,'arithmetic',1,'accepted','verified','accepted',0.5,'{"id":"episode-2","round":1,"position":2,"domain":"arithmetic","level":1,"outcome":"accepted","reason":"verified","stage":"accepted","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":0.5,"critiques":[],"attacks":[],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
INSERT INTO "episodes" VALUES('episode-3',2,0,'arithmetic',1,'accepted','verified','accepted',0.5,'{"id":"episode-3","round":2,"position":0,"domain":"arithmetic","level":1,"outcome":"accepted","reason":"verified","stage":"accepted","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":0.5,"critiques":[],"attacks":[],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
INSERT INTO "episodes" VALUES('episode-4',2,1,'arithmetic',1,'accepted','verified','accepted',0.5,'{"id":"episode-4","round":2,"position":1,"domain":"arithmetic","level":1,"outcome":"accepted","reason":"verified","stage":"accepted","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":0.5,"critiques":[],"attacks":[],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
INSERT INTO "episodes" VALUES('episode-9',2,9,'arithmetic',1,'refused','duplicate','well_formed',NULL,'{"id":"episode-9","round":2,"position":9,"domain":"arithmetic","level":1,"outcome":"refused","reason":"duplicate","stage":"well_formed","evidence":"said before","drafts":[{"id":"task-1","domain":"arithmetic","skill":"add","level":1,"parameters":{"skill":"add","a":1,"b":2},"instruction":"What is 1 + 2?","worded_by":"program","grounding":{"verifier":"arithmetic@1","facts":{"answer":3},"signature":"add:1:2"},"draft":1}],"attempts":[],"solve_rate":null,"critiques":[],"attacks":[{"policy":"p","probes":[{"kind":"shortcut","claim":"","response":"","by":"program","held":true,"evidence":"refused","withheld":"","beat":true}]}],"verdicts":[],"checks":[],"sample":null,"seconds":0.0}');
CREATE TABLE exams (
	id VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	promoted BOOLEAN NOT NULL, 
	body TEXT NOT NULL, 
	answered TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (round)
);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('version','2');
INSERT INTO "meta" VALUES('config','{}');
CREATE TABLE outbox (
	sequence INTEGER NOT NULL, 
	sample VARCHAR NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (sample)
);
INSERT INTO "outbox" VALUES(4,'sample-d22dc02b8113aeff');
INSERT INTO "outbox" VALUES(5,'sample-f922efe1854d783b');
CREATE TABLE pointers (
	name VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "pointers" VALUES('base','policy-base');
INSERT INTO "pointers" VALUES('student','policy-base');
CREATE TABLE policies (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "policies" VALUES('policy-base','base',0,'{"id":"policy-base","name":"base","parents":[],"round":0,"folder":"","adapter":"","student":false,"training":{}}');
CREATE TABLE quarantines (
	verifier VARCHAR NOT NULL, 
	episode VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (verifier, episode)
);
INSERT INTO "quarantines" VALUES('arithmetic@1','episode-9',2,9,'{"verifier":"arithmetic@1","domain":"arithmetic","level":1,"round":2,"episode":"episode-9","evidence":"shortcut: refused","at":1795547506.5936518}');
CREATE TABLE rounds (
	round INTEGER NOT NULL, 
	phase VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (round)
);
INSERT INTO "rounds" VALUES(1,'dealt','{}');
INSERT INTO "rounds" VALUES(2,'dealt','{}');
CREATE TABLE samples (
	sequence INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	episode VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	domain VARCHAR NOT NULL, 
	level INTEGER NOT NULL, 
	source VARCHAR NOT NULL, 
	worded_by VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (id)
);
INSERT INTO "samples" VALUES(1,'sample-4520a39293d5d900','episode-0','solver',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-4520a39293d5d900","role":"solver","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 0 + 2?"},{"role":"assistant","content":"3 "}],"provenance":{"episode":"episode-0","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-0","attempt":"attempt-1","signature":"add:0:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(2,'sample-17ce1fb890f39ef0','episode-0','generator',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-17ce1fb890f39ef0","role":"generator","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 0 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-0","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-0","attempt":"attempt-1","signature":"add:0:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(3,'sample-fffb124fc43aa0a4','episode-1','solver',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-fffb124fc43aa0a4","role":"solver","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 1 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-1","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-1","attempt":"attempt-1","signature":"add:1:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(4,'sample-af7b257adb49c6b4','episode-1','generator',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-af7b257adb49c6b4","role":"generator","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 1 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-1","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-1","attempt":"attempt-1","signature":"add:1:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(5,'sample-ee9e8fb1a067f7d5','episode-2','solver',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-ee9e8fb1a067f7d5","role":"solver","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 2 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-2","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-2","attempt":"attempt-1","signature":"add:2:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(6,'sample-558c076218d6db7d','episode-2','generator',1,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-558c076218d6db7d","role":"generator","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 2 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-2","round":1,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-2","attempt":"attempt-1","signature":"add:2:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(7,'sample-d22dc02b8113aeff','episode-3','solver',2,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-d22dc02b8113aeff","role":"solver","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 3 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-3","round":2,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-3","attempt":"attempt-1","signature":"add:3:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(8,'sample-7b130e67a734f13c','episode-3','generator',2,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-7b130e67a734f13c","role":"generator","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 3 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-3","round":2,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-3","attempt":"attempt-1","signature":"add:3:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(9,'sample-f922efe1854d783b','episode-4','solver',2,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-f922efe1854d783b","role":"solver","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 4 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-4","round":2,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-4","attempt":"attempt-1","signature":"add:4:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
INSERT INTO "samples" VALUES(10,'sample-589dbab1953818d6','episode-4','generator',2,'arithmetic',1,'student','program','policy-pretended','{"id":"sample-589dbab1953818d6","role":"generator","messages":[{"role":"system","content":"Answer exactly as asked, briefly."},{"role":"user","content":"What is 4 + 2?"},{"role":"assistant","content":"3"}],"provenance":{"episode":"episode-4","round":2,"domain":"arithmetic","skill":"add","level":1,"source":"student","worded_by":"program","policy":"policy-pretended","generator":"policy-pretended","seed":"seed-1","templates":{"solver":"solver@1"},"verifier":"arithmetic@1","task":"task-4","attempt":"attempt-1","signature":"add:4:2","free_text":"","shape":"shape-1","solve_rate":0.5,"checks":["answer"],"probes":4,"parents":[]}}');
CREATE TABLE seeds (
	id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "seeds" VALUES('seed-1',0,'domain','{"id":"seed-1","kind":"domain","text":"arithmetic","messages":[]}');
CREATE TABLE turns (
	"key" VARCHAR NOT NULL, 
	episode VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	seconds FLOAT NOT NULL, 
	started FLOAT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "turns" VALUES('episode-0/solver/1/1','episode-0','solver','policy-pretended',10,2,0.5,1.0,'{"key":{"episode":"episode-0","role":"solver","draft":1,"attempt":1},"policy":"policy-pretended","served_as":"base","template":"solver@1","messages":[{"role":"user","content":"What is 1 + 2?"}],"replies":[" said"],"finish":["stop"],"logprobs":{},"usage":{"prompt_tokens":10,"completion_tokens":2},"started":1.0,"seconds":0.5}');
INSERT INTO "turns" VALUES('episode-1/solver/1/1','episode-1','solver','policy-pretended',10,2,0.5,1.0,'{"key":{"episode":"episode-1","role":"solver","draft":1,"attempt":1},"policy":"policy-pretended","served_as":"base","template":"solver@1","messages":[{"role":"user","content":"What is 1 + 2?"}],"replies":[" said"],"finish":["stop"],"logprobs":{},"usage":{"prompt_tokens":10,"completion_tokens":2},"started":1.0,"seconds":0.5}');
INSERT INTO "turns" VALUES('episode-2/solver/1/1','episode-2','solver','policy-pretended',10,2,0.5,1.0,'{"key":{"episode":"episode-2","role":"solver","draft":1,"attempt":1},"policy":"policy-pretended","served_as":"base","template":"solver@1","messages":[{"role":"user","content":"What is 1 + 2?"}],"replies":[" said"],"finish":["stop"],"logprobs":{},"usage":{"prompt_tokens":10,"completion_tokens":2},"started":1.0,"seconds":0.5}');
INSERT INTO "turns" VALUES('episode-3/solver/1/1','episode-3','solver','policy-pretended',10,2,0.5,1.0,'{"key":{"episode":"episode-3","role":"solver","draft":1,"attempt":1},"policy":"policy-pretended","served_as":"base","template":"solver@1","messages":[{"role":"user","content":"What is 1 + 2?"}],"replies":[" said"],"finish":["stop"],"logprobs":{},"usage":{"prompt_tokens":10,"completion_tokens":2},"started":1.0,"seconds":0.5}');
INSERT INTO "turns" VALUES('episode-4/solver/1/1','episode-4','solver','policy-pretended',10,2,0.5,1.0,'{"key":{"episode":"episode-4","role":"solver","draft":1,"attempt":1},"policy":"policy-pretended","served_as":"base","template":"solver@1","messages":[{"role":"user","content":"What is 1 + 2?"}],"replies":[" said"],"finish":["stop"],"logprobs":{},"usage":{"prompt_tokens":10,"completion_tokens":2},"started":1.0,"seconds":0.5}');
CREATE UNIQUE INDEX deals_by_round ON deals (round, position);
CREATE INDEX episodes_by_round ON episodes (round, outcome);
CREATE INDEX ix_turns_episode ON turns (episode);
CREATE INDEX ix_samples_episode ON samples (episode);
COMMIT;
