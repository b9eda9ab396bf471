//! What people want, step by step, asked for again until it is done; and whether it was done once.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use postfun_tests::Answer;
use postfun_tests::fake_lnbits::{Fate, Order, Outcome};
use serde_json::json;

use super::Kind;
use super::lane::{Customer, Lane};

/// How long an invoice is good that ends before it is sent; time enough to be set aside.
const SHORT_S: u64 = 6;
/// What a payment costs that is made after all, in msat.
const LATE_FEE_MSAT: u64 = 700;
/// The fee cap of small withdrawals, in msat.
const FEE_CAP_MSAT: u64 = 20_000;

/// Refusals that a provider who does not answer, or a busy machine, explains.
const EXPLAINED: [&str; 5] =
    ["lnbits_error", "lnbits_unreachable", "lnbits_bad_response", "database_busy", "not_executed"];

/// Something to be done.
#[derive(Debug)]
pub(super) struct Errand {
    kind: Kind,
    number: u64,
    sats: u64,
    /// The invoice that is to be paid, of this server or of somebody elsewhere.
    invoice: Option<Invoice>,
    payment: Option<Payment>,
    /// Requests so far, and whether the first answer said that it was done before.
    asked: u64,
    is_done_before: bool,
    is_asked_by_this_server: bool,
}

#[derive(Debug)]
struct Invoice {
    id: String,
    bolt11: String,
    hash: String,
    made_at: Instant,
    is_paid_outside: bool,
    /// How it ended, once that was seen.
    end: Option<String>,
}

#[derive(Debug)]
struct Payment {
    id: String,
    /// The withdrawal as it was seen when it was decided.
    end: Option<Answer>,
}

/// What an errand has moved, in msat.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) payer_msat: i64,
    pub(super) payee_msat: u64,
}

/// What many errands were.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) repeated: usize,
    pub(super) done_before: usize,
    pub(super) points_met: usize,
    pub(super) refused_twice: u64,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            repeated: self.repeated + other.repeated,
            done_before: self.done_before + other.done_before,
            points_met: self.points_met + other.points_met,
            refused_twice: self.refused_twice + other.refused_twice,
        }
    }

    pub(super) fn add(&mut self, errand: &Errand) {
        self.done += 1;
        self.repeated += usize::from(errand.asked > 1);
        self.done_before += usize::from(errand.is_done_before);
    }
}

impl Errand {
    pub(super) fn new(kind: &Kind, number: u64) -> Self {
        Self {
            kind: kind.clone(),
            number,
            sats: 1_000 + number,
            invoice: None,
            payment: None,
            asked: 0,
            is_done_before: false,
            is_asked_by_this_server: false,
        }
    }

    /// The deposit that everything else is paid from.
    pub(super) fn funds(sats: u64) -> Self {
        Self { sats, ..Self::new(&Kind::Funds, 0) }
    }

    /// Notes that another server answers from now on, which is to be asked for everything again.
    pub(super) const fn begin_again(&mut self) {
        self.is_asked_by_this_server = false;
    }

    /// Waits until the invoice that is to be paid has ended.
    pub(super) async fn outlive(&self) {
        let made_at = self.invoice.as_ref().map_or_else(Instant::now, |invoice| invoice.made_at);
        let end = made_at + Duration::from_secs(SHORT_S + 2);
        tokio::time::sleep(end.saturating_duration_since(Instant::now())).await;
    }

