-- +goose Up
-- A yes to being written to at a number may be taken back until the message to it has left: each message of the chat
-- asks for such numbers, by who wrote it or by the message that was taken back.
CREATE INDEX number_handoffs_waiting ON number_handoffs (identity_id) WHERE state IN ('agreed','sent');
CREATE INDEX number_handoffs_agreed_by ON number_handoffs (agreed_message) WHERE state IN ('agreed','sent') AND agreed_message <> '';

-- Whoever was merged into somebody is looked for by them: what they bought ends reminders.
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;
