-- +goose Up
-- A campaign is a named set of triggers and templates with a period, a budget and a goal. Whatever goes out
-- for it says so, so that its counters, its funnel and its spending are counted and never kept beside.

CREATE TABLE campaigns (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    name            text NOT NULL CHECK (name <> ''),
    state           text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','live','paused','archived')),
    starts_at       timestamptz,
    ends_at         timestamptz,
    budget_micros   bigint CHECK (budget_micros >= 0),  -- NULL: no limit of its own; millionths of the currency
    budget_currency text NOT NULL DEFAULT '',
    goal            text NOT NULL DEFAULT '',           -- name of the goal that its funnel ends in; '': none
    created_by      bigint REFERENCES users,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    CHECK (ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at),
    CHECK (budget_micros IS NULL OR budget_currency ~ '^[A-Z]{3}$')
);

-- What a brand wanted a person to do, done: a lead, a booking, a purchase. Append-only.
CREATE TABLE goals (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    name            text NOT NULL CHECK (name ~ '^[a-z0-9_-]{1,40}$'), -- 'purchase' ends sequences of reminders
    contact_id      bigint NOT NULL,
    conversation_id bigint,
    campaign_id     bigint,
    trigger_id      bigint,
    value_micros    bigint,                             -- NULL: not known
    currency        text NOT NULL DEFAULT '',
    source          text NOT NULL CHECK (source IN ('flow','member','api','booking','connector')),
    dedupe          text NOT NULL,                      -- the same thing told twice is one goal
    at              timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, dedupe),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    CHECK (value_micros IS NULL OR currency ~ '^[A-Z]{3}$')
);
CREATE INDEX goals_contact ON goals (contact_id, at);

ALTER TABLE triggers ADD COLUMN campaign_id bigint;
ALTER TABLE triggers ADD FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id);
ALTER TABLE handoffs ADD COLUMN campaign_id bigint;
ALTER TABLE trigger_runs ADD COLUMN campaign_id bigint;

ALTER TABLE actions ADD COLUMN campaign_id bigint;
ALTER TABLE actions ADD COLUMN sequence text NOT NULL DEFAULT '';  -- nudges that follow each other have one name per person
COMMENT ON COLUMN actions.sequence IS 'Reminders that nobody asked for, one after the other: spaced, at most three, none after an answer or a purchase.';
CREATE INDEX actions_campaign ON actions (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX actions_sequence ON actions (sequence, sent_at) WHERE sequence <> '';