    /// Takes it on by a step; says whether it is done. An error is a server that has died.
    pub(super) async fn advance(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<bool> {
        match self.kind.clone() {
            Kind::Funds => self.deposit(lane, &lane.payer, at).await,
            Kind::Deposit => self.deposit(lane, &lane.payee, at).await,
            Kind::Expiry => self.let_expire(lane, at).await,
            Kind::Inside { also_outside } => {
                Ok(self.pay_inside(lane, at).await? && (!also_outside || self.pay_again(lane, at).await?))
            }
            Kind::Withdrawal(plan) => {
                self.choose_invoice(lane, 3_600, &plan);
                self.withdraw(lane, at).await
            }
            Kind::TooLate => {
                self.choose_invoice(lane, SHORT_S, &[]);
                self.withdraw(lane, at).await
            }
            Kind::AfterAll => {
                self.choose_invoice(lane, 3_600, &[Order::plain(Fate::Fail)]);
                Ok(self.withdraw(lane, at).await? && self.pay_after_all(lane).await)
            }
        }
    }

    /// Asks for an invoice, again with the same key when another server answers; none when it is refused with reason.
    async fn ask_for_invoice(&mut self, customer: &Customer, at: SocketAddr) -> io::Result<bool> {
        if self.is_asked_by_this_server && self.invoice.is_some() {
            return Ok(true);
        }
        let (key, body) = (format!("deposit-{}", self.number), json!({"amount_sats": self.sats}).to_string());
        self.asked += 1;
        let answer = customer.post(at, &key, "/api/lightning/deposit", &body).await?;
        if answer.status != 201 {
            assert_is_explained(&answer);
            return Ok(false);
        }
        let (id, hash) = (answer.string("id"), answer.string("payment_hash"));
        if let Some(known) = &self.invoice {
            assert_eq!((&known.id, &known.hash), (&id, &hash), "one key, one invoice");
        } else {
            self.is_done_before = answer.header("idempotent-replayed") == Some("true");
            let bolt11 = answer.string("payment_request");
            let made_at = Instant::now();
            self.invoice = Some(Invoice { id, bolt11, hash, made_at, is_paid_outside: false, end: None });
        }
        self.is_asked_by_this_server = true;
        Ok(true)
    }

    async fn deposit(&mut self, lane: &Lane, customer: &Customer, at: SocketAddr) -> io::Result<bool> {
        if !self.ask_for_invoice(customer, at).await? {
            return Ok(false);
        }
        self.pay_from_outside(lane, at).await?;
        self.see_invoice(customer, at, "paid").await
    }

    async fn let_expire(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<bool> {
        if !self.ask_for_invoice(&lane.payee, at).await? {
            return Ok(false);
        }
        if let Some(invoice) = self.invoice.as_ref().filter(|invoice| invoice.end.is_none()) {
            lane.app.outlive_invoice(&invoice.id).await;
        }
        self.see_invoice(&lane.payee, at, "expired").await
    }

    /// Looks at the invoice; what was seen as its end stays.
    async fn see_invoice(&mut self, customer: &Customer, at: SocketAddr, end: &str) -> io::Result<bool> {
        let invoice = self.invoice.as_mut().unwrap();
        let seen = customer.get(at, &format!("/api/lightning/invoices/{}", invoice.id)).await?.ok(200);
        let status = seen.string("status");
        assert!(status == end || (status == "pending" && invoice.end.is_none()), "{}", seen.text);
        if status == "pending" {
            return Ok(false);
        }
        assert_eq!(invoice.end.get_or_insert_with(|| seen.text.clone()), &seen.text, "an end is an end");
        Ok(true)
    }

    /// Has somebody outside pay the invoice, once, and the provider tell so, twice.
    async fn pay_from_outside(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<()> {
        let invoice = self.invoice.as_mut().unwrap();
        if !invoice.is_paid_outside {
            lane.lnbits.receive(&invoice.hash);
            invoice.is_paid_outside = true;
        }
        let hint = json!({"payment_hash": invoice.hash}).to_string();
        for _twice in 0..2 {
            let _taken = lane.payer.post(at, "hint", "/api/lightning/webhook", &hint).await?;
        }
        Ok(())
    }

    async fn pay_inside(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<bool> {
        if !self.ask_for_invoice(&lane.payee, at).await? {
            return Ok(false);
        }
        if !self.withdraw(lane, at).await? {
            return Ok(false);
        }
        self.see_invoice(&lane.payee, at, "paid").await
    }

    /// Has the invoice that was settled inside paid outside as well.
    async fn pay_again(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<bool> {
        self.pay_from_outside(lane, at).await?;
        let suspense_msat = lane.suspense_msat + i64::try_from(self.sats * 1_000).unwrap();
        let found = lane.app.suspense_msat().await;
        assert!(found == lane.suspense_msat || found == suspense_msat, "{found} msat in suspense");
        Ok(found == suspense_msat)
    }

    /// Has the provider pay what it had called failed, once, and the server look at it; says whether it has noticed.
    async fn pay_after_all(&mut self, lane: &Lane) -> bool {
        let invoice = self.invoice.as_mut().unwrap();
        if !invoice.is_paid_outside {
            lane.lnbits.pay_after_all(&invoice.hash, LATE_FEE_MSAT);
            invoice.is_paid_outside = true;
        }
        lane.app.look_late_now(&self.payment.as_ref().unwrap().id).await;
        let loss_msat = lane.loss_msat + i64::try_from(self.sats * 1_000 + LATE_FEE_MSAT).unwrap();
        let found = lane.app.operator_loss_msat().await;
        assert!(found == lane.loss_msat || found == loss_msat, "{found} msat lost");
        found == loss_msat
    }

    fn choose_invoice(&mut self, lane: &Lane, expires_in_s: u64, plan: &[Order]) {
        if self.invoice.is_none() {
            let (bolt11, hash) = lane.lnbits.foreign_invoice(self.sats, expires_in_s, plan);
            let (id, made_at) = (String::new(), Instant::now());
            self.invoice = Some(Invoice { id, bolt11, hash, made_at, is_paid_outside: false, end: None });
        }
    }

    async fn withdraw(&mut self, lane: &Lane, at: SocketAddr) -> io::Result<bool> {
        // Until it is decided it is asked for again and again, always with the same key.
        let (key, bolt11) = (format!("withdraw-{}", self.number), &self.invoice.as_ref().unwrap().bolt11);
        let body = json!({"bolt11": bolt11, "amount_sats": self.sats}).to_string();
        self.asked += 1;
        let answer = lane.payer.post(at, &key, "/api/lightning/withdraw", &body).await?;
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        if answer.status != 201 && code != "withdraw_failed" {
            assert_is_explained(&answer);
            return Ok(false);
        }
        let id = answer.string("id");
        let is_replayed = answer.header("idempotent-replayed") == Some("true");
        if self.payment.is_none() {
            self.is_done_before = is_replayed;
        }
        let payment = self.payment.get_or_insert_with(|| Payment { id: id.clone(), end: None });
        assert_eq!(payment.id, id, "one key, one withdrawal");
        let seen = lane.payer.get(at, &format!("/api/lightning/withdrawals/{id}")).await?.ok(200);
        let status = seen.string("status");
        if status == "pending" {
            assert!(payment.end.is_none(), "what was decided stays: {}", seen.text);
            return Ok(false);
        }
        assert_eq!(payment.end.get_or_insert_with(|| seen.clone()).text, seen.text, "an end is an end");
        Ok(true)
    }

    /// Holds what the users were told against what the provider did, and returns what that means for them.
    pub(super) fn check(&self, lane: &mut Lane) -> Moved {
        let msat = i64::try_from(self.sats * 1_000).unwrap();
        let hash = &self.invoice.as_ref().unwrap().hash;
        let end = self.payment.as_ref().and_then(|payment| payment.end.as_ref());
        let failure = end.map(|end| (end.string("status"), end.json()["failure"].clone()));
        let (status, failure) = failure.unwrap_or_default();
        match &self.kind {
            Kind::Funds => Moved { payer_msat: msat, payee_msat: 0 },
            Kind::Deposit => Moved { payer_msat: 0, payee_msat: self.sats * 1_000 },
            Kind::Expiry => Moved::default(),
            Kind::Inside { also_outside } => {
                assert_eq!((status.as_str(), lane.lnbits.outcome(hash)), ("confirmed", None));
                if *also_outside {
                    lane.suspense_msat += msat;
                }
                Moved { payer_msat: -msat, payee_msat: self.sats * 1_000 }
            }
            Kind::TooLate if lane.lnbits.outcome(hash).is_none() => {
                assert_eq!((status.as_str(), failure.as_str()), ("failed", Some("invoice_expired")));
                Moved::default()
            }
            Kind::AfterAll => {
                assert_eq!((status.as_str(), failure.as_str()), ("failed", Some("payment_failed")));
                lane.loss_msat += msat + i64::try_from(LATE_FEE_MSAT).unwrap();
                Moved::default()
            }
            Kind::Withdrawal(_) | Kind::TooLate => match lane.lnbits.outcome(hash) {
                Some(Outcome::Paid { fee_msat }) => {
                    assert_eq!(status, "confirmed", "the provider paid it: {self:?}");
                    assert_eq!(end.unwrap().string("fee_msat"), fee_msat.to_string());
                    lane.loss_msat += i64::try_from(fee_msat.saturating_sub(FEE_CAP_MSAT)).unwrap();
                    let fee_msat = i64::try_from(fee_msat.min(FEE_CAP_MSAT)).unwrap();
                    Moved { payer_msat: -msat - fee_msat, payee_msat: 0 }
                }
                outcome => {
                    assert_eq!((status.as_str(), outcome), ("failed", Some(Outcome::Failed)), "{self:?}");
                    Moved::default()
                }
            },
        }
    }
}

#[track_caller]
fn assert_is_explained(answer: &Answer) {
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let is_explained = matches!(answer.status, 502 | 503) && EXPLAINED.contains(&code.as_str());
    assert!(is_explained, "no fault explains {} {}", answer.status, answer.text);
}
