-- +goose Up
-- An Instagram account that was connected through Facebook Login sends its messages through its Page.
ALTER TABLE accounts ADD COLUMN page_id text NOT NULL DEFAULT '';
