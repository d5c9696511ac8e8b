-- +goose Up
-- The inbox with a hundred thousand conversations: lists in their order, and words found by an index.

CREATE INDEX conversations_recent ON conversations (workspace_id, last_message_at DESC, id DESC);
CREATE INDEX conversations_waiting ON conversations (workspace_id, last_message_at DESC, id DESC) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversations_spam ON conversations (workspace_id, last_message_at DESC, id DESC) WHERE spam;

-- Words as they are written, in small letters: names and numbers are searched as often as sentences, in
-- seven languages, so there is no stemming.
CREATE INDEX messages_words ON messages USING gin (to_tsvector('simple', text));
CREATE INDEX contacts_words ON contacts USING gin (to_tsvector('simple', name));
CREATE INDEX identities_words ON identities USING gin (to_tsvector('simple', name || ' ' || username));
CREATE INDEX conversations_words ON conversations USING gin (to_tsvector('simple', preview)) WHERE root_comment_id IS NOT NULL; -- the others' words are messages
CREATE INDEX conversations_labels ON conversations USING gin (labels) WHERE labels <> '{}';
