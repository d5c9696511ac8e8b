-- +goose Up
-- What questions under way may cost at the most. A day's budget is held against what was spent and what
-- is set aside, so that replicas that ask at the same time do not spend it twice. A row lives as long as
-- its question; one whose process died is taken for spent when its time is over.
CREATE TABLE llm_reservations (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL,                 -- the day it counts for, also where the answer comes after midnight
    until        timestamptz NOT NULL,
    task         text NOT NULL,
    model        text NOT NULL,
    tokens_in    integer NOT NULL,
    tokens_out   integer NOT NULL,
    cost_micros  bigint NOT NULL,
    PRIMARY KEY (id, workspace_id)
);
CREATE INDEX llm_reservations_workspace ON llm_reservations (workspace_id);
