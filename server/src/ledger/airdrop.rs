//! Giving a user units of an asset that the server may issue.

use postfun_core::amount::Units;
use serde::Serialize;
use uuid::Uuid;

use super::{AccountKey, Actor, Asset, Ledger, LedgerError, Leg, NewPosting, Posted, PostingKind};
use crate::admin::{self, AuditEntry};
use crate::db::{DbError, Tx};
use crate::events::NewEvent;
use crate::http::amount::AmountNumber;
use crate::http::idempotency::{self, Claim, KeyReused, StoredAnswer};
use crate::id::uuid_v7;
use crate::identity::User;

/// A gift to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Who gets it.
    pub user_id: Uuid,
    /// Of what.
    pub asset: Asset,
    /// How much, in base units; above zero.
    pub amount: Units,
}

/// An airdrop, as an administrator asks for it.
#[derive(Debug)]
pub(crate) struct Airdrop<'a> {
    pub(crate) admin: &'a User,
    pub(crate) to: &'a User,
    pub(crate) asset: Asset,
    pub(crate) amount: Units,
    pub(crate) claim: Option<Claim>,
    pub(crate) render: fn(&Airdrop<'_>, balance: Units) -> Result<StoredAnswer, serde_json::Error>,
}

/// Why nothing was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AirdropError {
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the answer could not be rendered")]
    Render(#[from] serde_json::Error),
}

impl From<DbError> for AirdropError {
    fn from(error: DbError) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// Gives a user units; a repeated key gets the first answer. Says whether it was one.
    pub(crate) async fn airdrop(&self, airdrop: &Airdrop<'_>) -> Result<(StoredAnswer, bool), AirdropError> {
        match self.try_airdrop(airdrop).await {
            // The same key was used at the same time; now its row can be seen.
            Err(AirdropError::Ledger(LedgerError::Database(error))) if error.is_conflict() => {
                self.try_airdrop(airdrop).await
            }
            outcome => outcome,
        }
    }

    async fn try_airdrop(&self, airdrop: &Airdrop<'_>) -> Result<(StoredAnswer, bool), AirdropError> {
        let issue = Issue { user_id: airdrop.to.id, asset: airdrop.asset.clone(), amount: airdrop.amount };
        let accounts = self.ensure_accounts(&keys(&issue)).await?;
        let mut tx = self.db.begin().await?;
        let claims: Vec<&Claim> = airdrop.claim.iter().collect();
        let stored = idempotency::find_in_tx(&mut tx, &claims).await?;
        if let Some(answer) = airdrop.claim.as_ref().and_then(|claim| stored.answer(claim)) {
            return Ok((answer?, true));
        }
        let now_ms = self.clock.now_ms();
        let id = uuid_v7(now_ms, self.entropy.as_ref());
        let posting = NewPosting {
            unique_key: format!("ledger:{id}:airdrop"),
            kind: PostingKind::Airdrop,
            reference_type: "airdrop",
            reference_id: id.to_string(),
            actor: Actor::Admin(airdrop.admin.id),
            legs: legs(&accounts, issue.amount)?,
        };
        let key = posting.unique_key.clone();
        let balance = self.issue_in_tx(&mut tx, &accounts, posting).await?;
        let answer = (airdrop.render)(airdrop, balance)?;
        let entry = AuditEntry {
            actor: airdrop.admin.id.to_string(),
            action: "airdrop",
            subject: airdrop.to.id.to_string(),
            reason: None,
            before: None,
            after: Some(String::from_utf8_lossy(&answer.body).into_owned()),
        };
        admin::insert_audit_in_tx(&mut tx, &entry, self.clock.as_ref(), self.entropy.as_ref()).await?;
        if let Some(claim) = &airdrop.claim {
            idempotency::insert_in_tx(&mut tx, &[(claim, &answer)], now_ms).await?;
        }
        let event = granted(airdrop.to.id, "airdrop", &[&issue])?;
        self.events.append_batch_in_tx(&mut tx, &[event]).await?;
        self.commit_posted(tx, &key, &accounts).await?;
        self.events.announce([airdrop.to.id]);
        Ok((answer, false))
    }

