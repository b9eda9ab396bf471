-- What happened to each user, for whoever must be told: the streams of their pages, later push and webhooks.

CREATE TABLE user_streams (
    user_id       TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- The number of the user's last event. Whoever takes the next one holds this row until the commit, so that events
    -- become visible in the order of their numbers.
    seq           INTEGER NOT NULL CHECK (seq > 0)
) STRICT;

CREATE TABLE user_events (
    user_id       TEXT NOT NULL REFERENCES user_streams (user_id),
    seq           INTEGER NOT NULL CHECK (seq > 0),
    -- `<subject>.<what happened>`; names without a point belong to the streams themselves.
    kind          TEXT NOT NULL CHECK (kind LIKE '_%._%'),
    -- A JSON object.
    data          TEXT NOT NULL CHECK (LENGTH(data) <= 8192),
    created_at_ms INTEGER NOT NULL,
    -- Also the way a stream reads on after the last event that it sent.
    PRIMARY KEY (user_id, seq)
) STRICT;

CREATE TRIGGER user_events_no_update BEFORE UPDATE ON user_events
BEGIN SELECT RAISE(ABORT, 'user_events is append-only'); END;
CREATE TRIGGER user_events_no_delete BEFORE DELETE ON user_events
BEGIN SELECT RAISE(ABORT, 'user_events is append-only'); END;
