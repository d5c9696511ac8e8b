-- +goose Up
-- What came in. A delivery is one webhook request as it came; an event is one thing in it.

CREATE TABLE deliveries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now(),
    source      text NOT NULL DEFAULT 'webhook' CHECK (source IN ('webhook','sweep','backfill')),
    body        bytea NOT NULL,
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','split','parked')),
    reason      text NOT NULL DEFAULT '',
    attempts    smallint NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_pending ON deliveries (id) WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';

CREATE TABLE events (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL REFERENCES workspaces,
    account_id   bigint NOT NULL,
    delivery_id  bigint,                               -- NULL: internal (an answer of the LLM, a clock)
    key          text NOT NULL,
    kind         text NOT NULL,
    channel      text NOT NULL,
    lane         smallint NOT NULL,
    source       text NOT NULL DEFAULT 'webhook' CHECK (source IN ('webhook','sweep','backfill','internal')),
    occurred_at  timestamptz NOT NULL,
    payload      json NOT NULL,                        -- json, not jsonb: what came in may hold \u0000 or numbers beyond numeric
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','done','parked')),
    reason       text NOT NULL DEFAULT '',             -- what came of it, for a person to read
    attempts     smallint NOT NULL DEFAULT 0,
    not_before   timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    UNIQUE (account_id, key),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    CHECK (state <> 'done' OR reason <> '')
);
CREATE INDEX events_pending ON events (id) WHERE state = 'pending';
CREATE INDEX events_parked ON events (workspace_id, id) WHERE state = 'parked';
CREATE INDEX events_recent ON events (workspace_id, id DESC);

-- A lane is held by one worker at a time; the fence lets a late writer notice that it lost it.
CREATE TABLE lanes (
    lane       smallint PRIMARY KEY,
    holder     text NOT NULL DEFAULT '',
    fence      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO lanes (lane) SELECT generate_series(0, 63);

-- What live pages must read again. Readers stay behind pg_snapshot_xmin, because ids commit out of order.
CREATE TABLE changes (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic        text NOT NULL,                        -- 'comment', 'conversation', 'message', 'action', 'account' …
    object_id    bigint NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX changes_workspace ON changes (workspace_id, id);
CREATE INDEX changes_at ON changes (at);
