-- +goose Up
-- What was promised and did not go out: until it is known what became of a message, its row is looked at again.

-- First messages to numbers that were left.
ALTER TABLE number_handoffs ADD COLUMN settled_at timestamptz;
UPDATE number_handoffs SET settled_at = now() WHERE created_at < now() - interval '30 days';
CREATE INDEX number_handoffs_unsettled ON number_handoffs (id) WHERE settled_at IS NULL AND state = 'sent' AND action_id IS NOT NULL;

-- Replies for later.
ALTER TABLE scheduled_replies ADD COLUMN settled_at timestamptz;
UPDATE scheduled_replies r SET settled_at = now() FROM actions a
WHERE a.workspace_id = r.workspace_id AND a.id = r.action_id AND a.state IN ('done','failed','refused','cancelled','expired');
CREATE INDEX scheduled_replies_unsettled ON scheduled_replies (workspace_id, send_at) WHERE settled_at IS NULL;
ALTER TABLE conversation_steps DROP CONSTRAINT conversation_steps_what_check;
ALTER TABLE conversation_steps ADD CONSTRAINT conversation_steps_what_check CHECK (what IN ('assigned','unassigned','taken_back','escalated','transferred','team',
    'priority','snoozed','woken','resolved','reopened','taken_over','returned_to_bot','breached','scheduled_cancelled','scheduled_not_sent','filed_as_spam','not_spam'));
