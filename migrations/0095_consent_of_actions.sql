-- +goose Up
-- The entry of the consent ledger by which the gate let an offer go, written as it is claimed. Null: it needed none, or
-- it went out before this column was there.
ALTER TABLE actions ADD COLUMN consent_seq bigint;
