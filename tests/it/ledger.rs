//! The ledger's verbs: what they refuse, what they never do twice, and that a refused one costs its neighbours nothing.

use postfun_core::amount::Units;
use postfun_server::app::App;
use postfun_server::ledger::{
    AccountId, AccountKey, Actor, AssetId, HoldId, Ledger, LedgerError, Leg, NewHold, NewPosting, Owner,
    Posted, PostingKind, Purpose,
};
use postfun_tests::app::TestApp;
use postfun_tests::on_both_engines;
use uuid::Uuid;

const PFUN: AssetId = AssetId(4);
const POINTS: AssetId = AssetId(105);

fn units(count: u64) -> Units {
    Units::new(count).unwrap()
}

fn posting(key: &str, legs: Vec<Leg>) -> NewPosting {
    NewPosting {
        unique_key: key.to_owned(),
        kind: PostingKind::Airdrop,
        reference_type: "test",
        reference_id: key.to_owned(),
        actor: Actor::System,
        legs,
    }
}

/// Issuance, and two users with nothing.
async fn accounts(ledger: &Ledger, asset: AssetId) -> [AccountId; 3] {
    let user = |number| AccountKey::user(Uuid::from_u128(number), asset);
    let keys = [AccountKey::issuance(asset), user(1), user(2)];
    ledger.ensure_accounts(&keys).await.unwrap().try_into().unwrap()
}

async fn post(app: &App, postings: Vec<NewPosting>) -> Vec<Result<Posted, LedgerError>> {
    let mut tx = app.db.begin().await.unwrap();
    let answers = app.ledger.post_in_tx(&mut tx, postings).await.unwrap();
    tx.commit().await.unwrap();
    answers
}

/// Available and held, in base units.
async fn balance(app: &App, user: u128) -> (u64, u64) {
    let balances = app.ledger.balances_of_user(Uuid::from_u128(user)).await.unwrap();
    let pfun = balances.iter().find(|balance| balance.asset.id == PFUN).unwrap();
    (pfun.available.get(), pfun.held.get())
}

async fn fund(app: &App, user: AccountId, issuance: AccountId, count: u64) {
    let legs = vec![Leg::debit(issuance, units(count)), Leg::credit(user, units(count))];
    assert_eq!(post(app, vec![posting("test:fund", legs)]).await[0].as_ref().unwrap(), &Posted::New);
}

async fn reserve(app: &App, key: &str, account: AccountId, count: u64) -> Result<HoldId, LedgerError> {
    let hold = NewHold { unique_key: key.to_owned(), account, amount: units(count), expires_at_ms: None };
    let mut tx = app.db.begin().await.unwrap();
    let answer = app.ledger.reserve_in_tx(&mut tx, vec![hold]).await.unwrap().pop().unwrap();
    tx.commit().await.unwrap();
    answer
}

async fn settle(app: &App, hold: HoldId, posting: NewPosting) -> Result<Posted, LedgerError> {
    let mut tx = app.db.begin().await.unwrap();
    let answer = app.ledger.settle_in_tx(&mut tx, hold, posting).await;
    if answer.is_ok() {
        tx.commit().await.unwrap();
    }
    answer
}

