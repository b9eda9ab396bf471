-- Parents of history never disappear. SQLite's own foreign keys stay: here they cost little.

CREATE TRIGGER users_stay BEFORE DELETE ON users
BEGIN SELECT RAISE(ABORT, 'rows of users stay, under the id they have'); END;
CREATE TRIGGER users_keep_id BEFORE UPDATE OF id ON users
BEGIN SELECT RAISE(ABORT, 'rows of users stay, under the id they have'); END;
CREATE TRIGGER assets_stay BEFORE DELETE ON assets
BEGIN SELECT RAISE(ABORT, 'rows of assets stay, under the id they have'); END;
CREATE TRIGGER assets_keep_id BEFORE UPDATE OF id ON assets
BEGIN SELECT RAISE(ABORT, 'rows of assets stay, under the id they have'); END;
CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts
BEGIN SELECT RAISE(ABORT, 'rows of accounts stay, under the id they have'); END;
CREATE TRIGGER accounts_keep_id BEFORE UPDATE OF id, asset_id ON accounts
BEGIN SELECT RAISE(ABORT, 'rows of accounts stay, under the id they have'); END;
CREATE TRIGGER pools_stay BEFORE DELETE ON pools
BEGIN SELECT RAISE(ABORT, 'rows of pools stay, under the id they have'); END;
CREATE TRIGGER pools_keep_id BEFORE UPDATE OF id ON pools
BEGIN SELECT RAISE(ABORT, 'rows of pools stay, under the id they have'); END;
