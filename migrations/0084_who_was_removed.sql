-- +goose Up
-- What a member did stays theirs when they have left: who that was is found in the audit log without reading all of it.
CREATE INDEX audit_log_removed ON audit_log (workspace_id, object) WHERE verb = 'member.remove';
