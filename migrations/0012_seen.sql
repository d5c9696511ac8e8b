-- +goose Up
-- Actions that the network reported as done before, or instead of, answering the call; what follows
-- from them is still to be written.
CREATE INDEX actions_seen ON actions (id) WHERE state = 'done' AND reason = 'seen';
