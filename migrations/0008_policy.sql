-- +goose Up
-- What the policy needs to know: an author's strikes, and how often a hide was wrong.

-- Strikes are not kept: they are the comments of a person that stand hidden or deleted, so that taking
-- a hide back takes the strike back.
CREATE INDEX comments_strikes ON comments (workspace_id, contact_id, commented_at) WHERE decision IN ('hide','delete');

-- The measure of the false-hide budget as it was last taken, so that an alarm is raised once and not
-- with every look.
CREATE TABLE false_hide_checks (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    at           timestamptz NOT NULL DEFAULT now(),
    one_in       integer NOT NULL,                     -- the budget: one wrong hide in so many
    reviewed     integer NOT NULL,
    wrong        integer NOT NULL,
    lower        double precision NOT NULL,            -- of the share of wrong hides, 95 % one-sided each
    upper        double precision NOT NULL,
    state        text NOT NULL CHECK (state IN ('within','unknown','exceeded')),
    since        timestamptz NOT NULL DEFAULT now(),   -- when this state began
    PRIMARY KEY (workspace_id)
);
