-- +goose Up
-- A message that is taken back takes what the model was asked about it along.
CREATE INDEX asks_message ON asks (subject_id) WHERE subject = 'message';
