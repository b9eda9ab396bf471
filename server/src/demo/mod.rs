//! What a demo has that a real server never has: a first pool made by nobody, and tokens for whoever asks.
//!
//! Its routes are not mounted, and nothing here runs, unless the configuration says that this is a demo.

pub(crate) mod http;
mod lightning;

use postfun_core::amm::PoolParams;
use postfun_core::amount::{self, Decimals, Units};

use crate::amm::{CreatePoolError, NewPool, Pools};
use crate::ledger::{Issue, Ledger, LedgerError, Posted};

/// What a new user of the demo gets, in whole tokens by symbol.
const STARTER: [(&str, &str); 3] = [("gBTC", "2"), ("gUSD", "100000"), ("PFUN", "1000")];

/// Makes the seed document's pool, if no pool was ever made.
pub(crate) async fn seed_pool(pools: &Pools, ledger: &Ledger) -> Result<(), CreatePoolError> {
    let (Some(token_a), Some(token_b), Some(burn_token)) = (
        ledger.find_asset_by_symbol("gBTC").await?,
        ledger.find_asset_by_symbol("gUSD").await?,
        ledger.find_asset_by_symbol("PFUN").await?,
    ) else {
        return Ok(());
    };
    let btc = |count| Some(whole(count, token_a.decimals));
    let pfun = |count| Some(whole(count, burn_token.decimals));
    let params = PoolParams {
        reserve_a: whole("1000", token_a.decimals),
        reserve_b: whole("65000000", token_b.decimals),
        fee_bps_base: 30,
        thresholds: [btc("1000"), btc("2000"), btc("5000")],
        burns: [pfun("100"), pfun("80"), pfun("60"), pfun("40")],
    };
    if pools.create_first(NewPool { token_a, token_b, burn_token: Some(burn_token), params }).await? {
        tracing::info!("the demo's gBTC/gUSD pool was made");
    }
    Ok(())
}

/// Gives a user the starter tokens, once for all times.
pub(crate) async fn starter_grant(ledger: &Ledger, user_id: uuid::Uuid) -> Result<Posted, LedgerError> {
    let mut issues = Vec::with_capacity(STARTER.len());
    for (symbol, count) in STARTER {
        if let Some(asset) = ledger.find_asset_by_symbol(symbol).await? {
            let amount = whole(count, asset.decimals);
            issues.push(Issue { user_id, asset, amount });
        }
    }
    ledger.grant_once(&format!("demo:{user_id}:starter"), &issues).await
}

/// A constant of this file as base units; an impossible one would give a pool without reserves, which is refused.
fn whole(count: &str, decimals: Decimals) -> Units {
    amount::parse(count, decimals).unwrap_or_default()
}
