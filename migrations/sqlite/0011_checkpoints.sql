-- What pools were after every thousandth event, so that nobody needs the whole history to check its end.

-- Derived from pool_events by a job, byte for byte what a replay gives; rows may be deleted, and are made again.
CREATE TABLE pool_checkpoints (
    pool_id       INTEGER NOT NULL REFERENCES pools (id),
    seq           INTEGER NOT NULL CHECK (seq > 0),
    -- The canonical bytes of postfun_core::amm::Checkpoint. Signed when they are asked for: the key can change.
    bytes         BLOB NOT NULL,
    -- Also how the latest is found.
    PRIMARY KEY (pool_id, seq)
) STRICT;
