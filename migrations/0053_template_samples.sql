-- +goose Up
-- Files for the headers of templates: Meta's reviewers see one as the sample, and messages with the template
-- show it where no other is given. The bytes lie in media.
CREATE TABLE template_samples (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    hash         text NOT NULL,
    name         text NOT NULL,
    mime         text NOT NULL CHECK (mime IN ('image/jpeg','image/png','video/mp4','application/pdf')),
    size         bigint NOT NULL CHECK (size > 0),
    added_by     text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, hash)
);
CREATE INDEX template_samples_hash ON template_samples (hash);
