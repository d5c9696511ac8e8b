-- +goose Up
-- What proves a consent, complete: the legal name of who was allowed to write, wordings of the brand's own,
-- opt-ins that wait for the person's confirmation, imports with their proof, merges of contacts that can be
-- taken back, and complaints with a deadline.

-- Format 2 of the chain binds the legal name as well. Entries of format 1 keep the hash they have.
ALTER TABLE consent_entries ADD COLUMN format smallint NOT NULL DEFAULT 1 CHECK (format IN (1, 2));
ALTER TABLE consent_entries ADD COLUMN legal_name text NOT NULL DEFAULT '';
CREATE INDEX consent_entries_at ON consent_entries (workspace_id, at);

-- A wording of the brand's own keeps its text with {brand} and {legal_name} in it, so that a new name makes a new version.
ALTER TABLE consent_wordings ADD COLUMN source text NOT NULL DEFAULT '';              -- '': shipped with the program
ALTER TABLE consent_wordings ADD COLUMN confirm boolean NOT NULL DEFAULT false;       -- double opt-in: counts only once the person confirmed
ALTER TABLE consent_wordings ADD COLUMN valid_days integer CHECK (valid_days > 0);    -- NULL: until withdrawn
ALTER TABLE consent_wordings ADD COLUMN created_by text NOT NULL DEFAULT 'system';

-- An opt-in that waits: somebody ticked a box, or staff wrote a number down. It is no consent. It becomes
-- one when the person sends the one-time code from their own WhatsApp; until then nobody is written to.
CREATE TABLE opt_ins (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    source       text NOT NULL CHECK (source IN ('web_box','paper_form','in_store','phone')),
    account_id   bigint NOT NULL,                      -- the WhatsApp number the person writes to
    code_hash    bytea NOT NULL,                       -- the code itself is kept nowhere
    wording_id   bigint NOT NULL,
    purpose      text NOT NULL DEFAULT 'promotional' CHECK (purpose IN ('promotional','service','research','profiling')),
    language     text NOT NULL DEFAULT '',
    subject      bytea,                                -- keyed hash of the number that was named; NULL: none was
    contact_id   bigint,                               -- of staff's entry about somebody known
    personal     jsonb NOT NULL DEFAULT '{}',          -- number, name: emptied when it ends
    evidence     jsonb NOT NULL DEFAULT '{}',          -- page, hash of the network address, hash of the scan, staff
    actor        text NOT NULL,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','confirmed','expired','cancelled')),
    reason       text NOT NULL DEFAULT '',
    at           timestamptz NOT NULL,                 -- when the person agreed
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    seq          bigint,                               -- entry of the ledger that it became
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, code_hash),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (wording_id, workspace_id) REFERENCES consent_wordings (id, workspace_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state <> 'confirmed' OR seq IS NOT NULL)
);
CREATE INDEX opt_ins_waiting ON opt_ins (expires_at) WHERE state = 'waiting';
CREATE INDEX opt_ins_subject ON opt_ins (workspace_id, subject) WHERE subject IS NOT NULL;
CREATE INDEX opt_ins_contact ON opt_ins (workspace_id, contact_id) WHERE contact_id IS NOT NULL;

-- Attempts at the public endpoint, by keyed hashes of network address and number, to count them.
CREATE TABLE opt_in_attempts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    key          bytea NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX opt_in_attempts_key ON opt_in_attempts (workspace_id, key, at);
CREATE INDEX opt_in_attempts_at ON opt_in_attempts (at);

