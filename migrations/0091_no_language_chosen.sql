-- +goose Up
-- Who has chosen no language reads the interface in the one of their browser; the default made everybody choose English.
ALTER TABLE users ALTER COLUMN locale SET DEFAULT '';
