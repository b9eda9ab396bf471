-- Keys to a private beta; an e-mail address redeems one.

CREATE TABLE private_beta_users (
    id            TEXT NOT NULL PRIMARY KEY,
    -- Six digits; a text, since the first may be zero.
    referral_key  TEXT NOT NULL UNIQUE CHECK (LENGTH(referral_key) = 6),
    status        TEXT NOT NULL CHECK (status IN ('pending', 'active')),
    -- In lower case, so that an address is the same however it is written. Nobody has proven it.
    user_email    TEXT UNIQUE,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    CHECK ((status = 'active') = (user_email IS NOT NULL))
);

-- For the list of unused keys and their number.
CREATE INDEX private_beta_users_pending ON private_beta_users (id) WHERE status = 'pending';
