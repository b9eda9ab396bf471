//! Withdrawals that the provider never decides, and the word of an operator who knows.

use futures_util::future::join;
use postfun_server::lightning::{
    DecideError, Decided, PaymentState, Settlement, Verdict, WithdrawalStatus, Word, undecided,
};
use postfun_tests::node::Behaviour;
use postfun_tests::{TestApp, on_both_engines};
use uuid::Uuid;

use super::{Scene, balance, fund, withdraw, withdrawal};

const PAID: Verdict = Verdict::Paid { fee_msat: 2_500 };
/// How long an order may be on the line, with time to spare.
const LINE_S: i64 = 60;
/// How long the invoice is good, and a while after that.
const INVOICE_S: i64 = 3_600 + 61;

impl Scene {
    /// Has a withdrawal of 1,000 of 2,000 sats on its way for good.
    async fn stuck(&self) -> (Uuid, String) {
        fund(self, &self.user, 2_000).await;
        self.stuck_with(1).await
    }

    /// Has a withdrawal of 1,000 sats on its way for good, by an invoice of this number.
    async fn stuck_with(&self, number: u8) -> (Uuid, String) {
        self.node.script([Behaviour::KeepPending]);
        let bolt11 = self.node.foreign_invoice(number, Some(1_000), 3_600);
        let answer = withdraw(&self.user, &bolt11, 1_000).await.ok(201);
        (answer.string("id").parse().expect("an id"), answer.string("payment_hash"))
    }

    async fn say(&self, id: Uuid, verdict: Verdict) -> Result<Decided, DecideError> {
        let word = Word { actor: "cli", verdict, reason: "seen in the node" };
        self.app.app.lightning.decide(id, word).await
    }

    async fn status(&self, id: Uuid) -> String {
        withdrawal(&self.user, &id.to_string()).await.string("status")
    }

    async fn words_on_record(&self) -> i64 {
        self.app.count_rows("admin_audit WHERE actor = 'cli' AND reason = 'seen in the node'").await
    }
}

