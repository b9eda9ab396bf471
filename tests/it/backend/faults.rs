//! LNbits as it is on a bad day: what each kind of answer, or none, means for money.
//!
//! A healthy LNbits never does most of this, so a scripted server plays it.

use std::time::Duration;

use postfun_server::config::{LnbitsConfig, Secret};
use postfun_server::lightning::backend::{
    BackendError, CreatedInvoice, InvoiceState, LightningBackend, Network, NewInvoice, PayOutcome,
    PaymentHash, PaymentState, Settlement,
};
use postfun_server::lightning::lnbits::Lnbits;
use postfun_tests::stub::{Reply, Stub};
use serde_json::json;
use url::Url;

const HASH: PaymentHash = PaymentHash::from_bytes([7; 32]);
const BOLT11: &str = "lnbc210n1hunter2invoice";

fn client(base: &str) -> Lnbits {
    let config = LnbitsConfig {
        api_url: Url::parse(base).unwrap(),
        invoice_key: Secret::new("hunter2-invoice"),
        admin_key: Some(Secret::new("hunter2-admin")),
        connect_timeout: Duration::from_secs(5),
        // Short, since silence is a part of some scripts; the answers come from memory.
        timeout: Duration::from_secs(2),
    };
    Lnbits::new(&config, Network::Mainnet, None).unwrap()
}

fn to(stub: &Stub) -> Lnbits {
    client(&format!("http://{}/below", stub.address))
}

fn say(status: u16, body: &serde_json::Value) -> Reply {
    Reply::Say(status, body.to_string())
}

fn unknown_payment() -> Reply {
    say(404, &json!({"detail": "Payment does not exist."}))
}

/// The answer about a payment.
fn about(amount_msat: i64, fee_msat: i64, status: &str) -> Reply {
    let details =
        json!({"payment_hash": HASH.to_string(), "amount": amount_msat, "fee": fee_msat, "status": status});
    say(200, &json!({"paid": status == "success", "preimage": "hunter2", "details": details}))
}

fn complaint(status: &str) -> Reply {
    say(520, &json!({"detail": "Told so.", "status": status}))
}

fn taken(status: &str, fee_msat: i64) -> Reply {
    say(201, &json!({"payment_hash": HASH.to_string(), "amount": -21_000, "fee": fee_msat, "status": status}))
}

#[derive(Debug, PartialEq, Eq)]
enum Paid {
    Settled(u64),
    Failed,
    Unknown,
}

fn kind(outcome: &PayOutcome) -> Paid {
    match outcome {
        PayOutcome::Settled(settlement) => {
            assert_eq!(settlement.amount_msat, 21_000, "what LNbits says that it paid");
            Paid::Settled(settlement.fee_msat)
        }
        PayOutcome::Failed { .. } => Paid::Failed,
        PayOutcome::Unknown { .. } => Paid::Unknown,
    }
}

