-- +goose Up
-- Files that a member chose for a reply and has not sent yet. The bytes lie in media; when the reply is
-- sent, message_media refers to them and the row here goes. One that is not sent goes after a day.
CREATE TABLE uploads (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    user_id         bigint REFERENCES users,             -- NULL: a program's token
    hash            text NOT NULL,
    name            text NOT NULL,
    mime            text NOT NULL,
    type            text NOT NULL CHECK (type IN ('image','video','audio','document')),
    size            bigint NOT NULL CHECK (size > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
CREATE INDEX uploads_conversation ON uploads (workspace_id, conversation_id);
CREATE INDEX uploads_hash ON uploads (hash);
CREATE INDEX uploads_age ON uploads (created_at);
