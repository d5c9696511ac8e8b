-- +goose Up
-- Counts up with every change of what a trigger or campaign says: who saves what they opened before somebody else's change is told.
ALTER TABLE triggers ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE campaigns ADD COLUMN revision bigint NOT NULL DEFAULT 1;
