-- What happened to each user, for whoever must be told: the streams of their pages, later push and webhooks.

CREATE TABLE user_streams (
    user_id       TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- The number of the user's last event. Whoever takes the next one holds this row until the commit, so that events
    -- become visible in the order of their numbers.
    seq           BIGINT NOT NULL CHECK (seq > 0)
);

CREATE TABLE user_events (
    user_id       TEXT NOT NULL REFERENCES user_streams (user_id),
    seq           BIGINT NOT NULL CHECK (seq > 0),
    -- `<subject>.<what happened>`; names without a point belong to the streams themselves.
    kind          TEXT NOT NULL CHECK (kind LIKE '_%._%'),
    -- A JSON object.
    data          TEXT NOT NULL CHECK (LENGTH(data) <= 8192),
    created_at_ms BIGINT NOT NULL,
    -- Also the way a stream reads on after the last event that it sent.
    PRIMARY KEY (user_id, seq)
);

CREATE TRIGGER user_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON user_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
