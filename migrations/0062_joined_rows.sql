-- +goose Up
-- Joining an identity moves what belongs to the person, as merging does: their lead, their booking. What was
-- moved is noted, so that taking the join back brings it back.
ALTER TABLE identity_joins ADD COLUMN moved jsonb NOT NULL DEFAULT '{}';
