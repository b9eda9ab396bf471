-- Pools, their public hash-chained events, and what the events mean to users.

CREATE TABLE pools (
    id            BIGINT NOT NULL PRIMARY KEY,
    token_a_id    BIGINT NOT NULL REFERENCES assets (id),
    token_b_id    BIGINT NOT NULL REFERENCES assets (id),
    burn_token_id BIGINT REFERENCES assets (id),
    -- Fixed at creation.
    fee_bps_base  BIGINT NOT NULL CHECK (fee_bps_base BETWEEN 0 AND 9999),
    first_reserve_a BIGINT NOT NULL CHECK (first_reserve_a > 0),
    first_reserve_b BIGINT NOT NULL CHECK (first_reserve_b > 0),
    threshold_1   BIGINT CHECK (threshold_1 > 0),
    threshold_2   BIGINT CHECK (threshold_2 > 0),
    threshold_3   BIGINT CHECK (threshold_3 > 0),
    burn_1        BIGINT CHECK (burn_1 >= 0),
    burn_2        BIGINT CHECK (burn_2 >= 0),
    burn_3        BIGINT CHECK (burn_3 >= 0),
    burn_4        BIGINT CHECK (burn_4 >= 0),
    -- What trading has made of it; always what the events replay to.
    reserve_a     BIGINT NOT NULL CHECK (reserve_a > 0),
    reserve_b     BIGINT NOT NULL CHECK (reserve_b > 0),
    volume_a      BIGINT NOT NULL CHECK (volume_a >= 0),
    volume_b      BIGINT NOT NULL CHECK (volume_b >= 0),
    fees_a        BIGINT NOT NULL CHECK (fees_a >= 0),
    fees_b        BIGINT NOT NULL CHECK (fees_b >= 0),
    stage         BIGINT NOT NULL CHECK (stage BETWEEN 1 AND 4),
    -- The last event's number, hash and time.
    seq           BIGINT NOT NULL CHECK (seq >= 0),
    head          BYTEA NOT NULL,
    last_event_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    CHECK (token_a_id <> token_b_id)
);

CREATE TABLE pool_events (
    pool_id       BIGINT NOT NULL REFERENCES pools (id),
    seq           BIGINT NOT NULL CHECK (seq > 0),
    -- The canonical bytes of postfun_core::amm::Event, and SHA-256(domain, previous hash, bytes).
    bytes         BYTEA NOT NULL,
    hash          BYTEA NOT NULL,
    PRIMARY KEY (pool_id, seq)
);

CREATE TRIGGER pool_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pool_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE trades (
    id            TEXT NOT NULL PRIMARY KEY,
    pool_id       BIGINT NOT NULL REFERENCES pools (id),
    seq           BIGINT NOT NULL,
    user_id       TEXT NOT NULL REFERENCES users (id),
    side          TEXT NOT NULL CHECK (side IN ('AtoB', 'BtoA')),
    amount_in     BIGINT NOT NULL CHECK (amount_in > 0),
    amount_out    BIGINT NOT NULL CHECK (amount_out > 0),
    fee           BIGINT NOT NULL CHECK (fee >= 0),
    stage_before  BIGINT NOT NULL,
    stage_after   BIGINT NOT NULL,
    burned        BIGINT NOT NULL CHECK (burned >= 0),
    hash          BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- One trade an event; also the list of a pool's trades, newest first.
    UNIQUE (pool_id, seq)
);

CREATE INDEX trades_user ON trades (user_id, id);

CREATE TRIGGER trades_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trades
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE burns (
    pool_id       BIGINT NOT NULL REFERENCES pools (id),
    stage         BIGINT NOT NULL CHECK (stage BETWEEN 2 AND 4),
    seq           BIGINT NOT NULL,
    asset_id      BIGINT NOT NULL REFERENCES assets (id),
    amount        BIGINT NOT NULL CHECK (amount > 0),
    created_at_ms BIGINT NOT NULL,
    -- A pool reaches each stage once.
    PRIMARY KEY (pool_id, stage)
);

CREATE TRIGGER burns_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON burns
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
