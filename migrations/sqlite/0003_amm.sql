-- Pools, their public hash-chained events, and what the events mean to users.

CREATE TABLE pools (
    id            INTEGER NOT NULL PRIMARY KEY,
    token_a_id    INTEGER NOT NULL REFERENCES assets (id),
    token_b_id    INTEGER NOT NULL REFERENCES assets (id),
    burn_token_id INTEGER REFERENCES assets (id),
    -- Fixed at creation.
    fee_bps_base  INTEGER NOT NULL CHECK (fee_bps_base BETWEEN 0 AND 9999),
    first_reserve_a INTEGER NOT NULL CHECK (first_reserve_a > 0),
    first_reserve_b INTEGER NOT NULL CHECK (first_reserve_b > 0),
    threshold_1   INTEGER CHECK (threshold_1 > 0),
    threshold_2   INTEGER CHECK (threshold_2 > 0),
    threshold_3   INTEGER CHECK (threshold_3 > 0),
    burn_1        INTEGER CHECK (burn_1 >= 0),
    burn_2        INTEGER CHECK (burn_2 >= 0),
    burn_3        INTEGER CHECK (burn_3 >= 0),
    burn_4        INTEGER CHECK (burn_4 >= 0),
    -- What trading has made of it; always what the events replay to.
    reserve_a     INTEGER NOT NULL CHECK (reserve_a > 0),
    reserve_b     INTEGER NOT NULL CHECK (reserve_b > 0),
    volume_a      INTEGER NOT NULL CHECK (volume_a >= 0),
    volume_b      INTEGER NOT NULL CHECK (volume_b >= 0),
    fees_a        INTEGER NOT NULL CHECK (fees_a >= 0),
    fees_b        INTEGER NOT NULL CHECK (fees_b >= 0),
    stage         INTEGER NOT NULL CHECK (stage BETWEEN 1 AND 4),
    -- The last event's number, hash and time.
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    head          BLOB NOT NULL,
    last_event_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    CHECK (token_a_id <> token_b_id)
) STRICT;

CREATE TABLE pool_events (
    pool_id       INTEGER NOT NULL REFERENCES pools (id),
    seq           INTEGER NOT NULL CHECK (seq > 0),
    -- The canonical bytes of postfun_core::amm::Event, and SHA-256(domain, previous hash, bytes).
    bytes         BLOB NOT NULL,
    hash          BLOB NOT NULL,
    PRIMARY KEY (pool_id, seq)
) STRICT;

CREATE TRIGGER pool_events_no_update BEFORE UPDATE ON pool_events
BEGIN SELECT RAISE(ABORT, 'pool_events is append-only'); END;
CREATE TRIGGER pool_events_no_delete BEFORE DELETE ON pool_events
BEGIN SELECT RAISE(ABORT, 'pool_events is append-only'); END;

CREATE TABLE trades (
    id            TEXT NOT NULL PRIMARY KEY,
    pool_id       INTEGER NOT NULL REFERENCES pools (id),
    seq           INTEGER NOT NULL,
    user_id       TEXT NOT NULL REFERENCES users (id),
    side          TEXT NOT NULL CHECK (side IN ('AtoB', 'BtoA')),
    amount_in     INTEGER NOT NULL CHECK (amount_in > 0),
    amount_out    INTEGER NOT NULL CHECK (amount_out > 0),
    fee           INTEGER NOT NULL CHECK (fee >= 0),
    stage_before  INTEGER NOT NULL,
    stage_after   INTEGER NOT NULL,
    burned        INTEGER NOT NULL CHECK (burned >= 0),
    hash          BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- One trade an event; also the list of a pool's trades, newest first.
    UNIQUE (pool_id, seq)
) STRICT;

CREATE INDEX trades_user ON trades (user_id, id);

CREATE TRIGGER trades_no_update BEFORE UPDATE ON trades
BEGIN SELECT RAISE(ABORT, 'trades is append-only'); END;
CREATE TRIGGER trades_no_delete BEFORE DELETE ON trades
BEGIN SELECT RAISE(ABORT, 'trades is append-only'); END;

CREATE TABLE burns (
    pool_id       INTEGER NOT NULL REFERENCES pools (id),
    stage         INTEGER NOT NULL CHECK (stage BETWEEN 2 AND 4),
    seq           INTEGER NOT NULL,
    asset_id      INTEGER NOT NULL REFERENCES assets (id),
    amount        INTEGER NOT NULL CHECK (amount > 0),
    created_at_ms INTEGER NOT NULL,
    -- A pool reaches each stage once.
    PRIMARY KEY (pool_id, stage)
) STRICT;

CREATE TRIGGER burns_no_update BEFORE UPDATE ON burns
BEGIN SELECT RAISE(ABORT, 'burns is append-only'); END;
CREATE TRIGGER burns_no_delete BEFORE DELETE ON burns
BEGIN SELECT RAISE(ABORT, 'burns is append-only'); END;
