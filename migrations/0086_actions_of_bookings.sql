-- +goose Up
-- What waits and tells of a booking is named by it: moving or cancelling one read all that waits in the workspace.
CREATE INDEX actions_of_bookings ON actions (split_part(dedupe, ':', 2), workspace_id) WHERE dedupe LIKE 'booking:%' AND state IN ('planned','held');
