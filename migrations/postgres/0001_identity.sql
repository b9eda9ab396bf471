-- Users, the keys they proved, their sessions, and who may administer.
-- Times are milliseconds since the Unix epoch and are made by the server; no column has a default.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

-- Numbers without doubles are handed out by updating one row; one that is taken and not used leaves a hole.
CREATE TABLE counters (
    name  TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value >= 0)
);

INSERT INTO counters (name, value) VALUES ('user', 0), ('account', 0), ('pool', 0);

CREATE TABLE users (
    id            TEXT NOT NULL PRIMARY KEY,
    -- The integer that the seeds' clients know as the user's id.
    number        BIGINT NOT NULL UNIQUE CHECK (number > 0),
    role          TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    status        TEXT NOT NULL CHECK (status IN ('active', 'deleted')),
    display_name  TEXT,
    version       BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- Proven keys only: whoever stands here can sign in.
CREATE TABLE identities (
    kind          TEXT NOT NULL CHECK (kind IN ('nostr', 'solana', 'ton', 'evm', 'privy', 'discord', 'x', 'email')),
    subject       TEXT NOT NULL,
    user_id       TEXT NOT NULL REFERENCES users (id),
    is_primary    BOOLEAN NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

-- One primary key of each kind, which is what the seeds' user objects show.
CREATE UNIQUE INDEX identities_primary ON identities (user_id, kind) WHERE is_primary;

CREATE TABLE challenges (
    id             TEXT NOT NULL PRIMARY KEY,
    purpose        TEXT NOT NULL CHECK (purpose IN ('login', 'link', 'unlink', 'approve')),
    challenge      TEXT NOT NULL,
    -- The key that alone may answer, when the client named one.
    bound_subject  TEXT,
    attempts       BIGINT NOT NULL CHECK (attempts >= 0),
    created_at_ms  BIGINT NOT NULL,
    expires_at_ms  BIGINT NOT NULL,
    consumed_at_ms BIGINT
);

-- For the sweep of expired challenges.
CREATE INDEX challenges_expiry ON challenges (expires_at_ms);

CREATE TABLE sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    -- Raised at each activation, so that a token of an earlier one never revives.
    generation    BIGINT NOT NULL CHECK (generation > 0),
    identity_kind TEXT NOT NULL,
    identity_subject TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    ended_at_ms   BIGINT
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at_ms);

-- Keys that become administrators at their first sign-in; of seen keys the user's role is what counts.
CREATE TABLE admin_invitations (
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE TABLE admin_audit (
    id            TEXT NOT NULL PRIMARY KEY,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    reason        TEXT,
    before_value   TEXT,
    after_value    TEXT,
    created_at_ms BIGINT NOT NULL
);

CREATE TRIGGER admin_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