-- A list from another system. Its rows count for nothing until the owner has said in writing where it comes from.
CREATE TABLE consent_imports (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),     -- of the file
    digest       bytea NOT NULL,                       -- SHA-256 of the file
    state        text NOT NULL DEFAULT 'checked' CHECK (state IN ('checked','running','done','cancelled')),
    origin       text NOT NULL DEFAULT '',             -- the owner's written statement where it comes from
    uploaded_by  text NOT NULL,
    confirmed_by text NOT NULL DEFAULT '',
    confirmed_at timestamptz,
    rows         integer NOT NULL CHECK (rows >= 0),
    position     integer NOT NULL DEFAULT 0,           -- last line that was worked on: an interrupted run goes on behind it
    created_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (id, workspace_id),
    CHECK (state IN ('checked','cancelled') OR (origin <> '' AND confirmed_by <> '' AND confirmed_at IS NOT NULL))
);
CREATE UNIQUE INDEX consent_imports_digest ON consent_imports (workspace_id, digest) WHERE state <> 'cancelled';
CREATE INDEX consent_imports_running ON consent_imports (id) WHERE state = 'running';

CREATE TABLE consent_import_rows (
    workspace_id bigint NOT NULL,
    import_id    bigint NOT NULL,
    line         integer NOT NULL CHECK (line > 0),
    state        text NOT NULL CHECK (state IN ('waiting','refused','imported','suppressed')),
    reason       text NOT NULL DEFAULT '',
    contact_id   bigint,
    "values"     jsonb NOT NULL DEFAULT '{}',          -- as they stood in the file: emptied when it has been worked on
    PRIMARY KEY (workspace_id, import_id, line),
    FOREIGN KEY (import_id, workspace_id) REFERENCES consent_imports (id, workspace_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK (state IN ('waiting','imported') OR reason <> '')
);
CREATE INDEX consent_import_rows_contact ON consent_import_rows (workspace_id, contact_id) WHERE contact_id IS NOT NULL;

-- Two contacts that a member said are one. What both were before stands here, so that it can be taken back.
CREATE TABLE contact_merges (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    from_contact bigint NOT NULL,                      -- became part of the other
    into_contact bigint NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),   -- why the member believes it
    before       jsonb NOT NULL,                       -- name, language, labels, fields … of both
    after        jsonb NOT NULL,
    moved        jsonb NOT NULL,                       -- ids of the identities and rows that moved, by table
    actor        text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    undone_at    timestamptz,
    undone_by    text,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, from_contact) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, into_contact) REFERENCES contacts (workspace_id, id),
    CHECK (from_contact <> into_contact),
    CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE INDEX contact_merges_into ON contact_merges (workspace_id, into_contact);
CREATE UNIQUE INDEX contact_merges_from ON contact_merges (workspace_id, from_contact) WHERE undone_at IS NULL;

-- Something that owner or admin must answer within days: a complaint, a threat with an authority.
CREATE TABLE compliance_items (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    kind            text NOT NULL CHECK (kind IN ('complaint','authority','lawyer','access','erasure','import')),
    contact_id      bigint NOT NULL,
    conversation_id bigint,
    message_id      bigint,
    channel         text NOT NULL DEFAULT '',
    matched         text NOT NULL,                     -- name of the sign that was seen; never what the person wrote
    opened_at       timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,              -- one business day: then it alarms
    breach_at       timestamptz NOT NULL,              -- four business days: then a promise is broken
    alarmed_at      timestamptz,
    breached_at     timestamptz,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open','resolved')),
    resolution      text NOT NULL DEFAULT '',
    resolved_by     text,
    resolved_at     timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL AND resolution <> '' AND resolved_by IS NOT NULL)),
    CHECK (breach_at > due_at)
);
CREATE UNIQUE INDEX compliance_items_open ON compliance_items (workspace_id, contact_id, kind) WHERE state = 'open';
CREATE INDEX compliance_items_due ON compliance_items (due_at) WHERE state = 'open';
CREATE INDEX compliance_items_contact ON compliance_items (workspace_id, contact_id);

-- Erasing a person finds what was written about an identity under the contact it belonged to before.
CREATE INDEX consent_personal_identity ON consent_personal (workspace_id, ((personal ->> 'identity_id')::bigint));
