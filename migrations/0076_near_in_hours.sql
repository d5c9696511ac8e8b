-- +goose Up
-- When each deadline is near, counted in opening hours like the deadline itself. Those who wait are counted anew by
-- the desk's first pass.
ALTER TABLE conversations
    ADD COLUMN answer_near_at   timestamptz,
    ADD COLUMN handover_near_at timestamptz,
    ADD COLUMN overdue_near_at  timestamptz;
