//! What LNbits answers, read as leniently as is safe: `status` first, the booleans of older versions after it.
//!
//! | Version | a payment tells its state by |
//! |---|---|
//! | 1.x | `status`: `pending`, `success`, `failed` |
//! | 0.12 | `pending` in the payment, `paid` beside it; failed payments are gone, so they are 404 |
//!
//! An answer that contradicts itself, speaks of another payment, or shows no details (as for a key that LNbits does not
//! know) has no meaning.

use serde::Deserialize;

use crate::lightning::backend::{PaymentHash, Settlement};

/// The end of a payment, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Success,
    Failed,
}

/// A payment, incoming or outgoing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payment {
    #[serde(rename = "payment_hash")]
    pub(super) hash: Option<String>,
    /// In msat; negative when it goes out.
    pub(super) amount: Option<i64>,
    /// In msat; negative or zero, but positive for some payments inside LNbits.
    #[serde(default)]
    fee: Option<i64>,
    status: Option<String>,
    pending: Option<bool>,
    bolt11: Option<String>,
    #[serde(rename = "payment_request")]
    request: Option<String>,
    /// Which wallet it belongs to.
    pub(super) wallet_id: Option<String>,
}

/// The answer about one payment.
#[derive(Debug, Deserialize)]
struct About {
    paid: Option<bool>,
    status: Option<String>,
    details: Option<Payment>,
}

/// The answer of an error.
#[derive(Debug, Deserialize)]
struct Complaint {
    status: Option<String>,
}

/// A payment whose direction and state are certain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) is_outgoing: bool,
    pub(super) amount_msat: u64,
    pub(super) fee_msat: u64,
    pub(super) state: State,
}

impl State {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "success" => Some(Self::Success),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

impl Known {
    /// Returns what it took from the wallet.
    pub(super) const fn settlement(&self) -> Settlement {
        Settlement { amount_msat: self.amount_msat, fee_msat: self.fee_msat }
    }
}

impl Payment {
    pub(super) fn is_of(&self, hash: PaymentHash) -> bool {
        self.hash.as_deref().is_some_and(|text| text.parse() == Ok(hash))
    }

    /// Returns the state where the payment itself tells it.
    ///
    /// # Errors
    ///
    /// For a state nobody has heard of.
    pub(super) fn state(&self) -> Result<Option<State>, String> {
        match (self.status.as_deref(), self.pending) {
            (Some(text), _) => State::parse(text).map(Some).ok_or_else(|| "an unknown status".to_owned()),
            (None, Some(true)) => Ok(Some(State::Pending)),
            (None, Some(false)) => Ok(Some(State::Success)),
            (None, None) => Ok(None),
        }
    }

    /// Returns the fee in msat; a version that names none took none.
    fn fee_msat(&self) -> u64 {
        self.fee.unwrap_or(0).unsigned_abs()
    }

    /// Returns what it took from the wallet, where it says so.
    pub(super) fn settlement(&self) -> Option<Settlement> {
        let amount_msat = self.amount.filter(|msat| *msat < 0)?.unsigned_abs();
        Some(Settlement { amount_msat, fee_msat: self.fee_msat() })
    }

    /// Returns the BOLT11 text.
    pub(super) fn invoice(self) -> Option<String> {
        self.bolt11.or(self.request).filter(|text| !text.is_empty())
    }
}

/// Reads the answer about one payment.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn about(body: &[u8], hash: PaymentHash) -> Result<Known, String> {
    let about: About = read(body)?;
    let details = about.details.ok_or("it has no details; does LNbits know the key?")?;
    if details.hash.is_some() && !details.is_of(hash) {
        return Err("it is about another payment".to_owned());
    }
    known(&details, about.status.as_deref(), about.paid)
}

/// Finds the incoming payment of a hash in a list.
///
/// # Errors
///
/// What is wrong with the list or that payment.
pub(super) fn incoming(body: &[u8], hash: PaymentHash) -> Result<Option<Known>, String> {
    let list: Vec<Payment> = read(body)?;
    let found =
        list.iter().find(|payment| payment.is_of(hash) && payment.amount.is_some_and(|msat| msat > 0));
    found.map(|payment| known(payment, None, None)).transpose()
}

/// Reads the state that an error of a payment names.
pub(super) fn complaint(body: &[u8]) -> Option<State> {
    State::parse(&read::<Complaint>(body).ok()?.status?)
}

/// Reads JSON.
///
/// # Errors
///
/// That it is none of the expected kind, without its words, which may be anything.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("it is not the JSON that LNbits answers (column {})", error.column()))
}

