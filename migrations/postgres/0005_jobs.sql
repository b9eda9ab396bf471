-- Locks with a name that outlive a transaction, seen by every process; jobs hold theirs as long as they lead.

-- Each taking of a lock gets a number of its own, larger than all before, so that a holder who was overtaken shows.
INSERT INTO counters (name, value) VALUES ('lock', 0);

CREATE TABLE distributed_locks (
    lock_key       TEXT NOT NULL PRIMARY KEY,
    -- Who holds it, for people.
    lock_owner     TEXT NOT NULL,
    fence          BIGINT NOT NULL UNIQUE CHECK (fence > 0),
    acquired_at_ms BIGINT NOT NULL,
    -- From then on anybody may take it.
    expires_at_ms  BIGINT NOT NULL
);

-- For the sweep of expired locks.
CREATE INDEX distributed_locks_expiry ON distributed_locks (expires_at_ms);
