//! Many sign-ins at the same moment.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use postfun_tests::{Answer, Signer, TestApp, on_both_engines};

/// How many requests arrive together.
const AT_ONCE: usize = 50;

async fn all_at_once(app: &TestApp, bodies: Vec<String>) -> Vec<Answer> {
    let tasks = bodies.into_iter().map(|body| {
        let stranger = app.stranger();
        tokio::spawn(async move { stranger.post("/auth/verify", body).await })
    });
    join_all(tasks).await.into_iter().map(|answer| answer.expect("no request panics")).collect()
}

on_both_engines! {
    async fn fifty_proofs_of_one_challenge_make_one_token(app: TestApp) {
        for round in 0..4 {
            let challenge = app.challenge().await;
            let body = Signer::numbered(round).login(&challenge, app.now_s(), |_| {});
            let answers = all_at_once(&app, vec![body; AT_ONCE]).await;
            let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
            assert_eq!(winners.len(), 1, "one challenge is worth one token");
            for loser in losers {
                loser.refused(400, "challenge_already_used");
            }
        }
    }

    async fn first_sign_ins_of_one_key_make_one_user(app: TestApp) {
        let mut bodies = Vec::new();
        for _challenge in 0..AT_ONCE {
            bodies.push(Signer::numbered(1).login(&app.challenge().await, app.now_s(), |_| {}));
        }
        let answers = all_at_once(&app, bodies).await;
        let ids: BTreeSet<_> = answers.into_iter().map(|answer| answer.ok(200).raw("user.id")).collect();
        assert_eq!(ids.len(), 1, "one key is one user: {ids:?}");
    }

    async fn first_sign_ins_of_many_keys_make_numbers_without_holes(app: TestApp) {
        let mut bodies = Vec::new();
        for number in 0..20 {
            bodies.push(Signer::numbered(number).login(&app.challenge().await, app.now_s(), |_| {}));
        }
        let answers = all_at_once(&app, bodies).await;
        let ids: BTreeSet<u64> = answers.into_iter().map(|a| a.ok(200).raw("user.id").parse().unwrap()).collect();
        assert_eq!(ids, (1..=20).collect());
    }
}
