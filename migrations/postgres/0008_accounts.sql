-- Sessions become accounts' sessions: devices, refresh tokens, and why they ended.
-- The table is made anew, as its new columns have no value that is right for every row.

CREATE TABLE sessions_with_devices (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    -- Raised at each activation, so that a token of an earlier one never revives.
    generation    BIGINT NOT NULL CHECK (generation > 0),
    -- The number of the newest refresh token of this generation, and the largest number that came back since, in a
    -- refresh or in an access token made beside it.
    refresh_n     BIGINT NOT NULL CHECK (refresh_n >= 0),
    used_n        BIGINT NOT NULL CHECK (used_n >= 0),
    -- For changes that must not overwrite each other; raised by changes of a client alone.
    version       BIGINT NOT NULL CHECK (version > 0),
    -- The key that was proven at the last sign-in; none where a session was made by a call.
    identity_kind TEXT,
    identity_subject TEXT,
    device_id     TEXT,
    device_name   TEXT,
    device_model  TEXT,
    platform      TEXT NOT NULL CHECK (platform IN ('ios', 'android', 'web')),
    os_version    TEXT,
    app_version   TEXT,
    push_token    TEXT,
    push_token_updated_at_ms BIGINT,
    ip_address    TEXT,
    -- The user's id in the one device session that may be active, where the server allows one only.
    single_slot   TEXT,
    created_at_ms BIGINT NOT NULL,
    last_activity_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    ended_at_ms   BIGINT,
    end_reason    TEXT,
    CHECK (used_n <= refresh_n),
    CHECK ((identity_kind IS NULL) = (identity_subject IS NULL)),
    CHECK ((ended_at_ms IS NULL) = (end_reason IS NULL)),
    CHECK (single_slot IS NULL OR (single_slot = user_id AND device_id IS NOT NULL AND ended_at_ms IS NULL))
);

INSERT INTO sessions_with_devices
SELECT id, user_id, generation, 0, 0, 1, identity_kind, identity_subject, NULL, NULL, NULL, 'web', NULL, NULL, NULL,
    CAST(NULL AS BIGINT), NULL, NULL, created_at_ms, created_at_ms, expires_at_ms, ended_at_ms,
    CASE WHEN ended_at_ms IS NULL THEN NULL ELSE 'user_logout' END
FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_with_devices RENAME TO sessions;

CREATE INDEX sessions_user ON sessions (user_id, last_activity_at_ms);
CREATE INDEX sessions_expiry ON sessions (expires_at_ms);
CREATE INDEX sessions_push_token ON sessions (push_token);
-- A device has one row for ever, whatever happens to its sessions.
CREATE UNIQUE INDEX sessions_device ON sessions (user_id, device_id);
CREATE UNIQUE INDEX sessions_single ON sessions (single_slot);
