-- +goose Up
-- What became of the first message to a number that was left: until that is known the row is looked at again.
ALTER TABLE number_handoffs ADD COLUMN settled_at timestamptz;
UPDATE number_handoffs SET settled_at = now() WHERE created_at < now() - interval '30 days';
CREATE INDEX number_handoffs_unsettled ON number_handoffs (id) WHERE settled_at IS NULL AND state = 'sent' AND action_id IS NOT NULL;
