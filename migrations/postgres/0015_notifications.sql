-- What each user wants to be told, by which channel, and when not. A user without a row has the defaults.

CREATE TABLE notification_preferences (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL UNIQUE REFERENCES users (id),
    push_enabled  BOOLEAN NOT NULL,
    email_enabled BOOLEAN NOT NULL,
    sms_enabled   BOOLEAN NOT NULL,
    transaction_notifications BOOLEAN NOT NULL,
    security_alerts BOOLEAN NOT NULL,
    marketing_updates BOOLEAN NOT NULL,
    product_updates BOOLEAN NOT NULL,
    quiet_hours_enabled BOOLEAN NOT NULL,
    -- Seconds after midnight on the clock of the zone.
    quiet_hours_start_s BIGINT CHECK (quiet_hours_start_s BETWEEN 0 AND 86399),
    quiet_hours_end_s BIGINT CHECK (quiet_hours_end_s BETWEEN 0 AND 86399),
    -- A name of the IANA time zone database.
    timezone      TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    CHECK (NOT quiet_hours_enabled OR (quiet_hours_start_s IS NOT NULL AND quiet_hours_end_s IS NOT NULL))
);
