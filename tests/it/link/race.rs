//! Linking, unlinking and signing in at the same moment.

use futures_util::future::{join, join_all};
use postfun_tests::link::{KeyChallenge, privy_proof};
use postfun_tests::{Answer, Signer, TestApp, User, on_both_engines, privy};

/// How often a race is run; each time somebody else may win.
const ROUNDS: u64 = 8;

/// Everything for linking a key, signed.
async fn ready(user: &User, new: &Signer) -> (KeyChallenge, [serde_json::Value; 2]) {
    let challenge = user.key_challenge("link", "nostr", &new.pubkey()).await;
    let proofs = [new, &user.signer].map(|signer| signer.proof(&challenge, user.app().now_s(), |_| {}));
    (challenge, proofs)
}

/// How many answers have a status, and the codes of the others.
fn outcome(answers: &[Answer], status: u16) -> (usize, Vec<String>) {
    let won = answers.iter().filter(|answer| answer.status == status).count();
    (
        won,
        answers.iter().filter(|answer| answer.status != status).map(|answer| answer.string("code")).collect(),
    )
}

/// Live sessions that were begun with a key which nobody has.
const ORPHANS: &str = "sessions WHERE ended_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM identities \
    WHERE kind = identity_kind AND subject = identity_subject AND identities.user_id = sessions.user_id)";

on_both_engines! {
    async fn of_two_users_who_link_one_key_at_once_one_gets_it(app: TestApp) {
        for round in 0..ROUNDS {
            let new = Signer::numbered(1_000 + round);
            let (ada, bob) = (app.user(10 + round).await, app.user(100 + round).await);
            let ((first, [a, b]), (second, [c, d])) = (ready(&ada, &new).await, ready(&bob, &new).await);
            let (one, other) = join(ada.link(&first, a, b), bob.link(&second, c, d)).await;
            assert_eq!(outcome(&[one, other], 201), (1, vec!["identity_taken".to_owned()]));
        }
        assert_eq!(app.count_rows("identities").await, i64::try_from(3 * ROUNDS).unwrap());
    }

    async fn one_challenge_links_once(app: TestApp) {
        let (user, new) = (app.user(1).await, Signer::numbered(2));
        let (challenge, [key, own]) = ready(&user, &new).await;
        let answers = join_all((0..10).map(|_| user.link(&challenge, key.clone(), own.clone()))).await;
        let (won, codes) = outcome(&answers, 201);
        assert_eq!((won, codes), (1, vec!["challenge_already_used".to_owned(); 9]));
    }

    async fn key_that_is_linked_and_signs_in_for_the_first_time_at_once_has_one_user(app: TestApp) {
        for round in 0..ROUNDS {
            let (user, new) = (app.user(10 + round).await, Signer::numbered(1_000 + round));
            let (challenge, [key, own]) = ready(&user, &new).await;
            let (linked, signed_in) = join(user.link(&challenge, key, own), app.sign_in(&new)).await;
            let owner = signed_in.ok(200).raw("user.id");
            match linked.status {
                201 => assert_eq!(owner, user.id.to_string()),
                _ => linked.refused(409, "identity_taken"),
            }
        }
        assert_eq!(app.count_rows("identities").await, i64::try_from(2 * ROUNDS).unwrap());
    }

    async fn of_two_keys_that_are_unlinked_at_once_one_stays(app: TestApp) {
        for round in 0..ROUNDS {
            let (user, second) = (app.user(10 + round).await, Signer::numbered(1_000 + round));
            let _linked = user.link_nostr(&user.signer, &second).await;
            let by_second = app.user(1_000 + round).await;
            let first = user.key_challenge("unlink", "nostr", &second.pubkey()).await;
            let other = by_second.key_challenge("unlink", "nostr", &user.signer.pubkey()).await;
            let by_user = user.signer.proof(&first, app.now_s(), |_| {});
            let by_other = second.proof(&other, app.now_s(), |_| {});
            let (one, other) =
                join(user.unlink(&first, by_user), by_second.unlink(&other, by_other)).await;
            let (won, codes) = outcome(&[one, other], 200);
            assert_eq!(won, 1, "{codes:?}");
            // The loser's session has ended, or it is told that the key is the last.
            assert!(["identity_last", "invalid_or_expired_token", "proof_not_own"].contains(&&*codes[0]), "{codes:?}");
        }
        assert_eq!(app.count_rows("identities").await, i64::try_from(ROUNDS).unwrap());
        assert_eq!(app.count_rows(ORPHANS).await, 0);
    }

    async fn key_that_is_unlinked_leaves_no_session_behind(app: TestApp) {
        let app = app.with_privy().await;
        for round in 0..ROUNDS {
            let user = app.user(10 + round).await;
            let second = Signer::numbered(1_000 + round);
            let _linked = user.link_nostr(&user.signer, &second).await;
            let number = usize::try_from(round).unwrap();
            let _linked = user.link_privy(&user.signer, number).await;
            let nostr = user.key_challenge("unlink", "nostr", &second.pubkey()).await;
            let privy = user.key_challenge("unlink", "privy", &privy::did(number)).await;
            let [of_nostr, of_privy] =
                [&nostr, &privy].map(|challenge| user.signer.proof(challenge, app.now_s(), |_| {}));
            let unlinked = join(user.unlink(&nostr, of_nostr), user.unlink(&privy, of_privy));
            let signed_in = join(app.sign_in(&second), app.log_in(privy::token(number)));
            let ((a, b), (c, d)) = join(unlinked, signed_in).await;
            for answer in [a, b, c, d] {
                let _fine = answer.ok(200);
            }
        }
        assert_eq!(app.count_rows(ORPHANS).await, 0);
    }

    async fn linking_and_unlinking_wait_for_each_other_and_for_administrators(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        for round in 0..ROUNDS {
            let new = Signer::numbered(1_000 + round);
            let (challenge, [key, own]) = ready(&user, &new).await;
            let privy = user.key_challenge("link", "privy", &privy::did(0)).await;
            let proof = user.signer.proof(&privy, app.now_s(), |_| {});
            let admins = app.admins();
            let npub = user.signer.npub().parse().unwrap();
            let granted = admins.grant(&npub, "test", None);
            let renamed = user.put("/api/v1/users/me", r#"{"displayName":"x"}"#);
            let linked = join(user.link(&challenge, key, own), user.link(&privy, privy_proof(0), proof));
            let ((one, other), (granted, renamed)) = join(linked, join(granted, renamed)).await;
            let _changed = granted.unwrap();
            assert_eq!((one.status, other.status, renamed.status), (201, 201, 200));
            let _gone = user.unlink_with(&user.signer, "privy", &privy::did(0)).await.ok(200);
            let _revoked = admins.revoke(&npub, "test", None).await.unwrap();
        }
    }
}
