//! The one answer to *may this be sent now, by this channel*.
//!
//! | Class | Switched off by | Waits for the end of quiet hours |
//! |---|---|---|
//! | transaction | `transactionNotifications` | yes |
//! | marketing | `marketingUpdates` | yes |
//! | product | `productUpdates` | yes |
//! | security | `securityAlerts` | no: who has them on wants to know at once |
//! | approval | nothing | no: somebody asks for the user's consent, and the question expires |
//!
//! A channel that is off is off for every class.

use uuid::Uuid;

use super::preference::Wishes;

/// The ways to reach a user who is not looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A push message to a browser or a phone.
    Push,
    /// E-mail.
    Email,
    /// A text message.
    Sms,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The user's own money.
    Transaction,
    /// Advertisement.
    Marketing,
    /// What is new.
    Product,
    /// Sign-ins, keys and sessions.
    Security,
    /// A question that only the user can answer, and only for some time.
    Approval,
}

/// A message somebody wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// To whom.
    pub user_id: Uuid,
    /// What about.
    pub class: Class,
    /// How.
    pub channel: Channel,
}

/// Whether a message may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// At once.
    Now,
    /// Not during quiet hours: ask again when they end.
    Later {
        /// When they end, in milliseconds since the epoch.
        at_ms: i64,
    },
    /// Not unless the user changes their mind; drop it.
    Never,
}

impl Wishes {
    /// Whether a message may be sent.
    ///
    /// # Units
    ///
    /// `now_ms` is milliseconds since the epoch.
    #[must_use]
    pub fn permit(&self, class: Class, channel: Channel, now_ms: i64) -> Permission {
        if !self.has_channel(channel) || !self.has_class(class) {
            return Permission::Never;
        }
        if class.is_urgent() {
            return Permission::Now;
        }
        self.quiet.quiet_until_ms(now_ms).map_or(Permission::Now, |at_ms| Permission::Later { at_ms })
    }

    const fn has_channel(&self, channel: Channel) -> bool {
        match channel {
            Channel::Push => self.push,
            Channel::Email => self.email,
            Channel::Sms => self.sms,
        }
    }

    const fn has_class(&self, class: Class) -> bool {
        match class {
            Class::Transaction => self.transactions,
            Class::Marketing => self.marketing,
            Class::Product => self.product,
            Class::Security => self.security,
            Class::Approval => true,
        }
    }
}

impl Class {
    /// Whether it does not wait for the end of quiet hours.
    const fn is_urgent(self) -> bool {
        matches!(self, Self::Security | Self::Approval)
    }
}
