-- +goose Up
-- Since when the workspace's clock is this one: windows of the time before were never to be kept by it, so they are
-- neither missed nor take a place.
ALTER TABLE workspaces ADD COLUMN time_zone_at timestamptz NOT NULL DEFAULT now();
UPDATE workspaces SET time_zone_at = created_at; -- theirs was never changed, as far as anybody knows
