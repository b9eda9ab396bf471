-- The double-entry ledger. Amounts are whole base units of the account's asset.

CREATE TABLE assets (
    id            BIGINT NOT NULL PRIMARY KEY,
    symbol        TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    decimals      BIGINT NOT NULL CHECK (decimals BETWEEN 0 AND 11),
    -- Whether the server may make units from nothing. Never for what can be withdrawn.
    is_issuable   BOOLEAN NOT NULL,
    -- Whether it is one of the tokens that pools trade.
    is_listed     BOOLEAN NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- Ids 1 to 4 in this order are the seed's; its examples name PFUN by number 4.
INSERT INTO assets (id, symbol, name, decimals, is_issuable, is_listed, created_at_ms) VALUES
    (1, 'gBTC', 'Game Bitcoin', 8, TRUE, TRUE, 0),
    (2, 'gUSD', 'Game Dollar', 6, TRUE, TRUE, 0),
    (3, 'LP-gBTC-gUSD', 'Pool share gBTC/gUSD', 6, TRUE, TRUE, 0),
    (4, 'PFUN', 'Postfun', 6, TRUE, TRUE, 0),
    (101, 'BTC', 'Bitcoin (millisatoshi)', 11, FALSE, FALSE, 0),
    (102, 'BAN', 'Banano', 8, FALSE, FALSE, 0),
    (103, 'USDT', 'Tether USD', 6, FALSE, FALSE, 0),
    (104, 'SOL', 'Solana', 9, FALSE, FALSE, 0),
    (105, 'POINTS', 'Points', 0, TRUE, FALSE, 0);

CREATE TABLE accounts (
    id            BIGINT NOT NULL PRIMARY KEY,
    owner_kind    TEXT NOT NULL CHECK (owner_kind IN ('user', 'pool', 'system')),
    owner_id      TEXT NOT NULL,
    purpose       TEXT NOT NULL,
    asset_id      BIGINT NOT NULL REFERENCES assets (id),
    available     BIGINT NOT NULL,
    held          BIGINT NOT NULL CHECK (held >= 0),
    version       BIGINT NOT NULL,
    -- Issuance and clearing owe what others hold; nobody else may.
    may_be_negative BOOLEAN NOT NULL CHECK (may_be_negative = FALSE OR purpose IN ('issuance', 'clearing')),
    created_at_ms BIGINT NOT NULL,
    CHECK (available >= 0 OR may_be_negative),
    -- Also the look-up of a user's balances, so the owner comes first.
    UNIQUE (owner_kind, owner_id, purpose, asset_id)
);

CREATE TABLE postings (
    id            TEXT NOT NULL PRIMARY KEY,
    -- <domain>:<id>:<step>, made by the server: the same step is never posted twice.
    unique_key    TEXT NOT NULL UNIQUE,
    -- SHA-256 of kind and legs: the same key with other legs is an error, not a repeat.
    legs_hash     TEXT NOT NULL,
    kind          TEXT NOT NULL,
    reference_type TEXT NOT NULL,
    reference_id  TEXT NOT NULL,
    actor_kind    TEXT NOT NULL CHECK (actor_kind IN ('user', 'app', 'grant', 'admin', 'system')),
    actor_id      TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE entries (
    posting_id    TEXT NOT NULL REFERENCES postings (id),
    leg           BIGINT NOT NULL CHECK (leg >= 0),
    account_id    BIGINT NOT NULL REFERENCES accounts (id),
    asset_id      BIGINT NOT NULL REFERENCES assets (id),
    -- Credits are positive and raise the account, debits are negative; a posting's entries add up to zero.
    amount        BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (posting_id, leg)
);

-- An account's statement, newest first, and the audit's sums.
CREATE INDEX entries_account ON entries (account_id, posting_id);

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Money set aside inside an account until what it waits for is decided.
CREATE TABLE holds (
    id            TEXT NOT NULL PRIMARY KEY,
    unique_key    TEXT NOT NULL UNIQUE,
    account_id    BIGINT NOT NULL REFERENCES accounts (id),
    amount        BIGINT NOT NULL CHECK (amount > 0),
    -- What is still set aside; settling part of a hold leaves the rest.
    remaining     BIGINT NOT NULL CHECK (remaining >= 0 AND remaining <= amount),
    status        TEXT NOT NULL CHECK (status IN ('open', 'settled', 'released')),
    expires_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    CHECK ((status = 'open') = (remaining > 0))
);

CREATE INDEX holds_open ON holds (account_id) WHERE status = 'open';
