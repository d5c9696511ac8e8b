-- +goose Up
-- Triggers as marketers think of them: where they listen, when they are open, how often they answer.

ALTER TABLE triggers
    ADD COLUMN hashtags         text[] NOT NULL DEFAULT '{}',   -- one of them stands in the post's caption; empty: any post
    ADD COLUMN recurrence       text NOT NULL DEFAULT '',       -- when windows begin: five cron fields, workspace's zone; '': always open
    ADD COLUMN duration_minutes integer NOT NULL DEFAULT 0 CHECK (duration_minutes BETWEEN 0 AND 10080),
    ADD COLUMN once             text NOT NULL DEFAULT 'post' CHECK (once IN ('post','trigger','period')),
    ADD COLUMN delay_seconds    integer NOT NULL DEFAULT 0 CHECK (delay_seconds BETWEEN 0 AND 86400),
    ADD COLUMN jitter_seconds   integer NOT NULL DEFAULT 0 CHECK (jitter_seconds BETWEEN 0 AND 86400),
    ADD COLUMN per_hour         integer NOT NULL DEFAULT 0 CHECK (per_hour >= 0), -- 0: no ceiling
    ADD COLUMN per_day          integer NOT NULL DEFAULT 0 CHECK (per_day >= 0),
    ADD CHECK ((recurrence = '') = (duration_minutes = 0));
COMMENT ON COLUMN triggers.sources IS 'router.Sources: comment, reply, ad_comment, live_comment, mention, story_reply, message';

-- What used to be one source are five now; a trigger goes on listening to what it listened to.
UPDATE triggers SET sources = array_remove(sources, 'comment') || '{comment,reply,ad_comment,live_comment,mention}' WHERE 'comment' = ANY(sources);
UPDATE triggers SET sources = array_remove(sources, 'message') || '{story_reply,message}' WHERE 'message' = ANY(sources);

ALTER TABLE comments ADD COLUMN mention boolean NOT NULL DEFAULT false; -- of the brand, under somebody else's post

-- A window is a row: planned ahead, opened by the clock once, never after it has ended. local_start is what
-- the recurrence says on the clock on the wall, so an hour that comes twice opens once.
CREATE TABLE trigger_windows (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    trigger_id   bigint NOT NULL,
    local_start  timestamp NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned','open','closed','missed')),
    opened_at    timestamptz,
    reason       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (trigger_id, local_start),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    CHECK (ends_at > starts_at),
    CHECK ((state IN ('open','closed')) = (opened_at IS NOT NULL)),
    CHECK (opened_at IS NULL OR (opened_at >= starts_at AND opened_at < ends_at)),
    CHECK (state <> 'missed' OR reason <> '')
);
CREATE INDEX trigger_windows_due ON trigger_windows (starts_at) WHERE state IN ('planned','open');
CREATE INDEX trigger_windows_ends ON trigger_windows (workspace_id, trigger_id, ends_at);

-- Once per person in a scope: a post, a window, for ever. Append-only, so a viral post does not serialise the lanes.
ALTER TABLE trigger_runs
    ADD COLUMN scope     text NOT NULL DEFAULT '',
    ADD COLUMN language  text NOT NULL DEFAULT '',           -- of the public reply
    ADD COLUMN public    boolean NOT NULL DEFAULT true,      -- a public reply was given: variants follow each other
    ADD COLUMN window_id bigint;
UPDATE trigger_runs SET scope = 'post:' || post_id, public = comment_id IS NOT NULL;
ALTER TABLE trigger_runs
    DROP CONSTRAINT trigger_runs_workspace_id_trigger_id_identity_id_post_id_key,
    ADD CHECK (scope <> ''),
    ADD UNIQUE (workspace_id, trigger_id, identity_id, scope);
ALTER TABLE trigger_runs ALTER COLUMN scope DROP DEFAULT;
CREATE INDEX trigger_runs_place ON trigger_runs (trigger_id, post_id, id DESC) WHERE public;

-- One row is one answer under a ceiling: the unique key is the ceiling, and no row is hot.
CREATE TABLE trigger_slots (
    workspace_id bigint NOT NULL,
    trigger_id   bigint NOT NULL,
    span         text NOT NULL CHECK (span IN ('hour','day')),
    begins       timestamptz NOT NULL,                       -- of the hour or day, on the workspace's clock
    slot         integer NOT NULL CHECK (slot > 0),
    taken_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trigger_id, span, begins, slot),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id)
);

-- Comments that a trigger with a hashtag could not be held against: their post's caption was not read yet.
CREATE TABLE caption_waits (
    workspace_id bigint NOT NULL,
    post_id      bigint NOT NULL,
    comment_id   bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (post_id, comment_id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id)
);

-- Templates that a campaign is made with, in whatever languages they have.
CREATE TABLE campaign_templates (
    workspace_id bigint NOT NULL,
    campaign_id  bigint NOT NULL,
    account_id   bigint NOT NULL,
    name         text NOT NULL CHECK (name <> ''),
    PRIMARY KEY (campaign_id, account_id, name),
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

-- What a trigger would have done with what has been written.
CREATE TABLE dry_runs (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    trigger_id   bigint,                                     -- NULL: a draft that was never saved
    draft        jsonb NOT NULL,                             -- router.Trigger as it was tried
    since        timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    any_time     boolean NOT NULL DEFAULT false,             -- as if it had been open all the time
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued','running','done','cancelled','failed')),
    reason       text NOT NULL DEFAULT '',
    total        integer NOT NULL DEFAULT 0,
    worked       integer NOT NULL DEFAULT 0,
    counts       jsonb NOT NULL DEFAULT '{}',                -- by code
    holder       text NOT NULL DEFAULT '',
    lease_until  timestamptz,
    created_by   bigint REFERENCES users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    CHECK (until > since),
    CHECK (state <> 'failed' OR reason <> '')
);
CREATE INDEX dry_runs_waiting ON dry_runs (id) WHERE state IN ('queued','running');

CREATE TABLE dry_run_results (
    workspace_id bigint NOT NULL,
    dry_run_id   bigint NOT NULL,
    n            integer NOT NULL,                           -- in the order in which it was written
    subject      text NOT NULL CHECK (subject IN ('comment','message')),
    subject_id   bigint NOT NULL,
    code         text NOT NULL,
    reason       text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',                -- variant, texts, window, when it would have left
    PRIMARY KEY (dry_run_id, n),
    FOREIGN KEY (workspace_id, dry_run_id) REFERENCES dry_runs (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX dry_run_results_code ON dry_run_results (dry_run_id, code, n);

-- The funnel follows rows: from a handoff to the conversation it opened.
CREATE INDEX conversations_handoff ON conversations (workspace_id, ((origin->>'handoff_id')::bigint)) WHERE origin ? 'handoff_id';
CREATE INDEX handoffs_trigger ON handoffs (workspace_id, trigger_id);
CREATE INDEX actions_trigger ON actions (workspace_id, trigger_id) WHERE trigger_id IS NOT NULL;
