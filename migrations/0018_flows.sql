-- +goose Up
-- Bot flows: a conversation written down, its published versions, and the people inside.

CREATE TABLE flows (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    key           text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_-]{0,39}$'), -- the document's id
    name          text NOT NULL,
    draft         text NOT NULL,                       -- as written: faults are told by line
    revision      integer NOT NULL DEFAULT 1,          -- moves with every change of the draft
    live_version  bigint,                              -- what new people begin; NULL: nobody begins it
    archived_at   timestamptz,
    created_by    bigint REFERENCES users,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    CHECK (archived_at IS NULL OR live_version IS NULL)
);
CREATE UNIQUE INDEX flows_key ON flows (workspace_id, key) WHERE archived_at IS NULL;

-- A published version never changes: whoever is inside finishes on it.
CREATE TABLE flow_versions (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    flow_id       bigint NOT NULL,
    number        integer NOT NULL CHECK (number > 0),
    document      text NOT NULL,
    note          text NOT NULL DEFAULT '',
    published_by  bigint REFERENCES users,
    published_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, flow_id, number),
    FOREIGN KEY (workspace_id, flow_id) REFERENCES flows (workspace_id, id)
);
ALTER TABLE flows ADD FOREIGN KEY (workspace_id, live_version) REFERENCES flow_versions (workspace_id, id);

-- +goose StatementBegin
CREATE FUNCTION flow_versions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published version of a flow is never changed: publish another';
END $$;
-- +goose StatementEnd
CREATE TRIGGER flow_versions_stay BEFORE UPDATE ON flow_versions FOR EACH ROW EXECUTE FUNCTION flow_versions_stay();

-- When a flow begins. The most particular start wins: words, then handoff, then everybody.
CREATE TABLE flow_starts (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    flow_id       bigint NOT NULL,
    on_what       text NOT NULL CHECK (on_what IN ('keyword','handoff','conversation')),
    account_id    bigint,                              -- NULL: every account
    channel       text NOT NULL DEFAULT '' CHECK (channel IN ('','whatsapp','instagram','messenger')),
    language      text NOT NULL DEFAULT '',
    trigger_id    bigint,                              -- handoff: of this trigger only
    campaign_id   bigint,                              -- handoff: of this campaign only
    keywords      text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, flow_id) REFERENCES flows (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
    CHECK ((on_what = 'keyword') = (keywords <> '{}')),
    CHECK (on_what = 'handoff' OR trigger_id IS NULL AND campaign_id IS NULL)
);
CREATE INDEX flow_starts_flow ON flow_starts (workspace_id, flow_id);

-- One person inside a flow.
CREATE TABLE flow_runs (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    flow_id         bigint,                            -- NULL: one that is shipped and belongs to no workspace
    version_id      bigint,
    shipped         text NOT NULL DEFAULT '',
    conversation_id bigint NOT NULL,
    thread_id       bigint NOT NULL,
    account_id      bigint NOT NULL,
    lane            smallint NOT NULL,                 -- of the person, in which what comes back is decided
    state           jsonb NOT NULL DEFAULT '{}',       -- flow.State
    pending         jsonb NOT NULL DEFAULT '[]',       -- messages of a burst that wait for its end
    answers_event   bigint,                            -- the event the next message answers
    began_with      text NOT NULL,                     -- 'keyword', 'handoff', 'conversation', 'booking'
    trigger_id      bigint,
    campaign_id     bigint,
    timer_at        timestamptz,
    timer_seq       integer NOT NULL DEFAULT 0,
    timer_raised    integer NOT NULL DEFAULT 0,        -- number of the timer that was passed to the lane
    started_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    why             text NOT NULL DEFAULT '',          -- how it ended
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, flow_id) REFERENCES flows (workspace_id, id),
    FOREIGN KEY (workspace_id, version_id) REFERENCES flow_versions (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
    CHECK ((version_id IS NULL) = (shipped <> '')),
    CHECK ((ended_at IS NULL) = (why = '')),
    CHECK (ended_at IS NULL OR timer_at IS NULL)
);
CREATE UNIQUE INDEX flow_runs_open ON flow_runs (conversation_id) WHERE ended_at IS NULL;
CREATE INDEX flow_runs_flow ON flow_runs (workspace_id, flow_id, id DESC);
CREATE INDEX flow_runs_thread ON flow_runs (workspace_id, thread_id);
CREATE INDEX flow_runs_timer ON flow_runs (timer_at) WHERE timer_at IS NOT NULL;

-- A call to another system, made beside the lanes. What was asked and answered is emptied once it is used.
CREATE TABLE flow_calls (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    run_id        bigint NOT NULL,
    seq           integer NOT NULL,
    step          text NOT NULL,
    method        text NOT NULL CHECK (method IN ('GET','POST')),
    host          text NOT NULL,
    url           text NOT NULL,
    body          text NOT NULL DEFAULT '',
    secret        text NOT NULL,
    timeout_ms    integer NOT NULL CHECK (timeout_ms BETWEEN 1 AND 20000),
    state         text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned','calling','answered','failed')),
    holder        text NOT NULL DEFAULT '',
    lease_until   timestamptz,
    attempts      smallint NOT NULL DEFAULT 0,
    status        integer NOT NULL DEFAULT 0,
    answer        text NOT NULL DEFAULT '',
    failure       text NOT NULL DEFAULT '',            -- a short word; '' where there was an answer
    created_at    timestamptz NOT NULL DEFAULT now(),
    done_at       timestamptz,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, run_id, seq),
    FOREIGN KEY (workspace_id, run_id) REFERENCES flow_runs (workspace_id, id),
    CHECK ((state IN ('answered','failed')) = (done_at IS NOT NULL)),
    CHECK ((state = 'failed') = (failure <> ''))
);
CREATE INDEX flow_calls_open ON flow_calls (id) WHERE state IN ('planned','calling');

-- What calls are signed with, and where such a call may go.
CREATE TABLE flow_secrets (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    name          text NOT NULL CHECK (name ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    hosts         text[] NOT NULL CHECK (hosts <> '{}'),
    sealed        bytea NOT NULL,
    created_by    bigint REFERENCES users,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    used_at       timestamptz,
    PRIMARY KEY (workspace_id, name)
);
