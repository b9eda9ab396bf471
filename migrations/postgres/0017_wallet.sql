-- Which wallet the sats are in, and what a provider paid although nobody expected it.

-- The provider's own name of the wallet; null until it was told.
ALTER TABLE lightning_node ADD COLUMN wallet TEXT;

-- What arrived for a deposit, when the provider told it; its invoice's amount unless something is wrong.
ALTER TABLE lightning_invoices ADD COLUMN received_msat BIGINT CHECK (received_msat > 0);

-- What a confirmed withdrawal paid beside its fee, when the provider told it; its amount unless something is wrong.
ALTER TABLE lightning_withdrawals ADD COLUMN paid_msat BIGINT CHECK (paid_msat > 0);
-- What the provider paid, fee included, after it had called the withdrawal failed.
ALTER TABLE lightning_withdrawals ADD COLUMN late_msat BIGINT CHECK (late_msat IS NULL OR (late_msat > 0 AND status = 'failed'));
-- The next look at a withdrawal that failed after it was sent; null when there is nothing left to see.
ALTER TABLE lightning_withdrawals ADD COLUMN late_check_at_ms BIGINT CHECK (status = 'failed' OR late_check_at_ms IS NULL);

-- One look at each that failed before there were any.
UPDATE lightning_withdrawals SET late_check_at_ms = processed_at_ms WHERE status = 'failed' AND attempts > 0;

CREATE INDEX lightning_withdrawals_late ON lightning_withdrawals (late_check_at_ms) WHERE late_check_at_ms IS NOT NULL;

-- A payment hash is paid at most once, also when it was paid late: nobody sends it again then.
DROP INDEX lightning_withdrawals_hash;
CREATE UNIQUE INDEX lightning_withdrawals_hash ON lightning_withdrawals (payment_hash)
    WHERE status <> 'failed' OR late_msat IS NOT NULL;
