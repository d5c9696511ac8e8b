-- +goose Up
-- Led by the account, this index looked as good as the one of external ids to whoever looks for a comment by its id in
-- a young table, and then all of the account's comments were read.
DROP INDEX comments_thread;
CREATE INDEX comments_thread ON comments (root_external_id, account_id);
