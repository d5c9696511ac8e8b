-- +goose Up
-- A workspace's own moderation rules, laid over those that come with the program: one with the name of a
-- shipped rule takes its place.

CREATE TABLE rules (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),
    document     text NOT NULL,                        -- moderation.Rule as JSON; text, not jsonb: the version of a set of rules names its bytes
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_by   text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, name)
);

-- Counts the changes of a workspace's rules, so that who judges need not read fifty thousand phrases to
-- know that they are the same.
ALTER TABLE workspaces ADD COLUMN rules_revision bigint NOT NULL DEFAULT 0;

-- They stood in the settings, which every batch of events reads.
INSERT INTO rules (workspace_id, name, document, created_by, updated_by)
SELECT DISTINCT ON (w.id, r->>'name') w.id, r->>'name', r::text, 'migration', 'migration'
FROM workspaces w, jsonb_array_elements(CASE jsonb_typeof(w.settings->'rules') WHEN 'array' THEN w.settings->'rules' ELSE '[]' END) r
WHERE coalesce(r->>'name', '') <> '';
UPDATE workspaces SET settings = settings - 'rules', rules_revision = 1 WHERE settings ? 'rules';

-- What an author wrote lately, for rules that ask about it.
CREATE INDEX comments_author ON comments (contact_id, commented_at DESC);
