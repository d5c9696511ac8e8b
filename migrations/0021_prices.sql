-- +goose Up
-- What messages cost by the prices a workspace imported, what was spent, and what was seen before a call.

-- One import is one version; versions are kept, so that what an action was counted at can be looked up.
CREATE TABLE price_files (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    version      integer NOT NULL,
    name         text NOT NULL,
    hash         bytea NOT NULL,                       -- SHA-256 of the file as it was read
    rows         integer NOT NULL,
    imported_by  text NOT NULL,
    imported_at  timestamptz NOT NULL DEFAULT now(),
    withdrawn_by text,
    withdrawn_at timestamptz,                          -- counts no more; its rows stay
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, version),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);

CREATE TABLE prices (
    workspace_id   bigint NOT NULL,
    file_id        bigint NOT NULL,
    country        text NOT NULL CHECK (country ~ '^([A-Z]{2}|[*])$'), -- '*': everywhere the file does not name
    category       text NOT NULL CHECK (category ~ '^[a-z_]+$'),       -- as Meta charges: marketing, utility …
    effective_from date NOT NULL,                      -- on the workspace's own calendar
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    price_micros   bigint NOT NULL CHECK (price_micros >= 0),          -- millionths of the currency, for one message
    PRIMARY KEY (workspace_id, file_id, country, category, effective_from, currency),
    FOREIGN KEY (workspace_id, file_id) REFERENCES price_files (workspace_id, id)
);
CREATE INDEX prices_lookup ON prices (workspace_id, country, category, effective_from DESC);

ALTER TABLE actions
    ADD COLUMN cost_state     text NOT NULL DEFAULT '' CHECK (cost_state IN ('','free','estimated','unknown','charged')),
    ADD COLUMN cost_micros    bigint CHECK (cost_micros >= 0),
    ADD COLUMN cost_currency  text NOT NULL DEFAULT '',
    ADD COLUMN cost_country   text NOT NULL DEFAULT '',
    ADD COLUMN cost_category  text NOT NULL DEFAULT '',
    ADD COLUMN cost_reason    text NOT NULL DEFAULT '',  -- why it is free, or not known
    ADD COLUMN network_status text NOT NULL DEFAULT '',  -- what the network said of an accepted message: held_for_quality_assessment …
    ADD COLUMN read_back      text NOT NULL DEFAULT '' CHECK (read_back IN ('','same','edited','gone','hidden','unreadable')),
    ADD COLUMN read_back_at   timestamptz,
    ADD CHECK (cost_micros IS NULL OR cost_currency <> '');
COMMENT ON COLUMN actions.cost_state IS 'empty: not sent yet; estimated: by the price file when it left; charged: as the network reported; unknown is never zero.';
CREATE INDEX actions_spent ON actions (workspace_id, sent_at) INCLUDE (cost_micros) WHERE cost_micros > 0 OR cost_state = 'unknown';
CREATE INDEX actions_paced ON actions (account_id, sent_at) WHERE network_status = 'held_for_quality_assessment';

ALTER TABLE comments ADD COLUMN seen_at timestamptz;    -- last read back; NULL: as it came

-- The gate asks for a person's own sequence; a name may be shared by many people.
CREATE INDEX actions_sequence_identity ON actions (workspace_id, identity_id, sequence) WHERE sequence <> '';
CREATE INDEX actions_sequence_contact ON actions (workspace_id, contact_id, sequence) WHERE sequence <> '' AND identity_id IS NULL;
