-- +goose Up
-- A ticked box that waits remembers the network it came from by a keyed hash, so that where all places are taken the
-- network that holds most of them gives one up, and nobody can shut the form for others.
ALTER TABLE opt_ins ADD COLUMN network bytea;
CREATE INDEX opt_ins_crowd ON opt_ins (workspace_id, network, id) WHERE state = 'waiting' AND source = 'web_box';
