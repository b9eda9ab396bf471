//! Making a pool: its first reserves and its whole burn schedule are issued into its own accounts.

use postfun_core::amm::{GENESIS, Pool, PoolParams, link};
use postfun_core::amount::Units;

use super::batch::pool_accounts;
use super::{CreatePoolError, PoolRecord, Pools, repo};
use crate::admin::{self, AuditEntry};
use crate::db::Tx;
use crate::http::idempotency::{self, Claim, StoredAnswer};
use crate::identity::User;
use crate::ledger::{AccountKey, Actor, Asset, LedgerError, Leg, NewPosting, PostingKind, Purpose};

/// A pool that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPool {
    /// Token A.
    pub token_a: Asset,
    /// Token B.
    pub token_b: Asset,
    /// The token that crossings burn.
    pub burn_token: Option<Asset>,
    /// Its parameters.
    pub params: PoolParams,
}

/// Who makes a pool, and how it is answered.
#[derive(Debug)]
pub(crate) struct Creation<'a> {
    pub(crate) admin: &'a User,
    pub(crate) claim: Option<Claim>,
    pub(crate) render: fn(&PoolRecord) -> Result<StoredAnswer, serde_json::Error>,
}

impl Pools {
    /// Makes a pool for an administrator; a repeated key gets the first answer. Says whether it was one.
    pub(crate) async fn create(
        &self,
        new: &NewPool,
        creation: &Creation<'_>,
    ) -> Result<(StoredAnswer, bool), CreatePoolError> {
        match self.try_create(new, creation).await {
            // The same key was used at the same time; now its row can be seen.
            Err(CreatePoolError::Database(error)) if error.is_conflict() => {
                self.try_create(new, creation).await
            }
            outcome => outcome,
        }
    }

