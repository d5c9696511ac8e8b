-- +goose Up
-- What is alike is one item of the review queue, however many write it; and what a person decides about
-- it may hold for what comes later, for as long as they say.

-- The others beside an item's own comment. 'open': they wait with it; 'decided': with it; 'apart': they
-- could not be, because they were gone or somebody had decided otherwise.
CREATE TABLE review_members (
    workspace_id bigint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    item_id      bigint NOT NULL,
    comment_id   bigint NOT NULL,
    verdict_id   bigint NOT NULL,                      -- the machine's
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open','decided','apart')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES review_items (workspace_id, id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id)
);
CREATE UNIQUE INDEX review_members_open ON review_members (workspace_id, comment_id) WHERE state = 'open';
CREATE INDEX review_members_item ON review_members (item_id, state);
CREATE INDEX review_members_comment ON review_members (comment_id);

ALTER TABLE review_items
    ADD COLUMN holds_until timestamptz,                -- decided for all that is alike: until when for what comes later; NULL: for its comment alone
    ADD COLUMN spread_by   text NOT NULL DEFAULT '',   -- who decided it for all, or took that back: user:7, token:3
    ADD COLUMN spreading   boolean NOT NULL DEFAULT false; -- its members are still to follow

-- Items that are alike become members of the first of them.
INSERT INTO review_members (workspace_id, item_id, comment_id, verdict_id)
SELECT workspace_id, first, comment_id, verdict_id FROM (
    SELECT i.*, first_value(id) OVER (PARTITION BY workspace_id, text_hash ORDER BY escalated_at IS NOT NULL, priority DESC, id) AS first
    FROM review_items i WHERE state = 'open' AND kind IN ('verdict','sample') AND text_hash IS NOT NULL) o
WHERE id <> first ORDER BY id;
UPDATE review_items i SET state = 'decided', outcome = 'superseded', reason = 'it is decided with those that are alike', decided_at = now()
FROM review_members m WHERE m.workspace_id = i.workspace_id AND m.comment_id = i.comment_id AND i.state = 'open' AND i.kind IN ('verdict','sample') AND i.id <> m.item_id;

DROP INDEX review_items_alike;
CREATE UNIQUE INDEX review_items_alike ON review_items (workspace_id, text_hash) WHERE state = 'open' AND kind IN ('verdict','sample');
CREATE INDEX review_items_holding ON review_items (workspace_id, text_hash, holds_until) WHERE holds_until IS NOT NULL;
CREATE INDEX review_items_spreading ON review_items (id) WHERE spreading;

-- Questions to the model about the same words in other clothes; in a storm they share an answer.
ALTER TABLE asks ADD COLUMN alike bytea;
CREATE INDEX asks_alike ON asks (workspace_id, alike, id) WHERE alike IS NOT NULL;

-- What the machine did today, without reading what was said in all the years.
CREATE INDEX verdicts_comments_made ON verdicts (workspace_id, created_at) WHERE subject = 'comment' AND NOT provisional;
