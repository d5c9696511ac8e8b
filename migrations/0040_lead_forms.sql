-- +goose Up
-- What a lead form's box means, told by the team that made the form: its words are kept as a wording, so
-- that a ticked box is a consent to exactly these words. What has no such row is a task for a person.

CREATE TABLE lead_forms (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    form_id      text NOT NULL CHECK (form_id <> ''),  -- the network's id
    name         text NOT NULL DEFAULT '',
    account_id   bigint NOT NULL,                      -- the WhatsApp account that writes first
    box_key      text NOT NULL CHECK (box_key <> ''),
    wording_id   bigint NOT NULL,                      -- what stands beside the box
    language     text NOT NULL,
    purpose      text NOT NULL CHECK (purpose IN ('service','promotional')),
    template     text NOT NULL CHECK (template <> ''), -- name of the first message
    label        text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);
CREATE UNIQUE INDEX lead_forms_form ON lead_forms (workspace_id, form_id) WHERE ended_at IS NULL;

ALTER TABLE leads ADD COLUMN task text NOT NULL DEFAULT '' CHECK (task IN ('','open','done'));
ALTER TABLE leads ADD COLUMN task_by text NOT NULL DEFAULT '';
CREATE INDEX leads_task ON leads (workspace_id, id) WHERE task = 'open';
