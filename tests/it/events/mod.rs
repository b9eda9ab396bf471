//! What happens to users: one list each, in order, without a gap, whoever writes it.

mod outbox;
