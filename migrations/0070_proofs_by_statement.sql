-- +goose Up
-- A foreign key is proved row by row, and that was a third of what the database spends on an event. The
-- tables that every event writes prove their parents once a statement instead: the same pairs
-- (workspace, id), the same refusal (23503), in one look-up by key for each row or each distinct parent.
--
-- That suffices only where a parent never goes away, because nothing is locked. Workspaces, accounts,
-- posts, triggers, identities and comments never do: they are marked as removed, and rows_stay holds
-- everyone to it. Contacts may be deleted by the transaction that made them, before anything names them
-- (two workers met the same person); identities keep their foreign key to them, so no other can.

-- +goose StatementBegin
CREATE FUNCTION rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never deleted: other rows name them without a foreign key', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Mark the row as removed, or erase what it says of a person.';
END $$;
-- +goose StatementEnd
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON workspaces FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON accounts   FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON posts      FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON triggers   FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON identities FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();
CREATE TRIGGER stay BEFORE DELETE OR TRUNCATE ON comments   FOR EACH STATEMENT EXECUTE FUNCTION rows_stay();

-- no_parent says which row names nobody, in the words and with the code of a foreign key.
-- +goose StatementBegin
CREATE FUNCTION no_parent(child text, parent text, workspace bigint, id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % names % %, which workspace % does not have', child, parent, id, workspace
        USING ERRCODE = 'foreign_key_violation', TABLE = child, CONSTRAINT = child || '_' || parent || '_proof';
END $$;
-- +goose StatementEnd

-- The plans of these functions are kept while the tables grow, so they must not begin with the plan for
-- an empty table: each look-up goes by the parent's id, which is unique in the installation, and by no
-- index that begins with the workspace (hence the + 0).
-- +goose StatementBegin
CREATE FUNCTION events_proofs() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM no_parent('events', 'accounts', n.workspace_id, n.account_id)
    FROM (SELECT DISTINCT workspace_id, account_id FROM added) n
    WHERE NOT EXISTS (SELECT FROM accounts p WHERE p.id = n.account_id AND p.workspace_id + 0 = n.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION workspace_proofs() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM no_parent(TG_TABLE_NAME, 'workspaces', n.workspace_id, n.workspace_id)
    FROM (SELECT DISTINCT workspace_id FROM added) n
    WHERE NOT EXISTS (SELECT FROM workspaces p WHERE p.id = n.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION trigger_runs_proofs() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM no_parent('trigger_runs', 'triggers', n.workspace_id, n.trigger_id)
    FROM (SELECT DISTINCT workspace_id, trigger_id FROM added) n
    WHERE NOT EXISTS (SELECT FROM triggers p WHERE p.id = n.trigger_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('trigger_runs', 'identities', n.workspace_id, n.identity_id)
    FROM added n
    WHERE n.identity_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM identities p WHERE p.id = n.identity_id AND p.workspace_id + 0 = n.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION comments_proofs() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM no_parent('comments', 'accounts', n.workspace_id, n.account_id)
    FROM (SELECT DISTINCT workspace_id, account_id FROM added) n
    WHERE NOT EXISTS (SELECT FROM accounts p WHERE p.id = n.account_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('comments', 'posts', n.workspace_id, n.post_id)
    FROM (SELECT DISTINCT workspace_id, post_id FROM added WHERE post_id IS NOT NULL) n
    WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = n.post_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('comments', 'identities', n.workspace_id, n.identity_id)
    FROM added n
    WHERE n.identity_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM identities p WHERE p.id = n.identity_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('comments', 'contacts', n.workspace_id, n.contact_id)
    FROM added n
    WHERE n.contact_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM contacts p WHERE p.id = n.contact_id AND p.workspace_id + 0 = n.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION actions_proofs() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM no_parent('actions', 'accounts', n.workspace_id, n.account_id)
    FROM (SELECT DISTINCT workspace_id, account_id FROM added WHERE account_id IS NOT NULL) n
    WHERE NOT EXISTS (SELECT FROM accounts p WHERE p.id = n.account_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('actions', 'contacts', n.workspace_id, n.contact_id)
    FROM added n
    WHERE n.contact_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM contacts p WHERE p.id = n.contact_id AND p.workspace_id + 0 = n.workspace_id);
    PERFORM no_parent('actions', 'comments', n.workspace_id, n.comment_id)
    FROM added n
    WHERE n.comment_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM comments p WHERE p.id = n.comment_id AND p.workspace_id + 0 = n.workspace_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER proofs AFTER INSERT ON events       REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION events_proofs();
CREATE TRIGGER proofs AFTER INSERT ON contacts     REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION workspace_proofs();
CREATE TRIGGER proofs AFTER INSERT ON verdicts     REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION workspace_proofs();
CREATE TRIGGER proofs AFTER INSERT ON trigger_runs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION trigger_runs_proofs();
CREATE TRIGGER proofs AFTER INSERT ON comments     REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION comments_proofs();
CREATE TRIGGER proofs AFTER INSERT ON actions      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION actions_proofs();

-- A merge, a join and a post found later move what a row names; they are rare and proved row by row.
-- +goose StatementBegin
CREATE FUNCTION contact_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM no_parent(TG_TABLE_NAME, 'contacts', NEW.workspace_id, NEW.contact_id)
    WHERE NOT EXISTS (SELECT FROM contacts p WHERE p.id = NEW.contact_id AND p.workspace_id = NEW.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION identity_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM no_parent(TG_TABLE_NAME, 'identities', NEW.workspace_id, NEW.identity_id)
    WHERE NOT EXISTS (SELECT FROM identities p WHERE p.id = NEW.identity_id AND p.workspace_id = NEW.workspace_id);
    RETURN NULL;
END $$;

CREATE FUNCTION post_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM no_parent(TG_TABLE_NAME, 'posts', NEW.workspace_id, NEW.post_id)
    WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = NEW.post_id AND p.workspace_id = NEW.workspace_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER moved_contact AFTER UPDATE OF contact_id ON comments FOR EACH ROW
    WHEN (NEW.contact_id IS NOT NULL AND NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION contact_proof();
CREATE TRIGGER moved_contact AFTER UPDATE OF contact_id ON actions FOR EACH ROW
    WHEN (NEW.contact_id IS NOT NULL AND NEW.contact_id IS DISTINCT FROM OLD.contact_id) EXECUTE FUNCTION contact_proof();
CREATE TRIGGER moved_identity AFTER UPDATE OF identity_id ON comments FOR EACH ROW
    WHEN (NEW.identity_id IS NOT NULL AND NEW.identity_id IS DISTINCT FROM OLD.identity_id) EXECUTE FUNCTION identity_proof();
CREATE TRIGGER moved_identity AFTER UPDATE OF identity_id ON trigger_runs FOR EACH ROW
    WHEN (NEW.identity_id IS NOT NULL AND NEW.identity_id IS DISTINCT FROM OLD.identity_id) EXECUTE FUNCTION identity_proof();
CREATE TRIGGER moved_post AFTER UPDATE OF post_id ON comments FOR EACH ROW
    WHEN (NEW.post_id IS NOT NULL AND NEW.post_id IS DISTINCT FROM OLD.post_id) EXECUTE FUNCTION post_proof();

ALTER TABLE events       DROP CONSTRAINT events_workspace_id_account_id_fkey;
ALTER TABLE contacts     DROP CONSTRAINT contacts_workspace_id_fkey;
ALTER TABLE verdicts     DROP CONSTRAINT verdicts_workspace_id_fkey;
ALTER TABLE trigger_runs DROP CONSTRAINT trigger_runs_workspace_id_trigger_id_fkey;
ALTER TABLE trigger_runs DROP CONSTRAINT trigger_runs_workspace_id_identity_id_fkey;
ALTER TABLE comments     DROP CONSTRAINT comments_workspace_id_account_id_fkey;
ALTER TABLE comments     DROP CONSTRAINT comments_workspace_id_post_id_fkey;
ALTER TABLE comments     DROP CONSTRAINT comments_workspace_id_identity_id_fkey;
ALTER TABLE comments     DROP CONSTRAINT comments_workspace_id_contact_id_fkey;
ALTER TABLE actions      DROP CONSTRAINT actions_workspace_id_account_id_fkey;
ALTER TABLE actions      DROP CONSTRAINT actions_workspace_id_contact_id_fkey;
ALTER TABLE actions      DROP CONSTRAINT actions_workspace_id_comment_id_fkey;
