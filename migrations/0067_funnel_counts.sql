-- +goose Up
-- What funnels are counted from is counted once: rows are taken by id in chunks of 8192, each with its sums. What
-- may still change is named, and looked at when it is asked for. A reader adds the rows behind the last chunk, so
-- that the answer equals a count of all rows. Nothing is written here where comments are decided or sent.
CREATE TABLE funnel_chunks (
    source     text NOT NULL CHECK (source IN ('actions','runs','handoffs')),
    chunk      bigint NOT NULL,                        -- id >> 13
    open       integer NOT NULL DEFAULT 0,             -- rows in it whose outcome may still change
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (source, chunk)
);

CREATE TABLE funnel_counts (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    source        text NOT NULL,
    chunk         bigint NOT NULL,
    trigger_id    bigint NOT NULL,                     -- 0: none
    campaign_id   bigint NOT NULL,                     -- 0: none
    matched       integer NOT NULL,
    public_reply  integer NOT NULL,
    private_reply integer NOT NULL,
    refused       integer NOT NULL,
    invited       integer NOT NULL
);
CREATE INDEX funnel_counts_trigger ON funnel_counts (workspace_id, trigger_id);
CREATE INDEX funnel_counts_campaign ON funnel_counts (workspace_id, campaign_id);
CREATE INDEX funnel_counts_chunk ON funnel_counts (source, chunk);

-- Actions of counted chunks whose outcome may still change; they are in no sum.
CREATE TABLE funnel_open (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    chunk        bigint NOT NULL,
    action_id    bigint NOT NULL
);
CREATE INDEX funnel_open_workspace ON funnel_open (workspace_id, action_id);
CREATE INDEX funnel_open_chunk ON funnel_open (chunk);

-- Ids become visible out of order. A chunk is counted once every transaction that ran when its last id was seen has ended.
CREATE TABLE funnel_horizon (
    source  text PRIMARY KEY CHECK (source IN ('actions','runs','handoffs')),
    settled bigint NOT NULL DEFAULT 0,                 -- every id up to here is visible, or never will be
    id      bigint NOT NULL,                           -- the highest that was seen since
    xid     xid8 NOT NULL                              -- the first transaction that began after that
);
