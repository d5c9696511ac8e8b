-- +goose Up
-- Where a row names its account, its thread or its comment together with the workspace, that key
-- proves the workspace already. The second proof cost a look-up and a shared lock on one and the same
-- row of workspaces for every row written.

ALTER TABLE posts         DROP CONSTRAINT posts_workspace_id_fkey;
ALTER TABLE events        DROP CONSTRAINT events_workspace_id_fkey;
ALTER TABLE comments      DROP CONSTRAINT comments_workspace_id_fkey;
ALTER TABLE threads       DROP CONSTRAINT threads_workspace_id_fkey;
ALTER TABLE conversations DROP CONSTRAINT conversations_workspace_id_fkey;
ALTER TABLE messages      DROP CONSTRAINT messages_workspace_id_fkey;
ALTER TABLE review_items  DROP CONSTRAINT review_items_workspace_id_fkey;
ALTER TABLE asks          DROP CONSTRAINT asks_workspace_id_fkey;
ALTER TABLE actions       DROP CONSTRAINT actions_workspace_id_fkey;

-- No index but the key may serve a look-up by (workspace_id, id). On a young table without statistics the
-- planner believes that a workspace has one row, takes an index that begins with workspace_id for the
-- check of a foreign key, keeps that plan, and then reads the whole workspace for every row written.
-- Ids are unique in the installation, so most indexes need no workspace in front; the two lists that do
-- are partial, by a condition that is always true and that only the lists state.

DROP INDEX comments_contact;
CREATE INDEX comments_contact ON comments (contact_id);
DROP INDEX comments_post;
CREATE INDEX comments_post ON comments (post_id, commented_at DESC);
DROP INDEX comments_recent;
CREATE INDEX comments_recent ON comments (workspace_id, commented_at DESC, id DESC) WHERE commented_at > '-infinity';
DROP INDEX conversations_contact;
CREATE INDEX conversations_contact ON conversations (contact_id);
DROP INDEX conversations_list;
CREATE INDEX conversations_list ON conversations (workspace_id, state, last_message_at DESC, id DESC) WHERE last_message_at > '-infinity';
DROP INDEX identities_contact;
CREATE INDEX identities_contact ON identities (contact_id);
DROP INDEX threads_contact;
CREATE INDEX threads_contact ON threads (contact_id);
DROP INDEX verdicts_subject;
CREATE INDEX verdicts_subject ON verdicts (subject_id, subject, id DESC);
ALTER TABLE posts DROP CONSTRAINT posts_workspace_id_account_id_external_id_key;
ALTER TABLE posts ADD UNIQUE (account_id, external_id);
