-- Answers of calls that moved money, so that a repeated call gets the same answer and no second effect.

CREATE TABLE idempotency (
    principal     TEXT NOT NULL,
    route         TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- SHA-256 of the raw query and body.
    request_hash  TEXT NOT NULL,
    status        BIGINT NOT NULL,
    body          BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (principal, route, idempotency_key)
);

-- For the sweep of rows older than a day.
CREATE INDEX idempotency_age ON idempotency (created_at_ms);
