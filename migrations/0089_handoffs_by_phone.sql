-- +goose Up
-- Before a number is written to, it is asked what became of the times it was left before.
CREATE INDEX number_handoffs_phone ON number_handoffs (workspace_id, phone);
