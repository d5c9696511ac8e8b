-- +goose Up
-- Instagram announces a mention without its words. They are read beside the lanes; the row goes once they have been
-- read, or cannot be, and the event says what came of it.
CREATE TABLE mention_reads (
    event_id     bigint PRIMARY KEY REFERENCES events,
    workspace_id bigint NOT NULL,
    account_id   bigint NOT NULL,
    media_id     text NOT NULL DEFAULT '',
    comment_id   text NOT NULL DEFAULT '',             -- '': the caption of the media mentions the brand
    source       text NOT NULL CHECK (source IN ('webhook','sweep','backfill')),
    mentioned_at timestamptz NOT NULL,
    attempts     smallint NOT NULL DEFAULT 0,
    fetch_after  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);

-- Where the brand was only mentioned: neither its comments nor its caption can be read as those of an own post.
ALTER TABLE posts ADD COLUMN elsewhere boolean NOT NULL DEFAULT false;

-- Of whoever mentions the brand Instagram tells the name alone.
CREATE INDEX identities_username ON identities (workspace_id, scope, lower(username)) WHERE channel = 'instagram' AND username <> '';
