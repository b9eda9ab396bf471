-- SQLite's own foreign keys look up within this process and need no such help.
SELECT 1;
