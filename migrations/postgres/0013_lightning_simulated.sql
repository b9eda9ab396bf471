-- The simulated Lightning node of a demo: what it knows, apart from everything that the ledger knows. The ledger trusts
-- it as little as it trusts a provider.

CREATE TABLE simulated_invoices (
    payment_hash  TEXT NOT NULL PRIMARY KEY,
    amount_msat   BIGINT NOT NULL CHECK (amount_msat > 0),
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    paid_at_ms    BIGINT
);

CREATE TABLE simulated_payments (
    payment_hash  TEXT NOT NULL PRIMARY KEY,
    amount_msat   BIGINT NOT NULL CHECK (amount_msat > 0),
    fee_msat      BIGINT NOT NULL CHECK (fee_msat >= 0),
    status        TEXT NOT NULL CHECK (status IN ('pending', 'settled', 'failed')),
    created_at_ms BIGINT NOT NULL
);

-- One row: the wallet. A pending payment is taken off it already, a failed one is given back.
CREATE TABLE simulated_wallet (
    id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    balance_msat BIGINT NOT NULL CHECK (balance_msat >= 0)
);

INSERT INTO simulated_wallet (id, balance_msat) VALUES (1, 0);