    /// Gives a user several assets once for all times: a second call with the same key changes nothing, also when the
    /// amounts have changed since.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotIssuable`] before anything is given, else as the ledger refuses.
    pub async fn grant_once(&self, key: &str, issues: &[Issue]) -> Result<Posted, LedgerError> {
        let mut postings = Vec::with_capacity(issues.len());
        let mut accounts = Vec::new();
        for issue in issues {
            let ids = self.ensure_accounts(&keys(issue)).await?;
            postings.push(NewPosting {
                unique_key: format!("{key}:{}", issue.asset.symbol),
                kind: PostingKind::StarterGrant,
                reference_type: "user",
                reference_id: issue.user_id.to_string(),
                actor: Actor::System,
                legs: legs(&ids, issue.amount)?,
            });
            accounts.extend(ids);
        }
        let Some(first) = postings.first().map(|posting| posting.unique_key.clone()) else {
            return Ok(Posted::Already);
        };
        let mut tx = self.db.begin().await?;
        let mut given = Vec::with_capacity(issues.len());
        for (answer, issue) in self.post_in_tx(&mut tx, postings).await?.into_iter().zip(issues) {
            match answer {
                Ok(Posted::New) => given.push(issue),
                Ok(Posted::Already) | Err(LedgerError::KeyReused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(user) = given.first().map(|issue| issue.user_id) else { return Ok(Posted::Already) };
        let event = granted(user, "starter_grant", &given)?;
        self.events.append_batch_in_tx(&mut tx, &[event]).await?;
        self.commit_posted(tx, &first, &accounts).await?;
        self.events.announce([user]);
        Ok(Posted::New)
    }

    /// Posts an issue and returns the user's balance after it.
    async fn issue_in_tx(
        &self,
        tx: &mut Tx,
        accounts: &[super::AccountId],
        posting: NewPosting,
    ) -> Result<Units, LedgerError> {
        let mut book = self.open_in_tx(tx, accounts, std::slice::from_ref(&posting.unique_key)).await?;
        book.post(posting)?;
        let balance = accounts.get(1).and_then(|account| book.available(*account));
        book.write_in_tx(tx).await?;
        let balance = balance.and_then(|balance| u64::try_from(balance).ok()).unwrap_or(0);
        Ok(Units::new(balance).unwrap_or(Units::MAX))
    }
}

/// What the event `balance.granted` tells its user.
#[derive(Debug, Serialize)]
struct Granted<'a> {
    reason: &'static str,
    items: Vec<GrantedItem<'a>>,
}

#[derive(Debug, Serialize)]
struct GrantedItem<'a> {
    token_id: i64,
    symbol: &'a str,
    decimals: u8,
    amount: AmountNumber,
    amount_units: String,
}

impl<'a> From<&'a Issue> for GrantedItem<'a> {
    fn from(Issue { asset, amount, .. }: &'a Issue) -> Self {
        Self {
            token_id: asset.id.0,
            symbol: &asset.symbol,
            decimals: asset.decimals.get(),
            amount: AmountNumber::new(*amount, asset.decimals),
            amount_units: amount.get().to_string(),
        }
    }
}

/// The event of a user who was given something.
fn granted(user: Uuid, reason: &'static str, issues: &[&Issue]) -> Result<NewEvent, DbError> {
    let items = issues.iter().map(|issue| GrantedItem::from(*issue)).collect();
    let data = serde_json::to_string(&Granted { reason, items })
        .map_err(|error| DbError::inconsistent("user_events", "data", error))?;
    Ok(NewEvent { user, kind: "balance.granted", data })
}

/// Where an issue comes from and where it goes.
fn keys(issue: &Issue) -> [AccountKey; 2] {
    [AccountKey::issuance(issue.asset.id), AccountKey::user(issue.user_id, issue.asset.id)]
}

fn legs(accounts: &[super::AccountId], amount: Units) -> Result<Vec<Leg>, LedgerError> {
    match accounts {
        [issuance, user] => Ok(vec![Leg::debit(*issuance, amount), Leg::credit(*user, amount)]),
        _ => Err(LedgerError::AccountMissing),
    }
}
