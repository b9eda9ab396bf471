-- What the rows of one statement have in common is looked up once. The entries of a batch name few postings and accounts,
-- and its trades and events one pool, so a check costs a fraction of a look-up for each row.

CREATE OR REPLACE FUNCTION entries_refer() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT posting_id FROM added) AS named
        WHERE NOT EXISTS (SELECT 1 FROM postings WHERE postings.id = named.posting_id)
    ) OR EXISTS (
        SELECT 1 FROM (SELECT DISTINCT account_id, asset_id FROM added) AS named
        WHERE NOT EXISTS (
            SELECT 1 FROM accounts WHERE accounts.id = named.account_id AND accounts.asset_id = named.asset_id
        )
    ) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'entries_refer',
            MESSAGE = 'an entry names a posting, and an account of its asset';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION trades_refer() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT user_id FROM added) AS named
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = named.user_id)
    ) OR EXISTS (
        SELECT 1 FROM (SELECT DISTINCT pool_id FROM added) AS named
        WHERE NOT EXISTS (SELECT 1 FROM pools WHERE pools.id = named.pool_id)
    ) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'trades_refer',
            MESSAGE = 'a trade names a user and a pool';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pool_events_refer() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT pool_id FROM added) AS named
        WHERE NOT EXISTS (SELECT 1 FROM pools WHERE pools.id = named.pool_id)
    ) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'pool_events_refer',
            MESSAGE = 'an event names a pool';
    END IF;
    RETURN NULL;
END
$$;
