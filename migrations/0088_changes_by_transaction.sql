-- +goose Up
-- Live pages are told in the order of transactions: one that began earlier may have written the higher id, and what
-- was passed by id was told to nobody.
DROP INDEX changes_workspace;
CREATE INDEX changes_workspace ON changes (workspace_id, xid, id);
CREATE INDEX changes_transactions ON changes (xid, id);
