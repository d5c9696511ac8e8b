-- +goose Up
-- Dry runs read what people wrote in the order in which they did.

CREATE INDEX messages_written ON messages (workspace_id, at, id) WHERE direction = 'in';
