-- +goose Up
-- Somebody who may be in danger stands first in the queue, before everything urgent.
ALTER TABLE conversations DROP CONSTRAINT conversations_priority_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_priority_check CHECK (priority BETWEEN -1 AND 3); -- low, normal, high, urgent, danger

-- Which comment a conversation on a comment thread shows of itself: its words change with an edit, and what was judged
-- of them is found without reading the thread. Messages are found among the newest of their conversation.
ALTER TABLE conversations ADD COLUMN preview_comment_id bigint;
UPDATE conversations v SET preview_comment_id = (
    SELECT x.id FROM comments r JOIN comments x ON x.root_external_id = r.root_external_id AND x.account_id = r.account_id
    WHERE r.workspace_id = v.workspace_id AND r.id = v.root_comment_id AND left(x.text, 100) = left(v.preview, 100) ORDER BY x.id DESC LIMIT 1)
WHERE root_comment_id IS NOT NULL AND preview <> '';
CREATE INDEX conversations_preview_comment ON conversations (preview_comment_id) WHERE preview_comment_id IS NOT NULL;
