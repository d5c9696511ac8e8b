-- +goose Up
-- Indexes that others serve, or whose rows are mostly empty: each is written for every comment or action.

DROP INDEX comments_contact; -- comments_author begins with the same column
DROP INDEX actions_conversation;
CREATE INDEX actions_conversation ON actions (workspace_id, conversation_id) WHERE conversation_id IS NOT NULL;
DROP INDEX actions_comment;
CREATE INDEX actions_comment ON actions (workspace_id, comment_id) WHERE comment_id IS NOT NULL;

-- The outbox looks for what is due account by account, private replies apart.
CREATE INDEX actions_due_by_account ON actions (account_id, (kind = 'private_reply.send'), valid_until, id) WHERE state = 'planned';
CREATE INDEX actions_waits_for ON actions (id) WHERE waits_for IS NOT NULL AND state IN ('planned','held');