/// Orders a payment from a server that answers the order with one reply and questions with another.
async fn pay(order: &Reply, question: &Reply) -> Paid {
    let stub = Stub::start(std::slice::from_ref(question), std::slice::from_ref(order)).await;
    let outcome = to(&stub).pay(BOLT11, HASH).await;
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(stub.count("POST"), 1, "an order is sent once: {order:?}");
    kind(&outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_order_ends_as_the_payment_does() {
    let nobody = Reply::Close;
    assert_eq!(pay(&taken("success", -1_500), &nobody).await, Paid::Settled(1_500));
    assert_eq!(pay(&taken("pending", -2_000), &nobody).await, Paid::Unknown);
    // Older versions name no state: LNbits is asked.
    let old = say(201, &json!({"payment_hash": HASH.to_string(), "checking_id": "x"}));
    assert_eq!(pay(&old, &about(-21_000, -7, "success")).await, Paid::Settled(7));
    assert_eq!(pay(&old, &about(-21_000, -7, "failed")).await, Paid::Failed);
    assert_eq!(pay(&old, &about(-21_000, -7, "pending")).await, Paid::Unknown);
    assert_eq!(pay(&old, &unknown_payment()).await, Paid::Unknown);
    assert_eq!(pay(&old, &nobody).await, Paid::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_fails_only_when_lnbits_knows_of_no_payment() {
    for refusal in [
        complaint("failed"),
        taken("failed", 0),
        say(400, &json!({"detail": "No."})),
        say(403, &json!({"detail": "Wrong key."})),
        say(404, &json!({"detail": "Wallet not found."})),
        say(429, &json!({"detail": "Slow down."})),
    ] {
        assert_eq!(pay(&refusal, &unknown_payment()).await, Paid::Failed, "{refusal:?}");
        assert_eq!(pay(&refusal, &about(-21_000, 0, "failed")).await, Paid::Failed, "{refusal:?}");
        // An invoice of ours with the same hash is no payment.
        assert_eq!(pay(&refusal, &about(21_000, 0, "success")).await, Paid::Failed, "{refusal:?}");
        // A second order is refused with these words although the first one was paid.
        assert_eq!(pay(&refusal, &about(-21_000, -9, "success")).await, Paid::Settled(9), "{refusal:?}");
        assert_eq!(pay(&refusal, &about(-21_000, -9, "pending")).await, Paid::Unknown, "{refusal:?}");
        assert_eq!(
            pay(&refusal, &say(404, &json!({"detail": "Not Found"}))).await,
            Paid::Unknown,
            "{refusal:?}"
        );
        assert_eq!(pay(&refusal, &say(200, &json!({"paid": false}))).await, Paid::Unknown, "{refusal:?}");
        assert_eq!(pay(&refusal, &say(401, &json!({"detail": "No."}))).await, Paid::Unknown, "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lnbits_own_errors_are_no_failures() {
    let settled = about(-21_000, -9, "success");
    assert_eq!(pay(&complaint("pending"), &settled).await, Paid::Unknown);
    assert_eq!(pay(&complaint("success"), &settled).await, Paid::Settled(9));
    assert_eq!(pay(&complaint("success"), &unknown_payment()).await, Paid::Unknown);
    assert_eq!(pay(&complaint("success"), &about(-21_000, 0, "pending")).await, Paid::Unknown);
    assert_eq!(pay(&complaint("perhaps"), &settled).await, Paid::Unknown);
    assert_eq!(pay(&Reply::Say(520, "<html>".to_owned()), &unknown_payment()).await, Paid::Unknown);
    for status in [408, 500, 502, 503, 504, 522, 100 + 500] {
        assert_eq!(
            pay(&say(status, &json!({"detail": "x"})), &unknown_payment()).await,
            Paid::Unknown,
            "{status}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_and_senseless_answers_leave_a_payment_unknown() {
    for reply in [
        Reply::Close,
        Reply::Break,
        Reply::Silence,
        Reply::Flood,
        Reply::Redirect("/elsewhere".to_owned()),
        Reply::Say(201, String::new()),
        Reply::Say(201, "<html>".to_owned()),
        Reply::Say(200, "[1, 2]".to_owned()),
        say(201, &json!({"status": "success", "payment_hash": "08".repeat(32)})),
        say(201, &json!({"status": "perhaps"})),
    ] {
        assert_eq!(pay(&reply, &unknown_payment()).await, Paid::Unknown, "{reply:?}");
    }
    let nobody = Stub::start(&[], &[]).await;
    let backend = to(&nobody);
    drop(nobody);
    assert_eq!(kind(&backend.pay(BOLT11, HASH).await), Paid::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_admin_key_nothing_is_ordered() {
    let config = |stub: &Stub| LnbitsConfig {
        api_url: Url::parse(&format!("http://{}/", stub.address)).unwrap(),
        invoice_key: Secret::new("key"),
        admin_key: None,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
    };
    // The key may have been taken away while a payment was on its way.
    for (question, expected) in
        [(unknown_payment(), Paid::Failed), (about(-21_000, -9, "success"), Paid::Settled(9))]
    {
        let stub = Stub::start(&[question], &[]).await;
        let backend = Lnbits::new(&config(&stub), Network::Mainnet, None).unwrap();
        assert_eq!(kind(&backend.pay(BOLT11, HASH).await), expected);
        assert_eq!(stub.count("POST"), 0);
    }
}

async fn payment(reply: Reply) -> PaymentState {
    to(&Stub::start(&[reply], &[]).await).check_payment(HASH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_known_only_by_a_certain_answer() {
    assert_eq!(
        payment(about(-21_000, -3, "success")).await,
        PaymentState::Settled(Settlement { amount_msat: 21_000, fee_msat: 3 })
    );
    assert_eq!(payment(about(-21_000, -3, "pending")).await, PaymentState::Pending);
    assert!(matches!(payment(about(-21_000, -3, "failed")).await, PaymentState::Failed { .. }));
    assert_eq!(payment(about(21_000, 0, "success")).await, PaymentState::Missing);
    assert_eq!(payment(unknown_payment()).await, PaymentState::Missing);
    for reply in [
        say(404, &json!({"detail": "Not Found"})),
        Reply::Say(404, "<html>".to_owned()),
        say(200, &json!({"paid": true, "preimage": "00"})),
        say(500, &json!({"detail": "x"})),
        complaint("failed"),
        Reply::Silence,
        Reply::Flood,
        Reply::Break,
        Reply::Redirect("/elsewhere".to_owned()),
    ] {
        let state = payment(reply.clone()).await;
        assert!(matches!(state, PaymentState::Unknown { .. }), "{reply:?}: {state:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_paid_only_by_an_incoming_payment() {
    let invoice = async |replies: &[Reply]| {
        let stub = Stub::start(replies, &[]).await;
        to(&stub).check_invoice(HASH).await
    };
    assert_eq!(invoice(&[about(21_000, 0, "success")]).await, Ok(InvoiceState::Paid { amount_msat: 21_000 }));
    assert_eq!(invoice(&[about(21_000, 0, "pending")]).await, Ok(InvoiceState::Unpaid));
    assert_eq!(invoice(&[about(21_000, 0, "failed")]).await, Ok(InvoiceState::Unpaid));
    assert_eq!(invoice(&[unknown_payment()]).await, Ok(InvoiceState::Missing));
    // We paid our own invoice; LNbits shows the payment, and the invoice only in its list.
    let row = json!([{"payment_hash": HASH.to_string(), "amount": 21_000, "status": "success"}]);
    let list = [about(-21_000, 0, "success"), say(200, &row)];
    assert_eq!(invoice(&list).await, Ok(InvoiceState::Paid { amount_msat: 21_000 }));
    let list = [about(-21_000, 0, "success"), say(200, &json!([]))];
    assert_eq!(invoice(&list).await, Ok(InvoiceState::Missing));
    let bare = invoice(&[say(200, &json!({"paid": true}))]).await;
    assert!(matches!(bare, Err(BackendError::BadResponse { .. })), "{bare:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_repeated_while_nobody_answers_and_no_longer() {
    let asked = async |replies: &[Reply]| {
        let stub = Stub::start(replies, &[]).await;
        let balance = to(&stub).wallet_balance().await;
        (balance, stub.count("GET"))
    };
    let good = say(200, &json!({"name": "x", "balance": 123_456_789}));
    let busy = say(503, &json!({}));
    // The third attempt, and once more with the key that pays: both must be of one wallet.
    assert_eq!(asked(&[Reply::Close, busy.clone(), good.clone()]).await, (Ok(123_456_789), 4));
    let (refused, _times) = asked(&[good.clone(), say(200, &json!({"name": "y", "balance": 1}))]).await;
    assert!(matches!(refused, Err(BackendError::Refused { .. })), "{refused:?}");
    let (refused, times) = asked(&[say(401, &json!({"detail": "No."})), good.clone()]).await;
    assert_eq!((matches!(refused, Err(BackendError::Refused { .. })), times), (true, 1));
    let (down, times) = asked(&[busy]).await;
    assert_eq!((matches!(down, Err(BackendError::Unreachable { .. })), times), (true, 3));
    for (body, is_senseless) in
        [(json!({"balance": -1}), true), (json!({"balance": 1.5}), true), (json!([]), true)]
    {
        let (balance, times) = asked(&[say(200, &body)]).await;
        assert_eq!(
            (matches!(balance, Err(BackendError::BadResponse { .. })), times),
            (is_senseless, 1),
            "{body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_ordered_once_and_read_from_both_forms() {
    let new =
        NewInvoice { amount_sats: 2_100_000_000_000_000, memo: "for \"tea\"".to_owned(), expiry_s: 600 };
    let (hash, text) = (HASH.to_string(), "lnbc1x");
    for body in [
        json!({"payment_hash": hash, "bolt11": text}),
        json!({"payment_hash": hash, "payment_request": text}),
    ] {
        let stub = Stub::start(&[], &[say(201, &body)]).await;
        let created = to(&stub).create_invoice(&new).await;
        assert_eq!(created, Ok(CreatedInvoice { payment_hash: HASH, bolt11: text.to_owned() }));
        let heard = stub.heard().remove(0);
        assert_eq!((heard.method.as_str(), heard.target.as_str()), ("POST", "/below/api/v1/payments"));
        assert_eq!(heard.header("x-api-key"), Some("hunter2-invoice"));
        assert!(
            heard.body.contains("2100000000000000,") && heard.body.contains("\"out\":false"),
            "{}",
            heard.body
        );
    }
    for (reply, expected) in [
        (complaint("failed"), "refuses"),
        (complaint("pending"), "reached"),
        (Reply::Close, "reached"),
        (say(201, &json!({"payment_hash": hash})), "no sense"),
        (say(201, &json!({"payment_hash": "00", "bolt11": text})), "no sense"),
        (Reply::Flood, "no sense"),
    ] {
        let stub = Stub::start(&[], std::slice::from_ref(&reply)).await;
        let error = to(&stub).create_invoice(&new).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{reply:?}: {error}");
        assert_eq!(stub.count("POST"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_to_lnbits_alone_and_are_never_shown() {
    let elsewhere = Stub::start(&[Reply::Close], &[Reply::Close]).await;
    let away = Reply::Redirect(format!("http://{}/", elsewhere.address));
    let stub = Stub::start(std::slice::from_ref(&away), std::slice::from_ref(&away)).await;
    let backend = to(&stub);
    let outcome = backend.pay(BOLT11, HASH).await;
    let balance = backend.wallet_balance().await;
    assert!(elsewhere.heard().is_empty(), "a redirect would hand over the keys");
    let heard = stub.heard();
    let keys: Vec<_> = heard.iter().map(|request| request.header("x-api-key").unwrap()).collect();
    assert_eq!(keys, ["hunter2-admin", "hunter2-invoice"]);
    let reserve = client("http://127.0.0.1:1/").fee_reserve(BOLT11).await;
    let shown = format!("{backend:?} {outcome:?} {balance:?} {reserve:?} {}", reserve.clone().unwrap_err());
    assert!(!shown.contains("hunter2"), "{shown}");
}
