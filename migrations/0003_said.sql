-- +goose Up
-- What was said: posts, comments, threads, conversations, messages, and what moderation says of them.

CREATE TABLE posts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,
    external_id  text NOT NULL,
    caption      text NOT NULL DEFAULT '',
    permalink    text NOT NULL DEFAULT '',
    media_url    text NOT NULL DEFAULT '',
    media_hash   text NOT NULL DEFAULT '',             -- content address in the media store
    media_type   text NOT NULL DEFAULT '',
    product_type text NOT NULL DEFAULT '',
    posted_at    timestamptz,
    fetched_at   timestamptz,
    fetch_error  text NOT NULL DEFAULT '',
    fetch_after  timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (workspace_id, account_id, external_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id)
);
CREATE INDEX posts_unfetched ON posts (fetch_after) WHERE fetched_at IS NULL;

CREATE TABLE media (
    hash       text PRIMARY KEY,                       -- hex SHA-256 of the bytes
    mime       text NOT NULL,
    size       bigint NOT NULL,
    bytes      bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE comments (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    account_id    bigint NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('facebook','instagram')),
    post_id       bigint,
    external_id   text NOT NULL,
    parent_external_id text NOT NULL DEFAULT '',
    root_external_id   text NOT NULL,
    identity_id   bigint,                              -- NULL: the network withheld the author
    contact_id    bigint,
    author_name   text NOT NULL DEFAULT '',
    own           boolean NOT NULL DEFAULT false,
    action_id     bigint,                              -- own comment that is our reply
    text          text NOT NULL DEFAULT '',
    attachments   jsonb NOT NULL DEFAULT '[]',
    language      text NOT NULL DEFAULT '',
    state         text NOT NULL DEFAULT 'visible' CHECK (state IN ('visible','hidden','removed')),
    state_by      text NOT NULL DEFAULT '',            -- 'policy', 'user:7', 'network', 'author'
    live          boolean NOT NULL DEFAULT false,
    ad_id         text NOT NULL DEFAULT '',
    permalink     text NOT NULL DEFAULT '',
    source        text NOT NULL DEFAULT 'webhook',
    commented_at  timestamptz NOT NULL,
    edited_at     timestamptz,
    verdict_id    bigint,
    decision      text CHECK (decision IN ('allow','review','hide','delete')), -- of the current verdict or the person who overruled it
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (account_id, external_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);
CREATE INDEX comments_recent ON comments (workspace_id, commented_at DESC, id DESC);
CREATE INDEX comments_thread ON comments (account_id, root_external_id);
CREATE INDEX comments_contact ON comments (workspace_id, contact_id);
CREATE INDEX comments_post ON comments (workspace_id, post_id, commented_at DESC);

-- The private side: one identity on one account, with its care window.
CREATE TABLE threads (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('instagram','messenger','whatsapp')),
    identity_id  bigint NOT NULL,
    contact_id   bigint NOT NULL,
    last_in_at   timestamptz,                          -- the care window opens here
    last_out_at  timestamptz,
    read_in_at   timestamptz,                          -- the customer has read up to here
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    UNIQUE (account_id, channel, identity_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, identity_id) REFERENCES identities (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id)
);
CREATE INDEX threads_contact ON threads (workspace_id, contact_id);