on_both_engines! {
    async fn unpaid_by_an_operators_word_gives_everything_back_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, _hash) = scene.stuck().await;
        assert_eq!(undecided(&app.app.db).await.unwrap().len(), 1);
        scene.poll_after_s(LINE_S).await;
        let early = scene.say(id, Verdict::NotPaid).await.unwrap_err();
        assert!(matches!(early, DecideError::StillPayable { .. }), "its invoice can be paid: {early:?}");
        assert_eq!((balance(&scene.user).await, scene.words_on_record().await), ((980_000, 1_020_000), 0));
        scene.poll_after_s(INVOICE_S).await;
        let decided = scene.say(id, Verdict::NotPaid).await.unwrap();
        assert_eq!((decided.withdrawal.status, decided.is_by_provider), (WithdrawalStatus::Failed, false));
        let seen = withdrawal(&scene.user, &id.to_string()).await;
        assert_eq!((seen.string("status"), seen.string("failure")), ("failed".into(), "declared_unpaid".into()));
        assert_eq!(balance(&scene.user).await, (2_000_000, 0));
        assert_eq!(app.count_rows("admin_audit WHERE action = 'withdrawal_declared_unpaid'").await, 1);
        assert!(undecided(&app.app.db).await.unwrap().is_empty());
        let again = scene.say(id, Verdict::NotPaid).await.unwrap_err();
        assert!(matches!(again, DecideError::AlreadyDecided(WithdrawalStatus::Failed)), "{again:?}");
        assert_eq!((balance(&scene.user).await, scene.words_on_record().await), ((2_000_000, 0), 1));
        app.assert_books_are_exact().await;
    }

    async fn word_that_was_wrong_costs_the_operator_and_no_user(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, hash) = scene.stuck().await;
        scene.poll_after_s(INVOICE_S).await;
        scene.say(id, Verdict::NotPaid).await.unwrap();
        scene.node.decide(&hash, PaymentState::Settled(Settlement { amount_msat: 1_000_000, fee_msat: 700 }));
        app.clock.advance_ms(60_000);
        scene.app.run_job("lightning-late").await;
        assert_eq!(app.operator_loss_msat().await, 1_000_700);
        assert_eq!(balance(&scene.user).await, (2_000_000, 0));
        assert_eq!(scene.status(id).await, "failed");
    }

    async fn paid_by_an_operators_word_takes_amount_and_fee(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, _hash) = scene.stuck().await;
        let early = scene.say(id, PAID).await.unwrap_err();
        assert!(matches!(early, DecideError::StillPayable { .. }), "its order may be on the line: {early:?}");
        scene.poll_after_s(LINE_S).await;
        let decided = scene.say(id, PAID).await.unwrap();
        assert_eq!((decided.withdrawal.status, decided.is_by_provider), (WithdrawalStatus::Confirmed, false));
        assert_eq!(decided.withdrawal.fee_msat, Some(2_500));
        assert_eq!(balance(&scene.user).await, (997_500, 0));
        assert_eq!(app.count_rows("admin_audit WHERE action = 'withdrawal_declared_paid'").await, 1);
        app.assert_books_are_exact().await;
    }

    async fn provider_that_knows_is_believed_before_any_word(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, hash) = scene.stuck().await;
        scene.poll_after_s(INVOICE_S).await;
        scene.node.decide(&hash, PaymentState::Settled(Settlement { amount_msat: 1_000_000, fee_msat: 1_000 }));
        let decided = scene.say(id, Verdict::NotPaid).await.unwrap();
        assert_eq!((decided.withdrawal.status, decided.is_by_provider), (WithdrawalStatus::Confirmed, true));
        assert_eq!((balance(&scene.user).await, scene.words_on_record().await), ((999_000, 0), 0));
    }

    async fn paid_is_taken_from_a_provider_that_forgot_and_not_against_one_that_knows(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, hash) = scene.stuck().await;
        scene.poll_after_s(LINE_S).await;
        let dear = scene.say(id, Verdict::Paid { fee_msat: 20_001 }).await.unwrap_err();
        assert!(matches!(dear, DecideError::FeeOverCap { cap_msat: 20_000 }), "{dear:?}");
        scene.node.decide(&hash, PaymentState::Failed { reason: "no route".to_owned() });
        let against = scene.say(id, PAID).await.unwrap_err();
        assert!(matches!(against, DecideError::Contradicted(_)), "{against:?}");
        assert_eq!((scene.status(id).await, scene.words_on_record().await), ("failed".into(), 0), "the look of its user");
        let (id, hash) = scene.stuck_with(2).await;
        scene.poll_after_s(LINE_S).await;
        scene.node.decide(&hash, PaymentState::Missing);
        let decided = scene.say(id, PAID).await.unwrap();
        assert_eq!((decided.withdrawal.status, decided.is_by_provider), (WithdrawalStatus::Confirmed, false));
        assert_eq!(balance(&scene.user).await, (997_500, 0));
        assert_eq!(scene.node.orders().len(), 2, "it was not handed over again");
    }

    async fn provider_that_cannot_be_asked_is_waited_for(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, _hash) = scene.stuck().await;
        scene.poll_after_s(INVOICE_S).await;
        scene.node.set_down(true);
        for verdict in [PAID, Verdict::NotPaid] {
            let refused = scene.say(id, verdict).await.unwrap_err();
            assert!(matches!(refused, DecideError::NotAsked(_)), "{refused:?}");
        }
        scene.node.set_down(false);
        assert_eq!((scene.status(id).await, scene.words_on_record().await), ("pending".into(), 0));
    }

    async fn two_words_at_once_are_one(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, _hash) = scene.stuck().await;
        scene.poll_after_s(INVOICE_S).await;
        let both = join(scene.say(id, PAID), scene.say(id, Verdict::NotPaid)).await;
        let paid = match both {
            (Ok(_), Err(DecideError::AlreadyDecided(WithdrawalStatus::Confirmed))) => true,
            (Err(DecideError::AlreadyDecided(WithdrawalStatus::Failed)), Ok(_)) => false,
            other => panic!("{other:?}"),
        };
        assert_eq!(balance(&scene.user).await, (if paid { 997_500 } else { 2_000_000 }, 0));
        assert_eq!((scene.words_on_record().await, app.operator_loss_msat().await), (1, 0));
        app.assert_books_are_exact().await;
    }

    async fn nobody_decides_what_is_not_there(app: TestApp) {
        let scene = Scene::new(&app).await;
        let missing = scene.say(Uuid::from_u128(7), PAID).await.unwrap_err();
        assert!(matches!(missing, DecideError::Missing(_)), "{missing:?}");
    }
}
