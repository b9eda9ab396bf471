//! What happens to users: one list each, in order, without a gap, whoever writes it; and their streams.

mod ending;
mod outbox;
mod stream;

use postfun_server::db::DbError;
use postfun_server::events::NewEvent;
use postfun_server::identity::UserRef;
use postfun_tests::{TestApp, User};
use uuid::Uuid;

async fn id_of(app: &TestApp, user: &User) -> Uuid {
    let number = UserRef::Number(i64::try_from(user.id).unwrap());
    app.app.identities.find_by_ref(&number).await.unwrap().unwrap().id
}

/// Appends in a transaction of its own, as a service does at the end of its work.
async fn append(app: &TestApp, events: &[NewEvent]) -> Result<Vec<i64>, DbError> {
    let mut tx = app.app.db.begin().await?;
    let numbers = app.app.events.append_batch_in_tx(&mut tx, events).await?;
    tx.commit().await?;
    Ok(numbers)
}
