-- +goose Up
-- The inbox with a hundred thousand conversations: lists in their order, and words found by an index.

CREATE INDEX conversations_recent ON conversations (workspace_id, last_message_at DESC, id DESC);
CREATE INDEX conversations_waiting ON conversations (workspace_id, last_message_at DESC, id DESC) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversations_spam ON conversations (workspace_id, last_message_at DESC, id DESC) WHERE spam;

-- Words as they are written, in small letters: names and numbers are searched as often as sentences, in
-- seven languages, so there is no stemming. Addresses and numbers with signs are parted first: the parser
-- would keep them whole.
-- +goose StatementBegin
CREATE FUNCTION words_of(t text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple', translate(t, './@:_-+#’''', '          '))
$$;
-- +goose StatementEnd
CREATE INDEX messages_words ON messages USING gin (words_of(text));
CREATE INDEX contacts_words ON contacts USING gin (words_of(name));
CREATE INDEX identities_words ON identities USING gin (words_of(name || ' ' || username));
CREATE INDEX conversations_words ON conversations USING gin (words_of(preview)) WHERE root_comment_id IS NOT NULL; -- the others' words are messages
CREATE INDEX conversations_labels ON conversations USING gin (labels) WHERE labels <> '{}';
