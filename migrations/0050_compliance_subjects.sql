-- +goose Up
-- Not every matter with a deadline is about a person we know: a complaint may stand under a post with its
-- author withheld, and a number, Page or contact that people were told to answer may stop working within
-- the thirty days for which it must.

ALTER TABLE compliance_items ALTER COLUMN contact_id DROP NOT NULL;
ALTER TABLE compliance_items ADD COLUMN comment_id bigint;                  -- said in public, under a post
ALTER TABLE compliance_items ADD COLUMN account_id bigint;                  -- of 'unreachable': NULL is the brand's contact
ALTER TABLE compliance_items ADD COLUMN detail text NOT NULL DEFAULT '';    -- of the brand's own: the contact as it was; never a person's
ALTER TABLE compliance_items ADD COLUMN until timestamptz;                  -- for so long it must be answered there
ALTER TABLE compliance_items ADD FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id);
ALTER TABLE compliance_items DROP CONSTRAINT compliance_items_kind_check;
ALTER TABLE compliance_items ADD CHECK (kind IN ('complaint','authority','lawyer','access','erasure','import','unreachable'));
ALTER TABLE compliance_items ADD CHECK (CASE kind WHEN 'unreachable' THEN contact_id IS NULL AND until IS NOT NULL ELSE contact_id IS NOT NULL OR comment_id IS NOT NULL END);
CREATE UNIQUE INDEX compliance_items_open_comment ON compliance_items (workspace_id, comment_id, kind) WHERE state = 'open' AND contact_id IS NULL AND comment_id IS NOT NULL;
CREATE UNIQUE INDEX compliance_items_open_account ON compliance_items (workspace_id, coalesce(account_id, 0)) WHERE state = 'open' AND kind = 'unreachable';
CREATE INDEX compliance_items_account ON compliance_items (workspace_id, account_id) WHERE kind = 'unreachable';
