-- Nobody asks for the trades of one user: an index that is only written costs every swap and serves none.

DROP INDEX trades_user;
