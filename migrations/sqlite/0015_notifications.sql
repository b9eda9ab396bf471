-- What each user wants to be told, by which channel, and when not. A user without a row has the defaults.

CREATE TABLE notification_preferences (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL UNIQUE REFERENCES users (id),
    push_enabled  INTEGER NOT NULL,
    email_enabled INTEGER NOT NULL,
    sms_enabled   INTEGER NOT NULL,
    transaction_notifications INTEGER NOT NULL,
    security_alerts INTEGER NOT NULL,
    marketing_updates INTEGER NOT NULL,
    product_updates INTEGER NOT NULL,
    quiet_hours_enabled INTEGER NOT NULL,
    -- Seconds after midnight on the clock of the zone.
    quiet_hours_start_s INTEGER CHECK (quiet_hours_start_s BETWEEN 0 AND 86399),
    quiet_hours_end_s INTEGER CHECK (quiet_hours_end_s BETWEEN 0 AND 86399),
    -- A name of the IANA time zone database.
    timezone      TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    CHECK (NOT quiet_hours_enabled OR (quiet_hours_start_s IS NOT NULL AND quiet_hours_end_s IS NOT NULL))
) STRICT;
