-- +goose Up
-- The other way across: a person leaves their number in a chat, or in a form, and agrees to be written to on
-- WhatsApp. Until somebody answers there the number is a claim: it belongs to nobody.

CREATE TABLE number_handoffs (
    workspace_id    bigint NOT NULL REFERENCES workspaces,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    source          text NOT NULL CHECK (source IN ('chat','lead')),
    contact_id      bigint NOT NULL,                   -- who gave the number
    identity_id     bigint,                            -- by which identity; NULL: a form
    conversation_id bigint,                            -- where; NULL: a form
    lead_id         bigint,
    account_id      bigint NOT NULL,                   -- the WhatsApp account that writes to it
    phone           text NOT NULL,                     -- digits with country code; '' once erased
    language        text NOT NULL DEFAULT '',
    template        text NOT NULL,                     -- name of the first message
    wording_id      bigint NOT NULL,                   -- what they agreed to
    purpose         text NOT NULL DEFAULT 'service' CHECK (purpose IN ('service','promotional')),
    label           text NOT NULL DEFAULT '',
    number_message  text NOT NULL DEFAULT '',          -- the network's id of the message with the number
    asked_action    bigint,                            -- the message that showed the wording
    agreed_message  text NOT NULL DEFAULT '',          -- the network's id of the answer
    agreed_at       timestamptz,
    state           text NOT NULL CHECK (state IN ('asked','agreed','refused','replaced','sent','confirmed','denied','failed')),
    reason          text NOT NULL DEFAULT '',
    action_id       bigint,                            -- the template that was sent
    wa_identity_id  bigint,                            -- the number's own identity
    try_after       timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, wa_identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, lead_id) REFERENCES leads (workspace_id, id),
    CHECK (source <> 'chat' OR identity_id IS NOT NULL AND asked_action IS NOT NULL),
    CHECK (state NOT IN ('agreed','sent','confirmed') OR agreed_at IS NOT NULL),
    CHECK (state NOT IN ('refused','denied','failed') OR reason <> '')
);
CREATE INDEX number_handoffs_contact ON number_handoffs (workspace_id, contact_id);
CREATE INDEX number_handoffs_asked ON number_handoffs (workspace_id, identity_id) WHERE state = 'asked';
CREATE INDEX number_handoffs_agreed ON number_handoffs (try_after) WHERE state = 'agreed';
CREATE INDEX number_handoffs_sent ON number_handoffs (workspace_id, phone) WHERE state = 'sent';
CREATE UNIQUE INDEX number_handoffs_lead ON number_handoffs (workspace_id, lead_id) WHERE lead_id IS NOT NULL;

ALTER TABLE identity_joins DROP CONSTRAINT identity_joins_how_check;
ALTER TABLE identity_joins ADD CHECK (how IN ('handoff','private_reply','member','network','number'));

-- A link or QR code for posters and shop windows: everybody who uses it has the same reference, so it joins
-- nobody; it says where they came from.
CREATE TABLE handoff_links (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL CHECK (name <> ''),     -- as the team calls the place
    account_id   bigint NOT NULL,
    trigger_id   bigint,
    campaign_id  bigint,
    language     text NOT NULL DEFAULT '',
    reference    text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers (workspace_id, id),
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
);
