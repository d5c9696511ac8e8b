-- +goose Up
-- What members are told, in the interface and by e-mail, and what other systems are told by signed webhooks.

CREATE TABLE notifications (
    workspace_id bigint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    user_id      bigint NOT NULL,
    kind         text NOT NULL,
    conversation_id bigint,
    object       text NOT NULL DEFAULT '',             -- 'account:4', 'campaign:2': what it is about beside a conversation
    data         jsonb NOT NULL DEFAULT '{}',          -- numbers, ids and instants; never what a customer wrote
    dedupe       text NOT NULL,                        -- the same thing is told once
    at           timestamptz NOT NULL DEFAULT now(),
    read_at      timestamptz,
    mail         text NOT NULL DEFAULT 'none' CHECK (mail IN ('none','wanted','sent','failed')),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, user_id, dedupe),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX notifications_list ON notifications (workspace_id, user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (workspace_id, user_id) WHERE read_at IS NULL;
CREATE INDEX notifications_mail ON notifications (at) WHERE mail = 'wanted';

-- What a member wants to hear of, and how. No row: the defaults.
CREATE TABLE notification_choices (
    workspace_id bigint NOT NULL,
    user_id      bigint NOT NULL,
    email        text[] NOT NULL,                      -- kinds
    browser      text[] NOT NULL,
    digest_minutes integer NOT NULL DEFAULT 15 CHECK (digest_minutes BETWEEN 5 AND 1440),
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);

-- When a member was last sent a digest, and how the last tries went.
CREATE TABLE notification_mails (
    workspace_id bigint NOT NULL,
    user_id      bigint NOT NULL,
    last_at      timestamptz NOT NULL,
    failures     integer NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);

CREATE TABLE webhook_endpoints (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    url          text NOT NULL CHECK (url LIKE 'https://%'),
    description  text NOT NULL DEFAULT '',
    kinds        text[] NOT NULL DEFAULT '{}',         -- empty: all
    secret_sealed bytea NOT NULL,
    state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active','paused','removed')),
    reason       text NOT NULL DEFAULT '',             -- why it is paused
    failures     integer NOT NULL DEFAULT 0,           -- tries that failed since the last one that did not
    created_by   bigint REFERENCES users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id)
);

CREATE TABLE webhook_sends (
    workspace_id bigint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    endpoint_id  bigint NOT NULL,
    event_id     text NOT NULL,                        -- the same in every try and resend
    kind         text NOT NULL,
    body         text NOT NULL,                        -- the bytes that are signed
    resent_of    bigint,                               -- a person sent this one again
    state        text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned','sending','done','failed')),
    attempts     integer NOT NULL DEFAULT 0,
    not_before   timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,
    status       integer NOT NULL DEFAULT 0,           -- of the last answer; 0: none came
    error        text NOT NULL DEFAULT '',
    took_ms      integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id),
    CHECK ((state IN ('done','failed')) = (done_at IS NOT NULL))
);
CREATE INDEX webhook_sends_due ON webhook_sends (not_before) WHERE state IN ('planned','sending');
CREATE UNIQUE INDEX webhook_sends_event ON webhook_sends (workspace_id, endpoint_id, event_id) WHERE resent_of IS NULL;
CREATE INDEX webhook_sends_log ON webhook_sends (workspace_id, endpoint_id, id DESC);
CREATE INDEX webhook_sends_done ON webhook_sends (done_at) WHERE done_at IS NOT NULL;
