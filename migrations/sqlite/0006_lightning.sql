-- Sats that come and go over Lightning. Amounts are whole millisatoshi, the base unit of BTC.

-- Which provider this database's sats are at. It is written at the first start and compared at every later one.
CREATE TABLE lightning_node (
    id            INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    backend       TEXT NOT NULL,
    network       TEXT NOT NULL,
    -- What the provider's wallet held before the first invoice; the operator's, not the users'. Null until it was read.
    opening_msat  INTEGER CHECK (opening_msat >= 0),
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE lightning_invoices (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    amount_msat   INTEGER NOT NULL CHECK (amount_msat > 0 AND amount_msat % 1000 = 0),
    memo          TEXT,
    payment_request TEXT NOT NULL,
    payment_hash  TEXT NOT NULL UNIQUE,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'expired')),
    -- Who paid: somebody outside through the provider, or another user inside the ledger.
    paid_by       TEXT CHECK (paid_by IN ('provider', 'ledger')),
    credited      INTEGER NOT NULL,
    -- The provider was paid as well, after the invoice had been settled inside.
    paid_twice    INTEGER NOT NULL,
    -- The next look at the provider; null when there is nothing left to see.
    check_at_ms   INTEGER,
    checks        INTEGER NOT NULL CHECK (checks >= 0),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    paid_at_ms    INTEGER,
    CHECK (credited = (status = 'paid')),
    CHECK ((status = 'paid') = (paid_by IS NOT NULL)),
    CHECK ((status = 'paid') = (paid_at_ms IS NOT NULL)),
    CHECK (NOT paid_twice OR paid_by = 'ledger')
) STRICT;

-- A user's invoices, newest first.
CREATE INDEX lightning_invoices_user ON lightning_invoices (user_id, id);
-- What is to be looked at, the longest overdue first.
CREATE INDEX lightning_invoices_due ON lightning_invoices (check_at_ms) WHERE check_at_ms IS NOT NULL;

CREATE TABLE lightning_withdrawals (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    amount_msat   INTEGER NOT NULL CHECK (amount_msat > 0 AND amount_msat % 1000 = 0),
    payment_request TEXT NOT NULL,
    payment_hash  TEXT NOT NULL,
    invoice_expires_at_ms INTEGER NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'failed')),
    -- Within pending: reserved (nothing was sent), sent, unknown (sent, and the provider does not say what became of it).
    step          TEXT NOT NULL CHECK (step IN ('reserved', 'sent', 'unknown', 'done')),
    -- Amount and fee cap set aside; null when it was settled inside the ledger.
    hold_id       TEXT REFERENCES holds (id),
    fee_cap_msat  INTEGER NOT NULL CHECK (fee_cap_msat >= 0),
    fee_msat      INTEGER CHECK (fee_msat >= 0),
    -- Why it failed, as a stable code.
    failure       TEXT,
    -- How often it was handed to the provider; also what a sender must know to claim it.
    attempts      INTEGER NOT NULL CHECK (attempts >= 0),
    -- Until when an order to pay may be on the line: before that, only its sender hands it over again or calls it failed.
    on_line_until_ms INTEGER,
    check_at_ms   INTEGER,
    checks        INTEGER NOT NULL CHECK (checks >= 0),
    created_at_ms INTEGER NOT NULL,
    processed_at_ms INTEGER,
    CHECK ((status = 'pending') = (step <> 'done')),
    CHECK ((status = 'pending') = (check_at_ms IS NOT NULL)),
    CHECK ((status = 'pending') = (processed_at_ms IS NULL)),
    CHECK ((status = 'confirmed') = (fee_msat IS NOT NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL))
) STRICT;

-- A payment hash is paid at most once, whoever asks, in whatever process.
CREATE UNIQUE INDEX lightning_withdrawals_hash ON lightning_withdrawals (payment_hash) WHERE status <> 'failed';
-- A user's withdrawals, newest first; also what they took out within a day.
CREATE INDEX lightning_withdrawals_user ON lightning_withdrawals (user_id, id);
CREATE INDEX lightning_withdrawals_due ON lightning_withdrawals (check_at_ms) WHERE check_at_ms IS NOT NULL;