fn known(payment: &Payment, status: Option<&str>, paid: Option<bool>) -> Result<Known, String> {
    let amount_msat = payment.amount.filter(|msat| *msat != 0).ok_or("it has no amount")?;
    let beside = || match (status.and_then(State::parse), paid) {
        (Some(state), _) => Some(state),
        (None, Some(true)) => Some(State::Success),
        (None, Some(false)) => Some(State::Pending),
        (None, None) => None,
    };
    let state = payment.state()?.or_else(beside).ok_or("it names no state")?;
    if paid.is_some_and(|paid| paid != (state == State::Success)) {
        return Err("it says paid and not paid at once".to_owned());
    }
    Ok(Known {
        is_outgoing: amount_msat < 0,
        amount_msat: amount_msat.unsigned_abs(),
        fee_msat: payment.fee_msat(),
        state,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Known, State, about, complaint, incoming};
    use crate::lightning::backend::PaymentHash;

    const HASH: PaymentHash = PaymentHash::from_bytes([7; 32]);

    fn read(body: &Value) -> Result<Known, String> {
        about(body.to_string().as_bytes(), HASH)
    }

    fn outgoing(state: State, fee_msat: u64) -> Known {
        Known { is_outgoing: true, amount_msat: 21_000, fee_msat, state }
    }

    #[test]
    fn todays_and_older_versions_are_understood() {
        let hash = HASH.to_string();
        for (paid, details, expected) in [
            (
                true,
                json!({"amount": -21_000, "fee": -1_234, "status": "success"}),
                outgoing(State::Success, 1_234),
            ),
            (
                false,
                json!({"amount": -21_000, "fee": -2_000, "status": "pending"}),
                outgoing(State::Pending, 2_000),
            ),
            (false, json!({"amount": -21_000, "fee": 0, "status": "failed"}), outgoing(State::Failed, 0)),
            // 0.12: booleans only; and a fee that is positive, as for payments inside LNbits.
            (true, json!({"amount": -21_000, "fee": 5, "pending": false}), outgoing(State::Success, 5)),
            (false, json!({"amount": -21_000, "pending": true}), outgoing(State::Pending, 0)),
            // Older still: only `paid`.
            (true, json!({"amount": -21_000}), outgoing(State::Success, 0)),
            (
                false,
                json!({"amount": -21_000, "payment_hash": hash.to_uppercase()}),
                outgoing(State::Pending, 0),
            ),
        ] {
            let body = json!({"paid": paid, "preimage": "00", "details": details});
            assert_eq!(read(&body), Ok(expected), "{body}");
        }
        let beside = json!({"paid": false, "status": "failed", "details": {"amount": -21_000}});
        assert_eq!(read(&beside), Ok(outgoing(State::Failed, 0)));
        let largest = json!({"paid": true, "details": {"amount": i64::MIN, "fee": -1}});
        assert_eq!(read(&largest).unwrap().amount_msat, 1 << 63);
    }

    #[test]
    fn what_has_no_certain_meaning_has_none() {
        for body in [
            json!({"paid": true, "preimage": "00"}),
            json!({"paid": true, "details": {"amount": -1, "status": "failed"}}),
            json!({"paid": false, "details": {"amount": -1, "status": "success"}}),
            json!({"paid": false, "details": {"amount": -1, "pending": false}}),
            json!({"paid": true, "details": {"amount": -1, "payment_hash": "08".repeat(32)}}),
            json!({"paid": false, "details": {"amount": -1, "status": "perhaps"}}),
            json!({"paid": true, "details": {"amount": 0}}),
            json!({"paid": true, "details": {"status": "success"}}),
            json!({"paid": true, "details": {"amount": 1.5}}),
            json!({"paid": true, "details": {"amount": "1000"}}),
            json!({"details": {"amount": -1}}),
            json!([]),
            json!("paid"),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
        assert!(about(b"<html>", HASH).is_err() && about(b"", HASH).is_err());
    }

    #[test]
    fn the_incoming_payment_is_found_among_others() {
        let (hash, other) = (HASH.to_string(), "08".repeat(32));
        let list = json!([
            {"payment_hash": other, "amount": 5_000, "status": "success"},
            {"payment_hash": hash, "amount": -21_000, "status": "failed"},
            {"payment_hash": hash, "amount": 21_000, "status": "success"},
        ]);
        let found = incoming(list.to_string().as_bytes(), HASH).unwrap().unwrap();
        assert_eq!((found.is_outgoing, found.amount_msat, found.state), (false, 21_000, State::Success));
        assert_eq!(incoming(b"[]", HASH), Ok(None));
        assert!(incoming(b"{}", HASH).is_err());
    }

    #[test]
    fn an_error_names_the_state_of_the_payment() {
        for (text, expected) in [
            ("pending", Some(State::Pending)),
            ("success", Some(State::Success)),
            ("failed", Some(State::Failed)),
        ] {
            let body = json!({"detail": "words", "status": text}).to_string();
            assert_eq!(complaint(body.as_bytes()), expected);
        }
        for body in ["", "{}", "[]", r#"{"status": 1}"#, r#"{"status": "gone"}"#] {
            assert_eq!(complaint(body.as_bytes()), None, "{body}");
        }
    }
}
