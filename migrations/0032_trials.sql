-- +goose Up
-- Prompts and models are tried as policies and rules are. A prompt is a file of the program, named by its
-- version; a workspace says which is live. A model that learnt from a workspace's decisions is that
-- workspace's alone: it judges beside the shipped one and never in its place.
ALTER TABLE versions DROP CONSTRAINT versions_kind_check;
ALTER TABLE versions ADD CONSTRAINT versions_kind_check CHECK (kind IN ('policy','thresholds','rules','rule','prompt','model'));

ALTER TABLE model_artefacts ADD COLUMN workspace_id bigint REFERENCES workspaces;
COMMENT ON TABLE model_artefacts IS 'Models this installation judges with; those with a workspace learnt from its decisions.';

CREATE INDEX asks_answered ON asks (workspace_id, answered_at) WHERE state = 'answered';
