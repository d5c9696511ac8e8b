-- +goose Up
-- What is named here is derived from actions, whose workspaces are proved. A proof a row took most of the time in
-- which eight thousand of them were named at once, and held the workspace's row meanwhile.
ALTER TABLE funnel_open DROP CONSTRAINT funnel_open_workspace_id_fkey;
