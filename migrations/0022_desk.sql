-- +goose Up
-- Who answers whom, and by when: teams, what members can take, the queue of those who wait, deadlines and
-- their breaches, notes, snoozes, scheduled replies.

-- A team is known by its name, which bots route to; conversations.team holds it.
CREATE TABLE teams (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),
    skills       text[] NOT NULL DEFAULT '{}',         -- what it is asked for beside its name
    languages    text[] NOT NULL DEFAULT '{}',         -- empty: any
    hours        jsonb,                                -- opening hours of its own; NULL: the workspace's
    escalate_to  text NOT NULL DEFAULT '',             -- team that gets what waits too long; '': supervisors
    created_at   timestamptz NOT NULL DEFAULT now(),
    archived_at  timestamptz,
    PRIMARY KEY (id, workspace_id)
);
CREATE UNIQUE INDEX teams_name ON teams (workspace_id, name) WHERE archived_at IS NULL;

CREATE TABLE team_members (
    workspace_id bigint NOT NULL,
    team_id      bigint NOT NULL,
    user_id      bigint NOT NULL,
    PRIMARY KEY (workspace_id, team_id, user_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX team_members_user ON team_members (workspace_id, user_id);

-- How a member takes conversations. No row: the defaults of the workspace, and present while seen.
CREATE TABLE agents (
    workspace_id bigint NOT NULL,
    user_id      bigint NOT NULL,
    capacity     integer CHECK (capacity BETWEEN 0 AND 500), -- open conversations at once; NULL: the workspace's default
    skills       text[] NOT NULL DEFAULT '{}',
    away_since   timestamptz,                          -- gets nothing while away
    away_until   timestamptz,                          -- NULL: until they say so
    away_note    text NOT NULL DEFAULT '',
    last_given_at timestamptz,                         -- of two who are equally free, the one who waited longer
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (away_until IS NULL OR away_since IS NOT NULL)
);

-- Who has which conversation open (0: the interface, no conversation), and is writing. Rows die in seconds.
CREATE UNLOGGED TABLE presence (
    workspace_id    bigint NOT NULL,
    user_id         bigint NOT NULL,
    conversation_id bigint NOT NULL,
    typing_at       timestamptz,
    seen_at         timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id, conversation_id)
);
CREATE INDEX presence_conversation ON presence (workspace_id, conversation_id);
CREATE INDEX presence_seen ON presence (seen_at);

ALTER TABLE conversations
    ADD COLUMN priority      smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1 AND 2), -- low, normal, high, urgent
    ADD COLUMN vip           boolean NOT NULL DEFAULT false, -- the customer's value, as it was when the wait began
    ADD COLUMN skill         text NOT NULL DEFAULT '',       -- what the bot asked for in who answers
    ADD COLUMN assigned_at   timestamptz,                    -- the assignee has it since
    ADD COLUMN assigned_how  text NOT NULL DEFAULT '',       -- 'auto', 'member'
    ADD COLUMN taken_back    smallint NOT NULL DEFAULT 0,    -- how often it came back unanswered
    ADD COLUMN refused_by    bigint[] NOT NULL DEFAULT '{}', -- those it was taken back from in this wait
    ADD COLUMN escalated_at  timestamptz,
    ADD COLUMN handed_over_at timestamptz,                   -- the bot handed it to people then; NULL: it never did
    ADD COLUMN snoozed_at    timestamptz,
    ADD COLUMN snoozed_until timestamptz,                    -- NULL while snoozed: until the customer writes
    ADD COLUMN due_for       timestamptz,                    -- the wait (waiting_since) that the deadlines below are for
    ADD COLUMN answer_due_at   timestamptz,                  -- first answer, by anybody
    ADD COLUMN handover_due_at timestamptz,                  -- first answer of a person after the bot handed over
    ADD COLUMN overdue_at      timestamptz,                  -- red from then on
    ADD COLUMN due_at          timestamptz,                  -- the soonest of them
    ADD COLUMN near_at         timestamptz,                  -- warn from then on
    ADD COLUMN queue_at        timestamptz,                  -- place in the queue: due_at, less a head start for priority and value
    ADD CHECK (snoozed_until IS NULL OR snoozed_at IS NOT NULL);

-- Waits whose deadlines are not written yet, or are of a wait that is over.
CREATE INDEX conversations_unstamped ON conversations (workspace_id, id) WHERE due_for IS DISTINCT FROM waiting_since;
CREATE INDEX conversations_queue ON conversations (workspace_id, queue_at, id) WHERE state = 'open' AND waiting_since IS NOT NULL AND NOT spam;
CREATE INDEX conversations_assignee ON conversations (workspace_id, assignee_id, last_message_at DESC, id DESC) WHERE state = 'open';
CREATE INDEX conversations_snoozed ON conversations (workspace_id, snoozed_until) WHERE snoozed_at IS NOT NULL;
CREATE INDEX conversations_team ON conversations (workspace_id, team, last_message_at DESC, id DESC) WHERE state = 'open' AND team <> '';

