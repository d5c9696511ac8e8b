-- +goose Up
-- How many conversations came by a poster's link, counted without reading all conversations.
CREATE INDEX conversations_link ON conversations (workspace_id, ((origin->>'link_id')::bigint)) WHERE origin ? 'link_id';