    async fn try_create(
        &self,
        new: &NewPool,
        creation: &Creation<'_>,
    ) -> Result<(StoredAnswer, bool), CreatePoolError> {
        check(new)?;
        if let Some(claim) = &creation.claim {
            let stored = idempotency::find_in_tx(&mut self.db.reader().await?, &[claim]).await?;
            if let Some(answer) = stored.answer(claim) {
                return Ok((answer?, true));
            }
        }
        // The accounts' keys have the pool's number in them, and are made before the transaction that fills them.
        let mut tx = self.db.begin().await?;
        let id = repo::next_pool_id(&mut tx).await?;
        tx.commit().await?;
        let record = self.record(id, new.clone())?;
        let accounts = self.ledger.ensure_accounts(&keys(&record)).await?;
        let mut tx = self.db.begin().await?;
        self.insert_in_tx(&mut tx, &record, &accounts, Actor::Admin(creation.admin.id)).await?;
        let answer = (creation.render)(&record)?;
        let entry = AuditEntry {
            actor: creation.admin.id.to_string(),
            action: "pool_create",
            subject: record.id.to_string(),
            reason: None,
            before: None,
            after: Some(String::from_utf8_lossy(&answer.body).into_owned()),
        };
        admin::insert_audit_in_tx(&mut tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await?;
        if let Some(claim) = &creation.claim {
            idempotency::insert_in_tx(&mut tx, &[(claim, &answer)], self.clock.now_ms()).await?;
        }
        self.ledger.commit_posted(tx, &seed_key(record.id), &accounts).await?;
        tracing::info!(pool.id = record.id, "a pool was made");
        Ok((answer, false))
    }

    /// Makes pool number 1 unless there is a pool; for the demo. Says whether it did.
    ///
    /// A start that was interrupted leaves the number taken and no pool; the next start goes on from there.
    pub(crate) async fn create_first(&self, new: NewPool) -> Result<bool, CreatePoolError> {
        check(&new)?;
        let mut tx = self.db.begin().await?;
        let Some(id) = repo::first_pool_id(&mut tx).await? else { return Ok(false) };
        tx.commit().await?;
        let record = self.record(id, new)?;
        let accounts = self.ledger.ensure_accounts(&keys(&record)).await?;
        let mut tx = self.db.begin().await?;
        match self.insert_in_tx(&mut tx, &record, &accounts, Actor::System).await {
            // Another process has started at the same time and was first.
            Err(CreatePoolError::Database(error)) if error.is_conflict() => return Ok(false),
            outcome => outcome?,
        }
        self.ledger.commit_posted(tx, &seed_key(id), &accounts).await?;
        Ok(true)
    }

    fn record(&self, id: i64, new: NewPool) -> Result<PoolRecord, CreatePoolError> {
        let now_ms = self.clock.now_ms();
        let mut record = PoolRecord {
            id,
            token_a: new.token_a,
            token_b: new.token_b,
            burn_token: new.burn_token,
            pool: Pool::new(&new.params)?,
            seq: 1,
            head: GENESIS,
            last_event_at_ms: now_ms,
            created_at_ms: now_ms,
        };
        record.head = link(&GENESIS, &record.created_event().encode());
        Ok(record)
    }

    async fn insert_in_tx(
        &self,
        tx: &mut Tx,
        record: &PoolRecord,
        accounts: &[crate::ledger::AccountId],
        actor: Actor,
    ) -> Result<(), CreatePoolError> {
        let keys = keys(record);
        let account = |key: &AccountKey| {
            let place = keys.iter().position(|known| known == key);
            place.and_then(|place| accounts.get(place)).copied().ok_or(LedgerError::AccountMissing)
        };
        let mut legs = Vec::with_capacity(6);
        for (asset, purpose, amount) in funding(record)? {
            if !amount.is_zero() {
                legs.push(Leg::debit(account(&AccountKey::issuance(asset.id))?, amount));
                legs.push(Leg::credit(account(&AccountKey::pool(record.id, purpose, asset.id))?, amount));
            }
        }
        let posting = NewPosting {
            unique_key: seed_key(record.id),
            kind: PostingKind::PoolSeed,
            reference_type: "pool",
            reference_id: record.id.to_string(),
            actor,
            legs,
        };
        repo::insert_pool(tx, record).await?;
        repo::insert_event(tx, record, &record.created_event().encode()).await?;
        for answer in self.ledger.post_in_tx(tx, vec![posting]).await? {
            answer?;
        }
        Ok(())
    }
}

/// The unique key of the posting that fills a pool.
fn seed_key(pool_id: i64) -> String {
    format!("amm:{pool_id}:seed")
}

fn check(new: &NewPool) -> Result<(), CreatePoolError> {
    if new.token_a.id == new.token_b.id {
        return Err(CreatePoolError::SameToken);
    }
    let tokens = [Some(&new.token_a), Some(&new.token_b), new.burn_token.as_ref()];
    if let Some(asset) = tokens.into_iter().flatten().find(|asset| !asset.is_issuable) {
        return Err(CreatePoolError::NotIssuable(Box::new(asset.clone())));
    }
    Pool::new(&new.params)?;
    Ok(())
}

/// What a new pool is given.
fn funding(record: &PoolRecord) -> Result<Vec<(&Asset, Purpose, Units)>, CreatePoolError> {
    let params = record.pool.params();
    let mut funding = vec![
        (&record.token_a, Purpose::Reserve, params.reserve_a),
        (&record.token_b, Purpose::Reserve, params.reserve_b),
    ];
    if let Some(token) = &record.burn_token {
        funding.push((token, Purpose::BurnReserve, record.pool.burn_schedule().total(&params.thresholds)?));
    }
    Ok(funding)
}

/// Every account that making a pool touches.
fn keys(record: &PoolRecord) -> Vec<AccountKey> {
    let burn_token = record.burn_token.as_ref().map(|token| token.id);
    let mut keys = pool_accounts(record.id, [record.token_a.id, record.token_b.id], burn_token);
    keys.extend(
        [record.token_a.id, record.token_b.id].into_iter().chain(burn_token).map(AccountKey::issuance),
    );
    keys
}
