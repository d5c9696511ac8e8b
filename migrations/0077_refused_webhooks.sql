-- +goose Up
-- When a webhook for the account last came with a signature that none of the secrets makes. Nothing else tells of a
-- secret that is wrong or missing: the account looks well, and nothing of it arrives.
ALTER TABLE accounts ADD COLUMN webhook_refused_at timestamptz;
