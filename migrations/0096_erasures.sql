-- +goose Up
-- Erasing a person is one transaction for what is theirs by a key. What may name them besides – receipts, reactions, what
-- other people's webhooks hold – is looked for behind it, step by step, and what was under way is emptied as it ends. The
-- names to look for are kept until then.
CREATE TABLE erasures (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    contact_id   bigint NOT NULL,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    names        text[] NOT NULL,                      -- ids and numbers; emptied as soon as nothing can bring them any more
    newest       bigint NOT NULL,                      -- event when it was asked for; later ones count by when they happened
    seen         bigint NOT NULL DEFAULT 0,            -- events up to here were looked through
    look_at      timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    PRIMARY KEY (workspace_id, contact_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);
CREATE INDEX erasures_open ON erasures (look_at) WHERE done_at IS NULL;

-- What was under way when somebody was erased earlier is emptied too.
INSERT INTO erasures (workspace_id, contact_id, asked_at, names, newest)
SELECT workspace_id, contact_id, now() - interval '1 hour', '{}', 0 FROM identities WHERE external_id = 'erased:' || id GROUP BY 1, 2;
