-- +goose Up
-- Triggers, handoffs, suggestions: from a public comment to a private conversation.

CREATE TABLE triggers (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    name          text NOT NULL CHECK (name <> ''),
    state         text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','live','paused','archived')),
    priority      integer NOT NULL DEFAULT 0,          -- higher first; then the older trigger
    sources       text[] NOT NULL DEFAULT '{comment}', -- comment, message
    keywords      jsonb NOT NULL DEFAULT '[]',         -- router.KeywordSet: words by language, exclusions
    intents       text[] NOT NULL DEFAULT '{}',
    account_ids   bigint[] NOT NULL DEFAULT '{}',      -- empty: all
    post_ids      bigint[] NOT NULL DEFAULT '{}',      -- empty: all
    starts_at     timestamptz,
    ends_at       timestamptz,
    public_replies jsonb NOT NULL DEFAULT '{}',        -- {"it": ["…", "…"], "en": […]}
    private_reply jsonb NOT NULL DEFAULT '{}',         -- {"it": "…", "en": "…"}; {{link}} is the handoff's place
    handoff_account_id bigint,                         -- the WhatsApp account people are carried to
    valid_minutes integer NOT NULL DEFAULT 1440 CHECK (valid_minutes BETWEEN 1 AND 10080),
    purpose       text NOT NULL DEFAULT 'promotional' CHECK (purpose IN ('answer','service','promotional')), -- set by lint, not by wish
    created_by    bigint REFERENCES users,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, handoff_account_id) REFERENCES accounts (workspace_id, id),
    CHECK (ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at)
);
CREATE INDEX triggers_live ON triggers (workspace_id) WHERE state = 'live';

-- Once per person per post; append-only, so a viral post does not serialise the lanes.
CREATE TABLE trigger_runs (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    trigger_id   bigint NOT NULL,
    identity_id  bigint NOT NULL,
    post_id      bigint NOT NULL DEFAULT 0,            -- 0: a direct message
    event_id     bigint NOT NULL,
    comment_id   bigint,
    variant      smallint NOT NULL DEFAULT 0,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, trigger_id, identity_id, post_id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id)
);
CREATE INDEX trigger_runs_identity ON trigger_runs (identity_id);

-- The invitation to WhatsApp. Only the hash of the reference is kept.
CREATE TABLE handoffs (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    hash          bytea NOT NULL UNIQUE,
    account_id    bigint NOT NULL,                     -- the WhatsApp account it leads to
    contact_id    bigint NOT NULL,
    identity_id   bigint NOT NULL,                     -- whom it was given to
    trigger_id    bigint,
    post_id       bigint,
    comment_id    bigint,
    language      text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoked_why   text NOT NULL DEFAULT '',
    used_at       timestamptz,
    used_by       bigint,                              -- identity that used it first
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, used_by) REFERENCES identities (workspace_id, id),
    CHECK ((used_at IS NULL) = (used_by IS NULL))
);
CREATE INDEX handoffs_identity ON handoffs (workspace_id, identity_id);

CREATE TABLE quick_replies (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    shortcut     text NOT NULL CHECK (shortcut ~ '^[a-z0-9_-]{1,40}$'),
    language     text NOT NULL,
    title        text NOT NULL DEFAULT '',
    text         text NOT NULL CHECK (text <> ''),
    intents      text[] NOT NULL DEFAULT '{}',
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, shortcut, language)
);

CREATE TABLE knowledge (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    title        text NOT NULL CHECK (title <> ''),
    text         text NOT NULL CHECK (text <> ''),
    language     text NOT NULL,
    source       text NOT NULL DEFAULT '',             -- where it comes from: page, handbook
    tsv          tsvector NOT NULL,                    -- made with the language's own configuration
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id)
);
CREATE INDEX knowledge_tsv ON knowledge USING gin (tsv);

CREATE TABLE suggestions (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    revision        bigint NOT NULL,                   -- conversations.revision it was made for
    rank            smallint NOT NULL,
    language        text NOT NULL,
    text            text NOT NULL,
    sources         jsonb NOT NULL DEFAULT '[]',
    made_by         text NOT NULL CHECK (made_by IN ('quick_reply','knowledge','llm')),
    state           text NOT NULL DEFAULT 'offered' CHECK (state IN ('offered','accepted','edited','dismissed')),
    sent_text       text NOT NULL DEFAULT '',
    decided_by      bigint REFERENCES users,
    decided_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, conversation_id, revision, rank),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
