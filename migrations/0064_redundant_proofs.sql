-- +goose Up
-- As in 0010: the contact and the trigger that a row names together with the workspace prove the workspace already.
ALTER TABLE identities   DROP CONSTRAINT identities_workspace_id_fkey;
ALTER TABLE trigger_runs DROP CONSTRAINT trigger_runs_workspace_id_fkey;
