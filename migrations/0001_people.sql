-- +goose Up
-- Workspaces, the people who work in them, the accounts that are connected, and the people who write.
-- Every row of a workspace carries its id, and foreign keys are composite, so that a wrong id can
-- never reach into another workspace. Primary keys begin with the id, because batches look rows of
-- several workspaces up by it.

CREATE TABLE installation (
    key   text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE installation IS 'Facts of this installation: hash of the send epoch, hash of the secret key.';

CREATE TABLE workspaces (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE CHECK (name <> ''),
    brand        text NOT NULL DEFAULT '',             -- trading name as customers know it
    legal_name   text NOT NULL DEFAULT '',
    contact      text NOT NULL DEFAULT '',             -- how to reach the brand (Spam Act s 17)
    time_zone    text NOT NULL DEFAULT 'Australia/Sydney',
    locale       text NOT NULL DEFAULT 'en',
    country      text NOT NULL DEFAULT 'AU',
    settings     jsonb NOT NULL DEFAULT '{}',          -- inbox.Settings: caps, hours, budgets, switches
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email) AND email LIKE '%_@_%'),
    name          text NOT NULL DEFAULT '',
    password_hash text NOT NULL,
    locale        text NOT NULL DEFAULT 'en',
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz,
    UNIQUE (email)
);

CREATE TABLE members (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    user_id      bigint NOT NULL REFERENCES users,
    role         text NOT NULL CHECK (role IN ('owner','admin','supervisor','moderator','agent','analyst')),
    team         text NOT NULL DEFAULT '',
    languages    text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE sessions (
    hash         bytea PRIMARY KEY,                    -- SHA-256 of the cookie's token
    user_id      bigint NOT NULL REFERENCES users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    ip           text NOT NULL DEFAULT '',
    user_agent   text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_tokens (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),
    hash         bytea NOT NULL UNIQUE,                -- SHA-256; the token is shown once
    role         text NOT NULL CHECK (role IN ('owner','admin','supervisor','moderator','agent','analyst')),
    created_by   bigint REFERENCES users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (id, workspace_id)
);

CREATE TABLE sign_in_attempts (
    key     text NOT NULL,                             -- hash of e-mail or address
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_attempts_key ON sign_in_attempts (key, at);

CREATE TABLE audit_log (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL DEFAULT now(),
    actor        text NOT NULL,                        -- 'user:7', 'token:3', 'cli', 'system'
    verb         text NOT NULL,                        -- 'account.add', 'comment.hide' …
    object       text NOT NULL DEFAULT '',             -- 'account:4'
    detail       jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, workspace_id)
);

CREATE TABLE accounts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    channel      text NOT NULL CHECK (channel IN ('facebook','instagram','whatsapp')),
    external_id  text NOT NULL CHECK (external_id <> ''), -- Page id, Instagram account id, phone number id
    name         text NOT NULL DEFAULT '',
    base_url     text NOT NULL,
    token_sealed bytea NOT NULL,                       -- AES-GCM under the secret key
    waba_id      text NOT NULL DEFAULT '',
    phone        text NOT NULL DEFAULT '',             -- WhatsApp: digits with country code
    state        text NOT NULL DEFAULT 'connected' CHECK (state IN ('connected','needs_reauthorisation','removed')),
    state_reason text NOT NULL DEFAULT '',
    sending      boolean NOT NULL DEFAULT true,        -- kill switch of this account
    health       jsonb NOT NULL DEFAULT '{}',          -- what the doctor last saw
    backfill     jsonb NOT NULL DEFAULT '{}',          -- progress and cursor
    sweep        jsonb NOT NULL DEFAULT '{}',          -- last sweep and coverage
    created_at   timestamptz NOT NULL DEFAULT now(),
    removed_at   timestamptz,
    PRIMARY KEY (id, workspace_id),
    CHECK (channel <> 'whatsapp' OR (waba_id <> '' AND phone <> ''))
);
CREATE UNIQUE INDEX accounts_external ON accounts (channel, external_id) WHERE removed_at IS NULL;
CREATE INDEX accounts_waba ON accounts (waba_id) WHERE removed_at IS NULL AND waba_id <> '';

CREATE TABLE contacts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL DEFAULT '',
    language     text NOT NULL DEFAULT '',             -- '' = not known
    time_zone    text NOT NULL DEFAULT '',             -- '' = from country, at the gate
    country      text NOT NULL DEFAULT '',
    labels       text[] NOT NULL DEFAULT '{}',
    fields       jsonb NOT NULL DEFAULT '{}',
    blocked_at   timestamptz,
    merged_into  bigint,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, merged_into) REFERENCES contacts (workspace_id, id)
);

-- An identity is one id of one person on one network. Page- and Instagram-scoped ids belong to an
-- account (scope = accounts.id); WhatsApp ids belong to the business (scope = 0). A WhatsApp person
-- has a business-scoped user id, a phone, or both.
CREATE TABLE identities (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    contact_id   bigint NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('facebook','instagram','messenger','whatsapp')),
    scope        bigint NOT NULL DEFAULT 0,
    external_id  text,                                 -- NULL: WhatsApp person known by phone only
    phone        text,
    username     text NOT NULL DEFAULT '',
    name         text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    replaced_at  timestamptz,                          -- the network gave this person a new id
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK (external_id IS NOT NULL OR phone IS NOT NULL)
);
CREATE UNIQUE INDEX identities_external ON identities (workspace_id, channel, scope, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX identities_phone ON identities (workspace_id, channel, phone) WHERE phone IS NOT NULL AND replaced_at IS NULL;
CREATE INDEX identities_contact ON identities (workspace_id, contact_id);

-- A join moved an identity (and its threads) from one contact to another, with evidence; it can be
-- undone. Consent is keyed by the identity's address, so a join never widens it.
CREATE TABLE identity_joins (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    identity_id  bigint NOT NULL,
    from_contact bigint NOT NULL,
    to_contact   bigint NOT NULL,
    how          text NOT NULL CHECK (how IN ('handoff','private_reply','member','network')),
    evidence     jsonb NOT NULL DEFAULT '{}',
    actor        text NOT NULL DEFAULT 'system',
    at           timestamptz NOT NULL DEFAULT now(),
    undone_at    timestamptz,
    undone_by    text,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, from_contact) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, to_contact) REFERENCES contacts (workspace_id, id)
);
CREATE INDEX identity_joins_identity ON identity_joins (workspace_id, identity_id);
