//! Why a pool, a quote, an event, a history or a checkpoint was refused.

/// Why a pool cannot exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A reserve is zero.
    #[error("both reserves must be above zero")]
    EmptyReserve,
    /// The base fee would leave nothing of a trade.
    #[error("a base fee of {fee_bps_base} bps is not below 10000")]
    FeeTooHigh {
        /// The fee that was asked for.
        fee_bps_base: u16,
    },
    /// The thresholds that are set do not rise strictly, or the first is zero.
    #[error("threshold {number} must be above zero and above those before it")]
    ThresholdOrder {
        /// Which threshold, 1 to 3.
        number: u8,
    },
    /// The whole burn schedule does not fit one amount.
    #[error("the burn amounts add up to more than an amount can hold")]
    BurnsTooLarge,
    /// A stage is not 1 to 4.
    #[error("stage {stage} is not 1 to 4")]
    InvalidStage {
        /// The stage that was given.
        stage: u8,
    },
}

impl PoolError {
    /// Every code that [`PoolError::code`] returns.
    pub const CODES: [&'static str; 5] =
        ["invalid_reserve", "invalid_fee", "invalid_thresholds", "invalid_burns", "invalid_stage"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EmptyReserve => "invalid_reserve",
            Self::FeeTooHigh { .. } => "invalid_fee",
            Self::ThresholdOrder { .. } => "invalid_thresholds",
            Self::BurnsTooLarge => "invalid_burns",
            Self::InvalidStage { .. } => "invalid_stage",
        }
    }
}

/// Why there is no quote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuoteError {
    /// The side is neither `AtoB` nor `BtoA`.
    #[error("the side must be AtoB or BtoA")]
    InvalidSide,
    /// The amount asked for is zero.
    #[error("the amount must be above zero")]
    NotPositive,
    /// The input is so small that the fee eats it or nothing comes out.
    #[error("the amount is too small to give any output")]
    TooSmall,
    /// The output asked for is not below the reserve.
    #[error("the pool does not hold that much")]
    PoolExhausted,
    /// The input, or the reserve it would make, is beyond the largest amount.
    #[error("the amount is larger than the pool can take")]
    TooLarge,
    /// A slippage above 100 %.
    #[error("a slippage of {slippage_bps} bps is above 10000")]
    InvalidSlippage {
        /// The slippage that was given.
        slippage_bps: u16,
    },
    /// The product of the reserves would fall. Cannot happen; checked because money depends on it.
    #[error("the product of the reserves would fall")]
    InvariantBroken,
    /// The quote was made for another state of the pool.
    #[error("the quote belongs to another state of the pool")]
    Stale,
}

impl QuoteError {
    /// Every code that [`QuoteError::code`] returns.
    pub const CODES: [&'static str; 8] = [
        "invalid_side",
        "amount_in_must_be_positive",
        "amount_too_small",
        "pool_exhausted",
        "amount_too_large",
        "invalid_slippage",
        "invariant_broken",
        "stale_state",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidSide => "invalid_side",
            Self::NotPositive => "amount_in_must_be_positive",
            Self::TooSmall => "amount_too_small",
            Self::PoolExhausted => "pool_exhausted",
            Self::TooLarge => "amount_too_large",
            Self::InvalidSlippage { .. } => "invalid_slippage",
            Self::InvariantBroken => "invariant_broken",
            Self::Stale => "stale_state",
        }
    }
}

/// Why bytes are no event of a pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The bytes end within a field.
    #[error("the event ends too early")]
    Truncated,
    /// Bytes follow the last field.
    #[error("bytes follow the event's last field")]
    TrailingBytes,
    /// The first byte names no event.
    #[error("event type {kind} is not known")]
    UnknownType {
        /// The byte found.
        kind: u8,
    },
    /// The second byte names no version of the event.
    #[error("event version {version} is not known")]
    UnknownVersion {
        /// The byte found.
        version: u8,
    },
    /// A field holds a value that it cannot have.
    #[error("the field {field} has an impossible value")]
    InvalidField {
        /// The field's name.
        field: &'static str,
    },
}

impl EventError {
    /// Every code that [`EventError::code`] returns.
    pub const CODES: [&'static str; 5] = [
        "event_truncated",
        "event_trailing_bytes",
        "event_unknown_type",
        "event_unknown_version",
        "event_invalid_field",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "event_truncated",
            Self::TrailingBytes => "event_trailing_bytes",
            Self::UnknownType { .. } => "event_unknown_type",
            Self::UnknownVersion { .. } => "event_unknown_version",
            Self::InvalidField { .. } => "event_invalid_field",
        }
    }
}

