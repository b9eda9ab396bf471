-- Users with several keys: challenges that are about a key, and when a key was proven last.

-- Who asked for the challenge; nobody is signed in yet where it is for signing in.
ALTER TABLE challenges ADD COLUMN user_id TEXT REFERENCES users (id);
-- The hash of what it is about, in lower-case hexadecimal; signing in is about nothing.
ALTER TABLE challenges ADD COLUMN data TEXT CHECK ((data IS NULL) = (purpose = 'login'));

ALTER TABLE identities ADD COLUMN last_used_at_ms BIGINT;
UPDATE identities SET last_used_at_ms = created_at_ms;

-- For the list of a user's keys.
CREATE INDEX identities_user ON identities (user_id, created_at_ms);
