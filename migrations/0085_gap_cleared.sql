-- +goose Up
-- Of which gap after a restored backup it is known that the call was not made in it: looked for and not found, or
-- somebody said to send it again. It is not looked for a second time.
ALTER TABLE actions ADD COLUMN gap_cleared text NOT NULL DEFAULT '';
