-- +goose Up
-- The switch of one account beside the workspace's: off, and nothing on it is automatic; people decide.
ALTER TABLE accounts ADD COLUMN automate boolean NOT NULL DEFAULT true;
