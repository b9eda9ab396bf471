-- What is known about users beyond their keys. Nothing here signs in.

CREATE TABLE profiles (
    user_id       TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    -- The Privy user that an administrator made the account for; counts until somebody proves to be them.
    reserved_privy_id TEXT UNIQUE,
    email         TEXT,
    email_is_verified INTEGER NOT NULL,
    phone         TEXT,
    picture_url   TEXT,
    -- 0x and lower-case digits.
    wallet_address TEXT UNIQUE,
    -- Whether the wallet was proven, not merely named.
    wallet_is_verified INTEGER NOT NULL,
    wallet_registered_at_ms INTEGER,
    last_active_at_ms INTEGER NOT NULL,
    CHECK ((wallet_address IS NULL) = (wallet_registered_at_ms IS NULL))
) STRICT;
