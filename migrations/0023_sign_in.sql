-- +goose Up
-- Second factors, links to set a password, and sign-in through an identity provider.

ALTER TABLE users ADD COLUMN totp_sealed bytea;                 -- RFC 6238 secret, sealed for this user
ALTER TABLE users ADD COLUMN totp_since timestamptz;            -- NULL with a secret: not confirmed with a first code yet
ALTER TABLE users ADD COLUMN totp_step bigint NOT NULL DEFAULT 0; -- the last time step used: no code counts twice
ALTER TABLE users ADD COLUMN oidc_issuer text;
ALTER TABLE users ADD COLUMN oidc_subject text;
ALTER TABLE users ADD CHECK (totp_since IS NULL OR totp_sealed IS NOT NULL);
ALTER TABLE users ADD CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL));
CREATE UNIQUE INDEX users_oidc ON users (oidc_issuer, oidc_subject) WHERE oidc_subject IS NOT NULL;

CREATE TABLE recovery_codes (
    user_id bigint NOT NULL REFERENCES users,
    hash    bytea NOT NULL,                              -- SHA-256; eighty random bits each
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE password_links (
    hash       bytea PRIMARY KEY,                        -- SHA-256 of the link's token
    user_id    bigint NOT NULL REFERENCES users,
    made_by    text NOT NULL,                            -- user:7, cli, or 'email' for who asked themselves
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX password_links_user ON password_links (user_id);
