-- +goose Up
-- Consent and the outbox: what may go out, and what went out.

-- Append-only; a chain of HMACs over salted commitments (key outside the database). Personal values
-- stand in consent_personal and can be erased without breaking the chain.
CREATE TABLE consent_entries (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    seq          bigint NOT NULL CHECK (seq > 0),
    at           timestamptz NOT NULL,                 -- when the person acted
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    subject      bytea NOT NULL,                       -- HMAC of the address: matches again after erasure
    brand        text NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('whatsapp','messenger','instagram','sms','email','all')),
    purpose      text NOT NULL CHECK (purpose IN ('promotional','service','research','profiling','all')),
    act          text NOT NULL CHECK (act IN ('ask','grant','refuse','withdraw','doubt','expire','confirm','import')),
    kind         text NOT NULL CHECK (kind IN ('express','inferred','none')),
    wording_id   bigint,
    how          text NOT NULL,                        -- 'keyword_reply', 'button', 'plain_words', 'user_preferences', 'member' …
    evidence     jsonb NOT NULL DEFAULT '{}',          -- ids only: event, message asked, message answered
    valid_until  timestamptz,
    actor        text NOT NULL,
    commitment   bytea NOT NULL,                       -- SHA-256(salt || personal values)
    prev_hash    bytea NOT NULL,
    hash         bytea NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);
CREATE INDEX consent_entries_subject ON consent_entries (workspace_id, subject, seq DESC);

CREATE TABLE consent_personal (
    workspace_id bigint NOT NULL,
    seq          bigint NOT NULL,
    contact_id   bigint NOT NULL,
    salt         bytea NOT NULL,
    personal     jsonb NOT NULL,                       -- address, name, words of the person, local zone
    PRIMARY KEY (workspace_id, seq),
    FOREIGN KEY (workspace_id, seq) REFERENCES consent_entries (workspace_id, seq)
);
CREATE INDEX consent_personal_contact ON consent_personal (workspace_id, contact_id);

CREATE TABLE consent_wordings (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL,                        -- 'offers'
    version      integer NOT NULL,
    language     text NOT NULL,
    text         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, name, version, language)
);

-- The head of each workspace's chain; locked to append.
CREATE TABLE consent_heads (
    workspace_id bigint PRIMARY KEY REFERENCES workspaces,
    seq          bigint NOT NULL,
    hash         bytea NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION consent_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the consent ledger is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER consent_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_entries
    FOR EACH STATEMENT EXECUTE FUNCTION consent_entries_append_only();

CREATE TABLE templates (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,                      -- a WhatsApp account of the WABA
    external_id  text NOT NULL DEFAULT '',
    name         text NOT NULL CHECK (name ~ '^[a-z0-9_]+$' AND length(name) <= 512),
    language     text NOT NULL,
    category     text NOT NULL CHECK (category IN ('MARKETING','UTILITY','AUTHENTICATION')),
    status       text NOT NULL,                        -- as Meta names it: APPROVED, PAUSED …
    quality      text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT '',
    components   jsonb NOT NULL DEFAULT '[]',
    synced_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, account_id, name, language),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

CREATE TABLE actions (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    account_id    bigint NOT NULL,
    kind          text NOT NULL,                       -- channels.CallKind
    state         text NOT NULL DEFAULT 'planned' CHECK (state IN
                  ('planned','sending','done','failed','unknown','held','refused','cancelled','expired')),
    reason        text NOT NULL DEFAULT '',            -- code: 'window_closed', 'cap_day', 'comment_removed' …
    meaning       text NOT NULL DEFAULT '',            -- the same for a reader
    purpose       text NOT NULL CHECK (purpose IN ('answer','service','promotional','moderation','technical')),
    origin        text NOT NULL CHECK (origin IN ('trigger','bot','member','policy','system','api')),
    actor         text NOT NULL DEFAULT 'system',
    token         text NOT NULL UNIQUE,                -- ours; comes back in echoes and statuses
    dedupe        text NOT NULL,                       -- the same effect asked twice is one action
    contact_id    bigint,
    identity_id   bigint,
    thread_id     bigint,
    conversation_id bigint,
    comment_id    bigint,
    message_id    bigint,                              -- the outbound bubble
    answers_event bigint,                              -- the event this answers (purpose 'answer')
    waits_for     bigint,                              -- not before this action is done
    trigger_id    bigint,
    call          jsonb NOT NULL,                      -- channels.Call
    not_before    timestamptz NOT NULL DEFAULT now(),
    valid_until   timestamptz NOT NULL,
    attempts      smallint NOT NULL DEFAULT 0,         -- calls made
    looks         smallint NOT NULL DEFAULT 0,         -- times an unknown outcome was looked for
    claimed_by    text NOT NULL DEFAULT '',
    claimed_at    timestamptz,
    sent_at       timestamptz,                         -- the instant of the (last) call: limits are rebuilt from it
    done_at       timestamptz,
    external_id   text NOT NULL DEFAULT '',
    failure       jsonb,                               -- channels.Failure
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, dedupe),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id),
    CHECK (state NOT IN ('refused','held','failed') OR reason <> ''),
    CHECK (purpose <> 'answer' OR answers_event IS NOT NULL OR origin = 'member')
);
CREATE INDEX actions_due ON actions (valid_until, id) WHERE state = 'planned'; -- soonest to expire first
CREATE INDEX actions_open ON actions (state, claimed_at) WHERE state IN ('sending','unknown','held');
CREATE INDEX actions_sent ON actions (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX actions_private_replies ON actions (account_id, sent_at) WHERE kind = 'private_reply.send' AND sent_at IS NOT NULL;
CREATE INDEX actions_contact ON actions (workspace_id, contact_id, id);
CREATE INDEX actions_identity ON actions (workspace_id, identity_id, sent_at) WHERE sent_at IS NOT NULL; -- caps and the pair limit
CREATE INDEX actions_waiting ON actions (account_id) WHERE state = 'planned' AND failure IS NOT NULL;
CREATE INDEX actions_pair ON actions (workspace_id, identity_id, id) WHERE state IN ('planned','sending');
CREATE INDEX actions_failed ON actions (account_id, done_at) WHERE state = 'failed';
CREATE INDEX actions_comment ON actions (workspace_id, comment_id);
CREATE INDEX actions_conversation ON actions (workspace_id, conversation_id);
CREATE INDEX actions_recent ON actions (workspace_id, id DESC);
CREATE INDEX actions_external ON actions (account_id, external_id) WHERE external_id <> '';

CREATE INDEX receipts_failed ON receipts (account_id, at) WHERE status = 'failed'; -- floods of one error

CREATE TABLE exchanges (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id bigint NOT NULL,
    account_id   bigint NOT NULL,
    action_id    bigint,
    at           timestamptz NOT NULL DEFAULT now(),
    method       text NOT NULL,
    path         text NOT NULL,
    status       integer NOT NULL,
    took_ms      integer NOT NULL,
    note         text NOT NULL DEFAULT ''              -- error code and trace, redacted
);
CREATE INDEX exchanges_account ON exchanges (workspace_id, account_id, id DESC);
