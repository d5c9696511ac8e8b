-- +goose Up
-- Pictures, recordings and files of messages: announced by the network, fetched once, because its
-- addresses die in minutes. The bytes lie in media, by content; who may see them is told by these rows.
CREATE TABLE message_media (
    workspace_id bigint NOT NULL,
    message_id   bigint NOT NULL,
    position     smallint NOT NULL,                    -- in the message's list of attachments
    account_id   bigint NOT NULL,
    address      text NOT NULL,                        -- URL, or WhatsApp's media id; emptied when it was fetched
    state        text NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted','stored','failed')),
    hash         text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT '',             -- why it could not be fetched, for a person to read
    attempts     smallint NOT NULL DEFAULT 0,
    fetch_after  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, position, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    CHECK ((state = 'stored') = (hash <> ''))
);
CREATE INDEX message_media_wanted ON message_media (fetch_after) WHERE state = 'wanted';
CREATE INDEX message_media_hash ON message_media (hash) WHERE hash <> '';
CREATE INDEX posts_media ON posts (media_hash) WHERE media_hash <> '';

-- Nothing was ever written here: what became of a call stands with its action, how calls fare on the
-- whole in the metrics.
DROP TABLE exchanges;
