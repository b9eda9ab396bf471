-- The simulated Lightning node of a demo: what it knows, apart from everything that the ledger knows. The ledger trusts
-- it as little as it trusts a provider.

CREATE TABLE simulated_invoices (
    payment_hash  TEXT NOT NULL PRIMARY KEY,
    amount_msat   INTEGER NOT NULL CHECK (amount_msat > 0),
    expires_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    paid_at_ms    INTEGER
) STRICT;

CREATE TABLE simulated_payments (
    payment_hash  TEXT NOT NULL PRIMARY KEY,
    amount_msat   INTEGER NOT NULL CHECK (amount_msat > 0),
    fee_msat      INTEGER NOT NULL CHECK (fee_msat >= 0),
    status        TEXT NOT NULL CHECK (status IN ('pending', 'settled', 'failed')),
    created_at_ms INTEGER NOT NULL
) STRICT;

-- One row: the wallet. A pending payment is taken off it already, a failed one is given back.
CREATE TABLE simulated_wallet (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    balance_msat INTEGER NOT NULL CHECK (balance_msat >= 0)
) STRICT;

INSERT INTO simulated_wallet (id, balance_msat) VALUES (1, 0);
