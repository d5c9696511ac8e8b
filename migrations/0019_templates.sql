-- +goose Up
-- Templates are written here, approved in the team, and submitted to Meta as actions. What Meta says of
-- them is kept with the instant it holds from, because its news do not come in order.

ALTER TABLE templates
    ADD COLUMN status_at        timestamptz,                  -- the status, quality and category hold from then
    ADD COLUMN quality_at       timestamptz,
    ADD COLUMN category_at      timestamptz,
    ADD COLUMN category_asked   text NOT NULL DEFAULT '',     -- what was submitted; another category is Meta's doing
    ADD COLUMN category_next    text NOT NULL DEFAULT '',     -- what Meta announced to change it to
    ADD COLUMN category_next_at timestamptz,
    ADD COLUMN paused_by        text NOT NULL DEFAULT '',     -- a member: nothing goes out by it until they resume it
    ADD COLUMN paused_at        timestamptz,
    ADD COLUMN deleted_at       timestamptz;

-- What happened to a template, told by webhook, read from the list or answered to a call. Append-only.
CREATE TABLE template_events (
    workspace_id bigint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    template_id  bigint NOT NULL,
    at           timestamptz NOT NULL,
    field        text NOT NULL,                               -- status, quality, category, category_notice, components, paused
    value        text NOT NULL,
    previous     text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT '',
    source       text NOT NULL CHECK (source IN ('webhook','sync','answer','member')),
    actor        text NOT NULL DEFAULT 'network',
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, template_id) REFERENCES templates (workspace_id, id)
);
CREATE INDEX template_events_template ON template_events (workspace_id, template_id, at);

-- One language of one name, as it is written here. Its texts are in template_versions.
CREATE TABLE template_drafts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,                             -- a WhatsApp account of the WABA
    name         text NOT NULL CHECK (name ~ '^[a-z0-9_]+$' AND length(name) <= 512),
    language     text NOT NULL CHECK (language <> ''),
    ready        text NOT NULL DEFAULT '',                    -- key of the ready-made one it began as
    version      integer NOT NULL CHECK (version > 0),        -- the latest
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    removed_at   timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);
CREATE UNIQUE INDEX template_drafts_name ON template_drafts (workspace_id, account_id, name, language) WHERE removed_at IS NULL;

-- A text never changes once it is written: a change is the next version.
CREATE TABLE template_versions (
    workspace_id bigint NOT NULL,
    draft_id     bigint NOT NULL,
    version      integer NOT NULL CHECK (version > 0),
    definition   jsonb NOT NULL,                              -- template.Definition
    author       text NOT NULL,
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','asked','approved','returned','submitted')),
    note         text NOT NULL DEFAULT '',                    -- why it was returned
    asked_by     text NOT NULL DEFAULT '',
    asked_at     timestamptz,
    decided_by   text NOT NULL DEFAULT '',
    decided_at   timestamptz,
    alone        boolean NOT NULL DEFAULT false,              -- nobody else could have approved it
    action_id    bigint,                                      -- the latest call that submits it
    submitted_by text NOT NULL DEFAULT '',
    submitted_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, draft_id, version),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES template_drafts (workspace_id, id),
    CHECK (state <> 'returned' OR note <> ''),
    CHECK (state NOT IN ('approved','submitted') OR decided_by <> '' AND (alone OR decided_by <> author)),
    CHECK (state <> 'submitted' OR action_id IS NOT NULL)
);
CREATE INDEX template_versions_action ON template_versions (action_id) WHERE action_id IS NOT NULL;
