-- +goose Up
-- A member files a conversation under spam, or takes it out again.
ALTER TABLE conversation_steps DROP CONSTRAINT conversation_steps_what_check;
ALTER TABLE conversation_steps ADD CONSTRAINT conversation_steps_what_check CHECK (what IN ('assigned','unassigned','taken_back','escalated','transferred','team',
    'priority','snoozed','woken','resolved','reopened','taken_over','returned_to_bot','breached','scheduled_cancelled','filed_as_spam','not_spam'));
