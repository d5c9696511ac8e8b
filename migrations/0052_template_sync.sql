-- +goose Up
-- When a business account's templates were last read, when they are read next, and what went wrong; the same
-- on each of its numbers: {"at", "next_at", "templates", "note"}.
ALTER TABLE accounts ADD COLUMN templates jsonb NOT NULL DEFAULT '{}';
