-- +goose Up
-- A conversation whose first message the bot hands over at once is inserted with people as its handler: that
-- is a handover too, with its own deadline.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION conversation_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.assignee_id IS NOT NULL THEN NEW.assigned_at := coalesce(NEW.assigned_at, now()); END IF;
        IF NEW.handler = 'human' AND NEW.state = 'open' AND NEW.waiting_since IS NOT NULL AND NOT NEW.spam THEN
            NEW.handed_over_at := coalesce(NEW.handed_over_at, now());
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.assignee_id IS DISTINCT FROM OLD.assignee_id AND NEW.assigned_at IS NOT DISTINCT FROM OLD.assigned_at THEN
        NEW.assigned_at := CASE WHEN NEW.assignee_id IS NOT NULL THEN now() END;
        NEW.assigned_how := CASE WHEN NEW.assignee_id IS NOT NULL THEN 'member' ELSE '' END;
    END IF;
    IF OLD.handler = 'bot' AND NEW.handler = 'human' AND NEW.handler_reason <> 'spam' THEN
        NEW.handed_over_at := now();
        NEW.due_for := NULL; -- a person is waited for now: other deadlines
    END IF;
    IF NEW.state = 'resolved' AND OLD.state = 'open' THEN
        NEW.snoozed_at := NULL; NEW.snoozed_until := NULL; NEW.escalated_at := NULL; NEW.taken_back := 0; NEW.refused_by := '{}';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