on_both_engines! {
    async fn a_refused_posting_costs_its_neighbours_nothing(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, bob] = accounts(&app.ledger, PFUN).await;
        let [_, points_alice, _] = accounts(&app.ledger, POINTS).await;
        let answers = post(app, vec![
            posting("test:1", vec![Leg::debit(issuance, units(100)), Leg::credit(alice, units(100))]),
            posting("test:2", vec![Leg::debit(bob, units(1)), Leg::credit(alice, units(1))]),
            posting("test:3", vec![Leg::debit(alice, units(1)), Leg::credit(bob, units(2))]),
            posting("test:4", vec![Leg::debit(alice, units(1)), Leg::credit(points_alice, units(1))]),
            posting("test:5", vec![Leg::debit(alice, units(0)), Leg::credit(bob, units(0))]),
            posting("test:6", vec![]),
            posting("test:7", vec![Leg::debit(alice, units(30)), Leg::credit(bob, units(30))]),
        ]).await;
        assert!(matches!(answers[0], Ok(Posted::New)));
        assert!(matches!(answers[1], Err(LedgerError::InsufficientBalance)));
        assert!(matches!(answers[2], Err(LedgerError::Unbalanced { asset: PFUN })));
        assert!(matches!(answers[3], Err(LedgerError::Unbalanced { .. })), "assets never mix");
        assert!(matches!(answers[4], Err(LedgerError::EmptyLeg)));
        assert!(matches!(answers[5], Err(LedgerError::EmptyLeg)));
        assert!(matches!(answers[6], Ok(Posted::New)));
        assert_eq!((balance(app, 1).await, balance(app, 2).await), ((70, 0), (30, 0)));
    }

    async fn a_key_is_posted_once_and_never_for_other_legs(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, bob] = accounts(&app.ledger, PFUN).await;
        let gift = |to, count| posting("test:gift", vec![Leg::debit(issuance, units(count)), Leg::credit(to, units(count))]);
        let in_one_batch = post(app, vec![gift(alice, 5), gift(alice, 5), gift(bob, 5)]).await;
        assert!(matches!(in_one_batch[0], Ok(Posted::New)));
        assert!(matches!(in_one_batch[1], Ok(Posted::Already)));
        assert!(matches!(in_one_batch[2], Err(LedgerError::KeyReused { .. })));
        let later = post(app, vec![gift(alice, 5), gift(alice, 6)]).await;
        assert!(matches!(later[0], Ok(Posted::Already)));
        assert!(matches!(later[1], Err(LedgerError::KeyReused { .. })));
        assert_eq!((balance(app, 1).await, balance(app, 2).await), ((5, 0), (0, 0)));
    }

    async fn racing_spenders_never_overdraw(app: TestApp) {
        let server = app.app.clone();
        let [issuance, alice, bob] = accounts(&server.ledger, PFUN).await;
        fund(&server, alice, issuance, 10).await;
        let spenders = (0..24).map(|number| {
            let server = server.clone();
            tokio::spawn(async move {
                let legs = vec![Leg::debit(alice, units(3)), Leg::credit(bob, units(3))];
                post(&server, vec![posting(&format!("test:spend:{number}"), legs)]).await.pop().unwrap().is_ok()
            })
        });
        let mut spent = 0;
        for spender in spenders.collect::<Vec<_>>() {
            spent += usize::from(spender.await.unwrap());
        }
        assert_eq!(spent, 3);
        assert_eq!((balance(&server, 1).await, balance(&server, 2).await), ((1, 0), (9, 0)));
    }

    async fn racing_makers_of_an_account_make_one(app: TestApp) {
        let server = app.app.clone();
        let other = app.reconfigured(|_| {}).await.app;
        let key = AccountKey { owner: Owner::Pool(77), purpose: Purpose::Fees, asset: PFUN };
        let makers = (0..16).map(|number| {
            let ledger = if number % 2 == 0 { server.ledger.clone() } else { other.ledger.clone() };
            let key = key.clone();
            tokio::spawn(async move { ledger.ensure_accounts(&[key]).await.unwrap() })
        });
        let mut ids = std::collections::BTreeSet::new();
        for maker in makers.collect::<Vec<_>>() {
            ids.extend(maker.await.unwrap());
        }
        assert_eq!(ids.len(), 1);
    }

    async fn a_number_that_was_rolled_back_is_not_remembered(app: TestApp) {
        let ledger = &app.app.ledger;
        let key = |number, asset| AccountKey::user(Uuid::from_u128(number), asset);
        // There is no asset 999, so the first account is made and rolled back with the second.
        let failed = ledger.ensure_accounts(&[key(1, PFUN), key(2, AssetId(999))]).await;
        assert!(matches!(failed, Err(LedgerError::Database(_))));
        let others = ledger.ensure_accounts(&[key(3, PFUN)]).await.unwrap();
        let own = ledger.ensure_accounts(&[key(1, PFUN)]).await.unwrap();
        assert_ne!(own, others);
    }

    async fn nothing_that_can_be_withdrawn_has_an_account_to_issue_it_from(app: TestApp) {
        for asset in [101, 102, 103, 104] {
            let made = app.app.ledger.ensure_accounts(&[AccountKey::issuance(AssetId(asset))]).await;
            assert!(matches!(made, Err(LedgerError::NotIssuable)));
        }
    }

    async fn a_hold_takes_money_out_of_reach_until_it_is_decided(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, bob] = accounts(&app.ledger, PFUN).await;
        fund(app, alice, issuance, 100).await;
        let hold = reserve(app, "test:hold", alice, 60).await.unwrap();
        assert_eq!(balance(app, 1).await, (40, 60));
        assert_eq!(reserve(app, "test:hold", alice, 60).await.unwrap(), hold, "the same key is the same hold");
        assert!(matches!(reserve(app, "test:hold", alice, 61).await, Err(LedgerError::KeyReused { .. })));
        assert!(matches!(reserve(app, "test:more", alice, 41).await, Err(LedgerError::InsufficientBalance)));
        let pay = |key, count| posting(key, vec![Leg::debit(alice, units(count)), Leg::credit(bob, units(count))]);
        assert!(matches!(post(app, vec![pay("test:pay", 41)]).await[0], Err(LedgerError::InsufficientBalance)));

        assert!(matches!(settle(app, hold, pay("test:too-much", 61)).await, Err(LedgerError::HoldTooSmall)));
        let other = posting("test:other", vec![Leg::debit(bob, units(1)), Leg::credit(alice, units(1))]);
        assert!(matches!(settle(app, hold, other).await, Err(LedgerError::HoldUnused)));
        assert!(matches!(settle(app, hold, pay("test:settle", 50)).await, Ok(Posted::New)));
        assert!(matches!(settle(app, hold, pay("test:settle", 50)).await, Ok(Posted::Already)));
        assert_eq!((balance(app, 1).await, balance(app, 2).await), ((40, 10), (50, 0)));

        let mut tx = app.db.begin().await.unwrap();
        app.ledger.release_in_tx(&mut tx, hold).await.unwrap();
        app.ledger.release_in_tx(&mut tx, hold).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(balance(app, 1).await, (50, 0));
        assert!(matches!(settle(app, hold, pay("test:late", 1)).await, Err(LedgerError::HoldNotOpen)));
        let missing = HoldId(Uuid::from_u128(9));
        assert!(matches!(settle(app, missing, pay("test:none", 1)).await, Err(LedgerError::HoldMissing)));
    }

    async fn a_hold_that_is_spent_wholly_is_settled(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, bob] = accounts(&app.ledger, PFUN).await;
        fund(app, alice, issuance, 10).await;
        let hold = reserve(app, "test:hold", alice, 10).await.unwrap();
        let pay = posting("test:settle", vec![Leg::debit(alice, units(10)), Leg::credit(bob, units(10))]);
        assert!(matches!(settle(app, hold, pay).await, Ok(Posted::New)));
        assert_eq!((balance(app, 1).await, balance(app, 2).await), ((0, 0), (10, 0)));
    }

    async fn a_balance_never_passes_the_largest_amount(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, _] = accounts(&app.ledger, PFUN).await;
        let most = Units::MAX;
        let answers = post(app, vec![
            posting("test:most", vec![Leg::debit(issuance, most), Leg::credit(alice, most)]),
            posting("test:more", vec![Leg::debit(issuance, units(1)), Leg::credit(alice, units(1))]),
        ]).await;
        assert!(matches!(answers[0], Ok(Posted::New)));
        assert!(matches!(answers[1], Err(LedgerError::BalanceTooLarge)));
        assert_eq!(balance(app, 1).await, (Units::MAX.get(), 0));
        // The books must be exact at the edge too, so the harness's audit sees this state.
    }

    async fn what_is_rolled_back_never_happened(app: TestApp) {
        let app = &app.app;
        let [issuance, alice, _] = accounts(&app.ledger, PFUN).await;
        let gift = || posting("test:gift", vec![Leg::debit(issuance, units(5)), Leg::credit(alice, units(5))]);
        let mut tx = app.db.begin().await.unwrap();
        assert!(app.ledger.post_in_tx(&mut tx, vec![gift()]).await.unwrap()[0].is_ok());
        drop(tx);
        assert_eq!(balance(app, 1).await, (0, 0));
        assert!(matches!(post(app, vec![gift()]).await[0], Ok(Posted::New)));
    }
}
