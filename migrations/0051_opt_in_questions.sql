-- +goose Up
-- Where the owner wants it, a number that was given to staff or in a lead form is asked on WhatsApp, once and
-- by an approved template, whether its owner wants offers. The request waits in opt_ins as before; the message
-- to the number is carried like every other number that somebody left.

ALTER TABLE opt_ins DROP CONSTRAINT opt_ins_source_check;
ALTER TABLE opt_ins ADD CONSTRAINT opt_ins_source_check CHECK (source IN ('web_box','paper_form','in_store','phone','lead_box'));

ALTER TABLE number_handoffs ADD COLUMN opt_in_id bigint;
ALTER TABLE number_handoffs DROP CONSTRAINT number_handoffs_source_check;
ALTER TABLE number_handoffs ADD CONSTRAINT number_handoffs_source_check CHECK (source IN ('chat','lead','opt_in'));
ALTER TABLE number_handoffs ADD CHECK ((source = 'opt_in') = (opt_in_id IS NOT NULL));
ALTER TABLE number_handoffs ADD FOREIGN KEY (opt_in_id, workspace_id) REFERENCES opt_ins (id, workspace_id);
CREATE UNIQUE INDEX number_handoffs_opt_in ON number_handoffs (workspace_id, opt_in_id) WHERE opt_in_id IS NOT NULL; -- asked once

-- A lead's form may ask first and write its own first message after the yes.
DROP INDEX number_handoffs_lead;
CREATE UNIQUE INDEX number_handoffs_lead ON number_handoffs (workspace_id, lead_id, source) WHERE lead_id IS NOT NULL;