-- An episode, opened to resolved: on a thread, or on a comment thread passed to an agent.
CREATE TABLE conversations (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    account_id    bigint NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('facebook','instagram','messenger','whatsapp')),
    thread_id     bigint,
    root_comment_id bigint,                            -- comment threads passed to an agent
    contact_id    bigint NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open','resolved')),
    spam          boolean NOT NULL DEFAULT false,      -- spam folder, the bot is silent
    handler       text NOT NULL DEFAULT 'bot' CHECK (handler IN ('bot','human')), -- who answers
    handler_reason text NOT NULL DEFAULT '',
    bot           jsonb NOT NULL DEFAULT '{}',         -- router.BotState: stage, question, wording shown
    assignee_id   bigint REFERENCES users,
    team          text NOT NULL DEFAULT '',
    labels        text[] NOT NULL DEFAULT '{}',
    language      text NOT NULL DEFAULT '',
    origin        jsonb NOT NULL DEFAULT '{}',         -- post, comment, trigger, handoff, referral it came from
    preview       text NOT NULL DEFAULT '',
    unread        integer NOT NULL DEFAULT 0,
    opened_at     timestamptz NOT NULL,
    last_message_at timestamptz NOT NULL,
    waiting_since timestamptz,                         -- the customer waits for an answer since then
    first_bot_answer_at   timestamptz,
    first_human_answer_at timestamptz,
    resolved_at   timestamptz,
    revision      bigint NOT NULL DEFAULT 1,           -- moves with every message; a suggestion for an older one is refused
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, account_id) REFERENCES accounts (workspace_id, id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id),
    FOREIGN KEY (workspace_id, root_comment_id) REFERENCES comments (workspace_id, id),
    FOREIGN KEY (workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
    CHECK ((thread_id IS NULL) <> (root_comment_id IS NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX conversations_open_thread ON conversations (workspace_id, thread_id) WHERE state = 'open' AND thread_id IS NOT NULL;
CREATE UNIQUE INDEX conversations_open_comment ON conversations (workspace_id, root_comment_id) WHERE state = 'open' AND root_comment_id IS NOT NULL;
CREATE INDEX conversations_list ON conversations (workspace_id, state, last_message_at DESC, id DESC);
CREATE INDEX conversations_contact ON conversations (workspace_id, contact_id);

CREATE TABLE messages (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    account_id    bigint NOT NULL,
    thread_id     bigint NOT NULL,
    conversation_id bigint NOT NULL,
    direction     text NOT NULL CHECK (direction IN ('in','out')),
    author        text NOT NULL CHECK (author IN ('contact','bot','member','other_tool')),
    member_id     bigint REFERENCES users,
    external_id   text,                                -- mid or wamid; NULL until the network answered
    action_id     bigint,
    type          text NOT NULL DEFAULT 'text',
    text          text NOT NULL DEFAULT '',
    detail        jsonb NOT NULL DEFAULT '{}',         -- attachments, buttons, payload, reply_to, story, flow answer
    reactions     jsonb NOT NULL DEFAULT '[]',
    receipt       text CHECK (receipt IN ('sent','delivered','read','failed')),
    receipt_error text NOT NULL DEFAULT '',
    at            timestamptz NOT NULL,                -- when it was said
    edited_at     timestamptz,
    deleted_at    timestamptz,
    verdict_id    bigint,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    CHECK ((direction = 'in') = (author = 'contact')),
    CHECK (receipt IS NULL OR direction = 'out')
);
CREATE UNIQUE INDEX messages_external ON messages (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX messages_action ON messages (workspace_id, action_id) WHERE action_id IS NOT NULL;
CREATE INDEX messages_thread ON messages (workspace_id, thread_id, at DESC, id DESC);
CREATE INDEX messages_conversation ON messages (workspace_id, conversation_id, id);

-- Receipts as they came; a status may come before the row it is about.
CREATE TABLE receipts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account_id   bigint NOT NULL,
    external_id  text NOT NULL,
    token        text NOT NULL DEFAULT '',
    status       text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    at           timestamptz NOT NULL,
    message_id   bigint,                               -- NULL: parked until its message is known
    PRIMARY KEY (id, workspace_id),
    UNIQUE (account_id, external_id, status)
);
CREATE INDEX receipts_parked ON receipts (account_id, external_id) WHERE message_id IS NULL;

CREATE TABLE verdicts (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    subject      text NOT NULL CHECK (subject IN ('comment','message')),
    subject_id   bigint NOT NULL,
    event_id     bigint,
    decision     text NOT NULL CHECK (decision IN ('allow','review','hide','delete','spam','block')),
    tier         text NOT NULL CHECK (tier IN ('rules','model','llm','policy','person')),
    provisional  boolean NOT NULL DEFAULT false,       -- an ask is out; a final one follows
    verdict      jsonb NOT NULL,                       -- moderation.Verdict: scores, reasons, versions, normalised text
    input        jsonb NOT NULL DEFAULT '{}',          -- moderation.Input as it was judged; erased with the person
    tokens_in    integer NOT NULL DEFAULT 0,
    tokens_out   integer NOT NULL DEFAULT 0,
    cost_micros  bigint NOT NULL DEFAULT 0,
    took_micros  bigint NOT NULL DEFAULT 0,
    actor        text NOT NULL DEFAULT 'system',
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    CHECK (subject = 'comment' AND decision IN ('allow','review','hide','delete')
        OR subject = 'message' AND decision IN ('allow','review','spam','block'))
);
CREATE INDEX verdicts_subject ON verdicts (workspace_id, subject, subject_id, id DESC);

CREATE TABLE review_items (
    workspace_id  bigint NOT NULL REFERENCES workspaces,
    id            bigint GENERATED ALWAYS AS IDENTITY,
    comment_id    bigint NOT NULL,
    verdict_id    bigint NOT NULL,
    why           text NOT NULL,                       -- 'review', 'hidden', 'deleted', 'self_harm', 'sample'
    priority      real NOT NULL DEFAULT 0,             -- harm × reach; age is added when listed
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open','decided')),
    claimed_by    bigint REFERENCES users,
    claimed_until timestamptz,
    outcome       text CHECK (outcome IN ('approve','hide','delete','restore','superseded')),
    reason        text NOT NULL DEFAULT '',
    decided_by    bigint REFERENCES users,
    decided_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id),
    CHECK ((state = 'decided') = (outcome IS NOT NULL))
);
CREATE UNIQUE INDEX review_items_open ON review_items (workspace_id, comment_id) WHERE state = 'open';
CREATE INDEX review_items_queue ON review_items (workspace_id, state, priority DESC, id);

-- Questions to the LLM, batched beside the lanes; the answer comes back as an internal event.
CREATE TABLE asks (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    subject      text NOT NULL CHECK (subject IN ('comment','message')),
    subject_id   bigint NOT NULL,
    verdict_id   bigint NOT NULL,
    event_id     bigint NOT NULL REFERENCES events,
    account_id   bigint NOT NULL,
    lane         smallint NOT NULL,
    digest       bytea NOT NULL,                       -- policy, prompt, model, normalised text and context
    question     jsonb NOT NULL,                       -- moderation.Input, personal data masked
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','asking','answered','failed')),
    attempts     smallint NOT NULL DEFAULT 0,
    not_before   timestamptz NOT NULL DEFAULT now(),
    reason       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz,
    PRIMARY KEY (id, workspace_id),
    FOREIGN KEY (workspace_id, verdict_id) REFERENCES verdicts (workspace_id, id)
);
CREATE INDEX asks_pending ON asks (not_before, id) WHERE state IN ('pending','asking');

CREATE TABLE llm_answers (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    digest       bytea NOT NULL,
    answer       jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    used         integer NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, digest)
);

CREATE TABLE llm_spend (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL DEFAULT now(),
    task         text NOT NULL,                        -- 'moderate', 'suggest'
    model        text NOT NULL,
    tokens_in    integer NOT NULL,
    tokens_out   integer NOT NULL,
    cost_micros  bigint NOT NULL,                      -- millionths of the budget's currency
    PRIMARY KEY (id, workspace_id)
);
CREATE INDEX llm_spend_at ON llm_spend (workspace_id, at);
