-- +goose Up
-- Some servers do not say how many tokens an answer took, or are cut off before they do. Such a row is
-- our own estimate, and says so.
ALTER TABLE llm_spend ADD COLUMN estimated boolean NOT NULL DEFAULT false;
