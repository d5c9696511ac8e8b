-- +goose Up
-- Lead forms: a webhook names only the lead, its answers are read afterwards and kept with the person.
CREATE TABLE leads (
    workspace_id bigint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,
    external_id  text NOT NULL,
    form_id      text NOT NULL DEFAULT '',
    ad_id        text NOT NULL DEFAULT '',
    contact_id   bigint,                               -- NULL until the answers were read
    answers      jsonb NOT NULL DEFAULT '{}',          -- field of the form → what the person gave; nothing of it is verified
    boxes        jsonb NOT NULL DEFAULT '{}',          -- boxes of the form → ticked; kept as they are, no consent is taken from them
    submitted_at timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted','kept','failed')),
    reason       text NOT NULL DEFAULT '',             -- what came of it, for a person to read
    attempts     smallint NOT NULL DEFAULT 0,
    fetch_after  timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, account_id, external_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK (state <> 'kept' OR contact_id IS NOT NULL),
    CHECK (state = 'wanted' OR reason <> '')
);
CREATE INDEX leads_wanted ON leads (fetch_after) WHERE state = 'wanted';
CREATE INDEX leads_contact ON leads (workspace_id, contact_id) WHERE contact_id IS NOT NULL;
