-- What users did and what was done to their accounts. Grows for ever: old rows are dropped by a job.

CREATE TABLE activity_logs (
    id            TEXT NOT NULL,
    user_id       TEXT NOT NULL,
    session_id    TEXT,
    action        TEXT NOT NULL,
    -- A JSON object.
    metadata      TEXT,
    ip_address    TEXT,
    created_at_ms BIGINT NOT NULL,
    -- The time is part of the key because PostgreSQL demands that of a partitioned table.
    PRIMARY KEY (id, created_at_ms)
) PARTITION BY RANGE (created_at_ms);

-- Takes what no month's partition takes, so that no insert ever fails for want of one.
CREATE TABLE activity_logs_default PARTITION OF activity_logs DEFAULT;

-- For a user's list, newest first.
CREATE INDEX activity_logs_user ON activity_logs (user_id, created_at_ms, id);
