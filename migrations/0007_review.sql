-- +goose Up
-- Decisions that can be judged again, versions that are tried before they act, and the work of reviewers.

-- What a verdict was made with is kept as long as the verdict: the model by the hash of its bytes, rules
-- and policies as documents under their version.
CREATE TABLE model_artefacts (
    version text PRIMARY KEY,                          -- as verdicts name it
    sha256  bytea NOT NULL,
    bytes   bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE model_artefacts IS 'Models this installation has judged with; they belong to no workspace.';

-- SHA-256 of the verdict's canonical bytes as it was judged; NULL: a person's, an older one, or erased.
ALTER TABLE verdicts ADD COLUMN digest bytea;
CREATE INDEX verdicts_machine ON verdicts (workspace_id, id) WHERE tier <> 'person' AND NOT provisional;

CREATE TABLE versions (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    kind         text NOT NULL CHECK (kind IN ('policy','thresholds','rules','rule')),
    name         text NOT NULL DEFAULT '',             -- of a rule; several can be live at once
    version      text NOT NULL,                        -- hash of the document
    document     text NOT NULL,                        -- text, not jsonb: the version names these bytes
    note         text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'backtest' CHECK (state IN ('backtest','shadow','live','retired')),
    override     text NOT NULL DEFAULT '',             -- why it was promoted without the figures it takes
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    shadow_from  timestamptz,
    state_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, kind, version),
    CHECK ((kind = 'rule') = (name <> ''))
);
CREATE UNIQUE INDEX versions_live ON versions (workspace_id, kind, name) WHERE state = 'live';
CREATE INDEX versions_shadow ON versions (workspace_id) WHERE state = 'shadow';

-- A backtest judges stored history again, in the background, batch by batch: cursor and counts move
-- together, so that it goes on where it stopped whatever is killed.
CREATE TABLE backtests (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    version_id   bigint NOT NULL,
    since        timestamptz,
    until        timestamptz NOT NULL,                 -- history up to the instant it was asked for
    most         integer NOT NULL CHECK (most > 0),    -- at most so many texts, the newest
    from_id      bigint NOT NULL DEFAULT 0,            -- the first verdict of those
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued','running','done','cancelled','failed')),
    reason       text NOT NULL DEFAULT '',
    total        integer NOT NULL DEFAULT 0,
    worked       integer NOT NULL DEFAULT 0,
    cursor       bigint NOT NULL DEFAULT 0,            -- the last verdict that is in the counts
    live         text NOT NULL DEFAULT '',             -- versions it was held against: policy/rules/model
    counts       jsonb NOT NULL DEFAULT '{}',          -- decisions.Counts
    holder       text NOT NULL DEFAULT '',
    lease_until  timestamptz,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, version_id) REFERENCES versions (workspace_id, id)
);
CREATE INDEX backtests_open ON backtests (id) WHERE state IN ('queued','running');
CREATE INDEX backtests_version ON backtests (workspace_id, version_id, id DESC);

CREATE TABLE backtest_changes (                        -- examples, by id; words stay where they are
    workspace_id bigint NOT NULL,
    backtest_id  bigint NOT NULL,
    verdict_id   bigint NOT NULL,
    was          text NOT NULL,
    now          text NOT NULL,
    person       text NOT NULL DEFAULT '',             -- what a person has decided since: allow, hide, delete
    PRIMARY KEY (workspace_id, backtest_id, verdict_id),
    FOREIGN KEY (workspace_id, backtest_id) REFERENCES backtests (workspace_id, id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id)
);

-- What a version in shadow would have decided about a new text; nothing follows from it.
CREATE TABLE shadow_verdicts (
    workspace_id bigint NOT NULL,
    version_id   bigint NOT NULL,
    verdict_id   bigint NOT NULL,                      -- the live one
    was          text NOT NULL,                        -- the live decision
    now          text NOT NULL,                        -- what this version would have decided; 'error': it failed
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, version_id, verdict_id),
    FOREIGN KEY (workspace_id, version_id) REFERENCES versions (workspace_id, id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id)
);

-- Comments whose right answer is known. They are mixed into the queues of those who have not decided
-- about them, look like any other item, and never act.
CREATE TABLE gold_comments (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    comment_id   bigint NOT NULL,
    verdict_id   bigint NOT NULL,                      -- the machine's, as reviewers see it
    answer       text NOT NULL CHECK (answer IN ('allow','hide','delete')),
    note         text NOT NULL DEFAULT '',
    added_by     text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id)
);
CREATE UNIQUE INDEX gold_comments_active ON gold_comments (workspace_id, comment_id) WHERE retired_at IS NULL;

CREATE SEQUENCE review_batches;

-- kind: 'verdict' a machine's decision that a person looks at; 'sample' one drawn by lot to measure it;
-- 'second' another reviewer's blind look at what a first has decided; 'gold' a known answer. The first
-- two act on the network, the last two never do.
ALTER TABLE review_items
    ADD COLUMN kind         text NOT NULL DEFAULT 'verdict' CHECK (kind IN ('verdict','sample','second','gold')),
    ADD COLUMN harm         real NOT NULL DEFAULT 0,
    ADD COLUMN reach        real NOT NULL DEFAULT 1,
    ADD COLUMN text_hash    bytea,                     -- of the normalised text: what is alike is shown once
    ADD COLUMN first_id     bigint,                    -- 'second': the item that was decided first
    ADD COLUMN gold_id      bigint,
    ADD COLUMN for_user     bigint REFERENCES users,   -- 'gold': whose queue it is in
    ADD COLUMN batch        bigint,                    -- decided together with others
    ADD COLUMN escalated_at timestamptz,
    ADD COLUMN escalated_by bigint REFERENCES users,
    ADD COLUMN escalation   text NOT NULL DEFAULT '',
    ADD FOREIGN KEY (workspace_id, first_id) REFERENCES review_items (workspace_id, id),
    ADD FOREIGN KEY (workspace_id, gold_id) REFERENCES gold_comments (workspace_id, id),
    ADD CHECK ((kind = 'second') = (first_id IS NOT NULL)),
    ADD CHECK ((kind = 'gold') = (gold_id IS NOT NULL AND for_user IS NOT NULL));
UPDATE review_items SET harm = priority;
DROP INDEX review_items_open;
CREATE UNIQUE INDEX review_items_open ON review_items (workspace_id, comment_id) WHERE state = 'open' AND kind IN ('verdict','sample');
CREATE UNIQUE INDEX review_items_second ON review_items (workspace_id, first_id) WHERE kind = 'second';
CREATE UNIQUE INDEX review_items_gold ON review_items (workspace_id, gold_id, for_user) WHERE kind = 'gold';
CREATE INDEX review_items_alike ON review_items (text_hash) WHERE state = 'open';
CREATE INDEX review_items_comment ON review_items (comment_id, id);
CREATE INDEX review_items_decided ON review_items (decided_by, decided_at) WHERE state = 'decided';
CREATE INDEX review_items_batch ON review_items (batch) WHERE batch IS NOT NULL;
