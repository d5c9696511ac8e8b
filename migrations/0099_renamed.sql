-- +goose Up
-- What a label or a team was called before: published flows name them by the name of their day, and a version never changes.
CREATE TABLE renamed (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    kind         text NOT NULL CHECK (kind IN ('label','team')),
    was          text NOT NULL,
    name         text NOT NULL,
    PRIMARY KEY (workspace_id, kind, was)
);
