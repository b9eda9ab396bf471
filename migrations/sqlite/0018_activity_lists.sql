-- What the lists of the activity log run along; each ends in the time and the id, in which they are ordered.
--
-- A user's list has its index already. An action is looked for along one of these: it has few values, and another index
-- would be written with every row.

-- For an administrator's list of everything, and for what is too old or in no month's partition.
CREATE INDEX activity_logs_time ON activity_logs (created_at_ms, id);
-- For what happened in a session; many rows are of none.
CREATE INDEX activity_logs_session ON activity_logs (session_id, created_at_ms, id) WHERE session_id IS NOT NULL;
