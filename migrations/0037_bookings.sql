-- +goose Up
-- What can be booked, when it is open, and who has booked it.

-- Opening hours with the sentences that go with them: the workspace's (account_id NULL), or an account's own.
CREATE TABLE business_hours (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    account_id    bigint,
    hours         jsonb NOT NULL,                      -- {"time_zone", "week", "closed"}, as a flow writes them
    welcome       jsonb NOT NULL DEFAULT '{}',         -- {"en": "…"}: said when a conversation opens and nothing else answers
    away          jsonb NOT NULL DEFAULT '{}',         -- {"en": "…"}: said once per conversation and closed period
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);
CREATE UNIQUE INDEX business_hours_account ON business_hours (workspace_id, coalesce(account_id, 0));

CREATE TABLE services (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    key           text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_-]{0,39}$'), -- by which flows name it
    name          jsonb NOT NULL,                      -- {"en": "Haircut"}
    minutes       integer NOT NULL CHECK (minutes BETWEEN 5 AND 1440),
    every_minutes integer NOT NULL CHECK (every_minutes BETWEEN 5 AND 1440),
    capacity      integer NOT NULL CHECK (capacity BETWEEN 1 AND 1000),
    notice_minutes integer NOT NULL DEFAULT 0 CHECK (notice_minutes BETWEEN 0 AND 43200),
    ahead_days    integer NOT NULL DEFAULT 30 CHECK (ahead_days BETWEEN 1 AND 365),
    hours         jsonb,                               -- NULL: the workspace's
    reminders     jsonb NOT NULL DEFAULT '[]',         -- [{"minutes": 2880, "template": "…"}], before it begins
    feedback      jsonb,                               -- {"minutes": 120, "template": "…"}, after its end; NULL: none
    archived_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id)
);
CREATE UNIQUE INDEX services_key ON services (workspace_id, key) WHERE archived_at IS NULL;

CREATE TABLE bookings (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    service_id    bigint NOT NULL,
    contact_id    bigint,                              -- NULL: somebody the team entered by name only
    thread_id     bigint,                              -- where they are written to
    name          text NOT NULL DEFAULT '',            -- as entered by the team
    note          text NOT NULL DEFAULT '',
    ref           text NOT NULL,                       -- what the customer is told
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    state         text NOT NULL CHECK (state IN ('held','confirmed','cancelled')),
    held_until    timestamptz,                         -- a held place that is not confirmed by then is free again
    made_by       text NOT NULL,                       -- 'flow:12', 'user:7'
    cancelled_by  text NOT NULL DEFAULT '',
    cancelled_at  timestamptz,
    moved         integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, ref),
    FOREIGN KEY (workspace_id, service_id) REFERENCES services (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id),
    CHECK (ends_at > starts_at),
    CHECK ((state = 'held') = (held_until IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);
CREATE INDEX bookings_taken ON bookings (service_id, ends_at) WHERE state <> 'cancelled';
CREATE INDEX bookings_contact ON bookings (workspace_id, contact_id, starts_at);
CREATE INDEX bookings_calendar ON bookings (workspace_id, starts_at);

-- Reminders and the question how it was: made with the booking, made anew when it moves.
CREATE TABLE booking_notices (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    booking_id    bigint NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('reminder','feedback')),
    template      text NOT NULL,
    due_at        timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned','raised','done','skipped')),
    reason        text NOT NULL DEFAULT '',
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, booking_id) REFERENCES bookings (workspace_id, id)
);
CREATE INDEX booking_notices_due ON booking_notices (due_at) WHERE state = 'planned';
CREATE INDEX booking_notices_booking ON booking_notices (workspace_id, booking_id);
