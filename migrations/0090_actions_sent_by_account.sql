-- +goose Up
-- What is asked of the sent is asked account by account: led by the time alone, a look at one account read what all the
-- others had sent meanwhile, at every call that failed.
DROP INDEX actions_sent;
CREATE INDEX actions_sent ON actions (account_id, sent_at) WHERE sent_at IS NOT NULL;