-- assigned_at and handed_over_at are facts about two columns that many writers move: a trigger keeps them,
-- so that no writer can forget to.
-- +goose StatementBegin
CREATE FUNCTION conversation_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.assignee_id IS NOT NULL THEN NEW.assigned_at := coalesce(NEW.assigned_at, now()); END IF;
        RETURN NEW;
    END IF;
    IF NEW.assignee_id IS DISTINCT FROM OLD.assignee_id AND NEW.assigned_at IS NOT DISTINCT FROM OLD.assigned_at THEN
        NEW.assigned_at := CASE WHEN NEW.assignee_id IS NOT NULL THEN now() END;
        NEW.assigned_how := CASE WHEN NEW.assignee_id IS NOT NULL THEN 'member' ELSE '' END;
    END IF;
    IF OLD.handler = 'bot' AND NEW.handler = 'human' AND NEW.handler_reason <> 'spam' THEN
        NEW.handed_over_at := now();
        NEW.due_for := NULL; -- a person is waited for now: other deadlines
    END IF;
    IF NEW.state = 'resolved' AND OLD.state = 'open' THEN
        NEW.snoozed_at := NULL; NEW.snoozed_until := NULL; NEW.escalated_at := NULL; NEW.taken_back := 0; NEW.refused_by := '{}';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER conversations_moved BEFORE INSERT OR UPDATE OF assignee_id, handler, state ON conversations
    FOR EACH ROW EXECUTE FUNCTION conversation_moved();

-- What happened to a conversation beside what was said in it. Append-only; shown in the thread.
CREATE TABLE conversation_steps (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    actor           text NOT NULL,                     -- 'user:7', 'token:3', 'system'
    what            text NOT NULL CHECK (what IN ('assigned','unassigned','taken_back','escalated','transferred','team','priority','snoozed','woken','resolved','reopened','taken_over','returned_to_bot','breached','scheduled_cancelled')),
    user_id         bigint REFERENCES users,           -- to whom, or from whom
    team            text NOT NULL DEFAULT '',
    note            text NOT NULL DEFAULT '',          -- a member's words at a transfer; erased with the person
    detail          jsonb NOT NULL DEFAULT '{}',       -- minutes, reasons, ids; never what a customer wrote
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
CREATE INDEX conversation_steps_conversation ON conversation_steps (workspace_id, conversation_id, id);

-- A breach, or that one is near, is told once per wait and level, whatever restarts.
CREATE TABLE sla_events (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    wait            timestamptz NOT NULL,              -- waiting_since of the wait it is about
    kind            text NOT NULL CHECK (kind IN ('answer','handover','overdue')),
    level           text NOT NULL CHECK (level IN ('near','breach')),
    due_at          timestamptz NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    cleared_at      timestamptz,                       -- somebody answered, or it was resolved
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, conversation_id, wait, kind, level),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
CREATE INDEX sla_events_open ON sla_events (workspace_id, conversation_id) WHERE cleared_at IS NULL;
CREATE INDEX sla_events_at ON sla_events (workspace_id, at);

CREATE TABLE notes (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    author_id       bigint REFERENCES users,           -- NULL: an API token
    text            text NOT NULL,
    mentions        bigint[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    deleted_at      timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    CHECK (deleted_at IS NOT NULL OR text <> '')
);
CREATE INDEX notes_conversation ON notes (workspace_id, conversation_id, id);

CREATE TABLE drafts (
    workspace_id    bigint NOT NULL,
    conversation_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    text            text NOT NULL CHECK (text <> ''),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, conversation_id, user_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);

-- A reply that waits for its time is an action like any other; this says who wants it and what ends it.
CREATE TABLE scheduled_replies (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    action_id       bigint NOT NULL,
    conversation_id bigint NOT NULL,
    user_id         bigint REFERENCES users,
    send_at         timestamptz NOT NULL,
    unless_written  boolean NOT NULL,                  -- cancelled when the customer writes first
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (action_id, workspace_id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
CREATE INDEX scheduled_replies_conversation ON scheduled_replies (conversation_id);

-- The labels a workspace keeps; conversations and contacts may carry others.
CREATE TABLE labels (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),
    color        text NOT NULL CHECK (color IN ('gray','red','orange','yellow','green','teal','blue','violet','pink')),
    description  text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id)
);
CREATE UNIQUE INDEX labels_name ON labels (workspace_id, lower(name));

-- Opening hours that changed make all deadlines of the workspace be written anew.
CREATE TABLE desk_clocks (
    workspace_id bigint PRIMARY KEY REFERENCES workspaces,
    digest       text NOT NULL
);
