-- +goose Up
-- Whether suggested replies help: what became of each, how much of it was changed, and what the sources
-- could not answer.

ALTER TABLE suggestions ADD COLUMN intent text NOT NULL DEFAULT '';
ALTER TABLE suggestions ADD COLUMN distance integer CHECK (distance >= 0); -- letters changed, added or taken out before it was sent
ALTER TABLE suggestions DROP CONSTRAINT suggestions_state_check;
ALTER TABLE suggestions ADD CHECK (state IN ('offered','accepted','edited','dismissed','ignored')); -- ignored: something else was sent
CREATE INDEX suggestions_decided ON suggestions (workspace_id, decided_at) WHERE decided_at IS NOT NULL;

-- The words themselves stay with the message, so that they go when it goes.
CREATE TABLE assist_questions (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id bigint NOT NULL,
    revision        bigint NOT NULL,
    message_id      bigint,                              -- NULL: a comment, which the conversation names
    language        text NOT NULL,
    intent          text NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    settled_by      bigint REFERENCES users,
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, conversation_id, revision),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
);
CREATE INDEX assist_questions_open ON assist_questions (workspace_id, id DESC) WHERE settled_at IS NULL;