/// What is wrong with a pool's history, and at which event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The log holds no event.
    #[error("the history is empty")]
    Empty,
    /// The log ends within a record.
    #[error("the history ends within record {seq}")]
    Truncated {
        /// The sequence number the record would have.
        seq: u64,
    },
    /// The bytes are no event.
    #[error("event {seq} cannot be read: {source}")]
    Unreadable {
        /// The sequence number the event would have.
        seq: u64,
        /// Why.
        source: EventError,
    },
    /// The first event does not create the pool, or a later one does.
    #[error("event {seq} is out of place")]
    Misplaced {
        /// The event's place.
        seq: u64,
    },
    /// The event says another sequence number than its place.
    #[error("event {expected} says that it is number {found}")]
    SequenceGap {
        /// The number of its place.
        expected: u64,
        /// The number it says.
        found: u64,
    },
    /// The hash beside the event is not the hash of the event and of the one before.
    #[error("the hash of event {seq} does not follow from the event and the one before")]
    HashMismatch {
        /// The event.
        seq: u64,
    },
    /// The pool that the first event describes cannot exist.
    #[error("the pool that event {seq} creates cannot exist: {source}")]
    InvalidPool {
        /// The event.
        seq: u64,
        /// Why.
        source: PoolError,
    },
    /// The swap could not have happened in the pool as it then was.
    #[error("swap {seq} could not have happened: {source}")]
    ImpossibleSwap {
        /// The event.
        seq: u64,
        /// Why.
        source: QuoteError,
    },
    /// A figure of the event is not what the pool gives.
    #[error("event {seq} says {field} {found}, the pool gives {expected}")]
    Mismatch {
        /// The event.
        seq: u64,
        /// The field's name.
        field: &'static str,
        /// What the pool gives.
        expected: u64,
        /// What the event says.
        found: u64,
    },
    /// The event's time is before that of the event before it.
    #[error("event {seq} is older than the one before it")]
    TimeBackwards {
        /// The event.
        seq: u64,
    },
}

impl ReplayError {
    /// Every code that [`ReplayError::code`] returns.
    pub const CODES: [&'static str; 10] = [
        "replay_empty",
        "replay_truncated",
        "replay_unreadable",
        "replay_misplaced",
        "replay_sequence_gap",
        "replay_hash_mismatch",
        "replay_invalid_pool",
        "replay_impossible_swap",
        "replay_mismatch",
        "replay_time_backwards",
    ];

    /// Returns the stable code of the fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "replay_empty",
            Self::Truncated { .. } => "replay_truncated",
            Self::Unreadable { .. } => "replay_unreadable",
            Self::Misplaced { .. } => "replay_misplaced",
            Self::SequenceGap { .. } => "replay_sequence_gap",
            Self::HashMismatch { .. } => "replay_hash_mismatch",
            Self::InvalidPool { .. } => "replay_invalid_pool",
            Self::ImpossibleSwap { .. } => "replay_impossible_swap",
            Self::Mismatch { .. } => "replay_mismatch",
            Self::TimeBackwards { .. } => "replay_time_backwards",
        }
    }

    /// Returns the place of the event that is wrong; the first event is number 1.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::SequenceGap { expected, .. } => *expected,
            Self::Truncated { seq }
            | Self::Unreadable { seq, .. }
            | Self::Misplaced { seq }
            | Self::HashMismatch { seq }
            | Self::InvalidPool { seq, .. }
            | Self::ImpossibleSwap { seq, .. }
            | Self::Mismatch { seq, .. }
            | Self::TimeBackwards { seq } => *seq,
        }
    }
}

/// Why bytes are no checkpoint that a history can go on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The bytes are no checkpoint.
    #[error("the checkpoint cannot be read: {source}")]
    Unreadable {
        /// Why.
        source: EventError,
    },
    /// The pool that it describes cannot exist.
    #[error("the pool of the checkpoint cannot exist: {source}")]
    InvalidPool {
        /// Why.
        source: PoolError,
    },
    /// A field cannot be what it says, given the others.
    #[error("the checkpoint's {field} cannot be, given the rest of it")]
    Impossible {
        /// The field's name.
        field: &'static str,
    },
}

impl CheckpointError {
    /// Every code that [`CheckpointError::code`] returns.
    pub const CODES: [&'static str; 3] =
        ["checkpoint_unreadable", "checkpoint_invalid_pool", "checkpoint_impossible"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "checkpoint_unreadable",
            Self::InvalidPool { .. } => "checkpoint_invalid_pool",
            Self::Impossible { .. } => "checkpoint_impossible",
        }
    }
}
