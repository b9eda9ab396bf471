//! Bad days of the simulated node, one call at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with an order to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayFault {
    /// The order takes its time, and is then carried out.
    Delay(Duration),
    /// The order never arrives; nobody says so.
    LostBefore,
    /// The order is carried out; its answer never arrives.
    LostAfter,
    /// The order is carried out; its answer is nonsense.
    Garbage,
    /// No route, for good.
    Refuse,
    /// The payment stays on its way until [`decide`](super::Simulated::decide) is called.
    Hang,
    /// The order arrives twice.
    Twice,
}

/// What goes wrong with a question: about an invoice, a payment, a fee or the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskFault {
    /// The answer takes its time.
    Delay(Duration),
    /// There is no answer.
    Lost,
    /// The answer is nonsense.
    Garbage,
}

/// What will go wrong next, in this process; each fault spoils one call, in the order in which they were planned.
#[derive(Debug, Default)]
pub struct Faults {
    paying: Mutex<VecDeque<PayFault>>,
    asking: Mutex<VecDeque<AskFault>>,
}

impl Faults {
    /// Plans what goes wrong with the next orders.
    pub fn plan_pay(&self, faults: impl IntoIterator<Item = PayFault>) {
        self.paying.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    /// Plans what goes wrong with the next questions.
    pub fn plan_ask(&self, faults: impl IntoIterator<Item = AskFault>) {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }

    pub(super) fn next_pay(&self) -> Option<PayFault> {
        self.paying.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(super) fn next_ask(&self) -> Option<AskFault> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
