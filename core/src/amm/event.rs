//! The canonical bytes of what happens to a pool.
//!
//! Every event begins with its type and version (a byte each), its sequence number and its time; all numbers are
//! big-endian and of fixed width, text is preceded by its length in one byte, what may be missing by 0 or 1.
//! Events hold no user data: they are public.
//!
//! | Event | Type | Fields after the common ones |
//! |---|---|---|
//! | created | 1 | pool, token A, token B, burn token?, reserves, base fee, thresholds?, burn amounts? |
//! | swapped | 2 | side, amount in, fee, amount out, stage after |
//! | fees collected | 3 | amount A, amount B |

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{EventError, PoolParams, Side, Stage};
use crate::amount::{Decimals, Units};

const VERSION: u8 = 1;
const TYPE_CREATED: u8 = 1;
const TYPE_SWAPPED: u8 = 2;
const TYPE_FEES_COLLECTED: u8 = 3;

/// The longest symbol of a token, in bytes.
pub const SYMBOL_LEN_MAX: usize = 32;

/// Something that happened to a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The pool was made; always the first event.
    Created(Box<Created>),
    /// A swap was carried out.
    Swapped(Swapped),
    /// Accumulated fees were taken out.
    FeesCollected(FeesCollected),
}

/// A token, as far as a reader of a pool's history needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventToken {
    /// The server's number of the token.
    pub id: u64,
    /// The token's decimals.
    pub decimals: Decimals,
    /// The token's symbol: 1 to 32 visible ASCII characters.
    pub symbol: String,
}

/// The making of a pool, with everything that its later life follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The event's place, 1.
    pub seq: u64,
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// The server's number of the pool.
    pub pool_id: u64,
    /// Token A.
    pub token_a: EventToken,
    /// Token B.
    pub token_b: EventToken,
    /// The token that crossings burn; without one nothing burns.
    pub burn_token: Option<EventToken>,
    /// The pool's parameters.
    pub params: PoolParams,
}

/// A swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swapped {
    /// The event's place.
    pub seq: u64,
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// Which token went in.
    pub side: Side,
    /// Gross input, in base units of the input token.
    pub amount_in: Units,
    /// The fee, in base units of the input token.
    pub fee: Units,
    /// The output, in base units of the output token.
    pub amount_out: Units,
    /// The stage after the swap.
    pub stage_after: Stage,
}

/// A collection of accumulated fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeesCollected {
    /// The event's place.
    pub seq: u64,
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// Taken, in base units of token A.
    pub amount_a: Units,
    /// Taken, in base units of token B.
    pub amount_b: Units,
}

impl Event {
    /// Returns the event's place; the first is 1.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Created(created) => created.seq,
            Self::Swapped(swapped) => swapped.seq,
            Self::FeesCollected(collected) => collected.seq,
        }
    }

    /// Returns the event's time in milliseconds since the epoch.
    #[must_use]
    pub const fn time_ms(&self) -> u64 {
        match self {
            Self::Created(created) => created.time_ms,
            Self::Swapped(swapped) => swapped.time_ms,
            Self::FeesCollected(collected) => collected.time_ms,
        }
    }

    /// Writes the event's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(64));
        match self {
            Self::Created(created) => writer.created(created),
            Self::Swapped(swapped) => {
                writer.common(TYPE_SWAPPED, swapped.seq, swapped.time_ms);
                writer.byte(match swapped.side {
                    Side::AtoB => 0,
                    Side::BtoA => 1,
                });
                writer.units(swapped.amount_in);
                writer.units(swapped.fee);
                writer.units(swapped.amount_out);
                writer.byte(swapped.stage_after.get());
            }
            Self::FeesCollected(collected) => {
                writer.common(TYPE_FEES_COLLECTED, collected.seq, collected.time_ms);
                writer.units(collected.amount_a);
                writer.units(collected.amount_b);
            }
        }
        writer.0
    }

    /// Reads an event from its canonical bytes; nothing may follow.
    ///
    /// # Errors
    ///
    /// An [`EventError`] that names what is wrong; two different byte strings never give the same event.
    #[inline(never)] // The browser package loads each copy that inlining makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EventError> {
        let mut reader = Reader(bytes);
        let kind = reader.byte()?;
        let version = reader.byte()?;
        if !matches!(kind, TYPE_CREATED | TYPE_SWAPPED | TYPE_FEES_COLLECTED) {
            return Err(EventError::UnknownType { kind });
        }
        if version != VERSION {
            return Err(EventError::UnknownVersion { version });
        }
        let (seq, time_ms) = (reader.number()?, reader.number()?);
        let event = match kind {
            TYPE_CREATED => Self::Created(Box::new(reader.created(seq, time_ms)?)),
            TYPE_SWAPPED => Self::Swapped(Swapped {
                seq,
                time_ms,
                side: match reader.byte()? {
                    0 => Side::AtoB,
                    1 => Side::BtoA,
                    _ => return Err(EventError::InvalidField { field: "side" }),
                },
                amount_in: reader.units("amount_in")?,
                fee: reader.units("fee")?,
                amount_out: reader.units("amount_out")?,
                stage_after: Stage::new(reader.byte()?)
                    .map_err(|_invalid| EventError::InvalidField { field: "stage_after" })?,
            }),
            _ => Self::FeesCollected(FeesCollected {
                seq,
                time_ms,
                amount_a: reader.units("amount_a")?,
                amount_b: reader.units("amount_b")?,
            }),
        };
        if reader.0.is_empty() { Ok(event) } else { Err(EventError::TrailingBytes) }
    }
}

/// Writes fields one after another; numbers are big-endian.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn units(&mut self, units: Units) {
        self.number(units.get());
    }

    fn common(&mut self, kind: u8, seq: u64, time_ms: u64) {
        self.byte(kind);
        self.byte(VERSION);
        self.number(seq);
        self.number(time_ms);
    }

    fn optional(&mut self, units: Option<Units>) {
        self.byte(u8::from(units.is_some()));
        if let Some(units) = units {
            self.units(units);
        }
    }

    fn token(&mut self, token: &EventToken) {
        self.number(token.id);
        self.byte(token.decimals.get());
        let symbol = token.symbol.as_bytes();
        let symbol = symbol.get(..SYMBOL_LEN_MAX).unwrap_or(symbol);
        self.byte(u8::try_from(symbol.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(symbol);
    }

    fn created(&mut self, created: &Created) {
        self.common(TYPE_CREATED, created.seq, created.time_ms);
        self.number(created.pool_id);
        self.token(&created.token_a);
        self.token(&created.token_b);
        self.byte(u8::from(created.burn_token.is_some()));
        if let Some(token) = &created.burn_token {
            self.token(token);
        }
        let params = &created.params;
        self.units(params.reserve_a);
        self.units(params.reserve_b);
        self.0.extend_from_slice(&params.fee_bps_base.to_be_bytes());
        for amount in params.thresholds.iter().chain(&params.burns) {
            self.optional(*amount);
        }
    }
}

/// Reads fields one after another; what is left over is the caller's to refuse.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], EventError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(EventError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn slice(&mut self, len: usize) -> Result<&'a [u8], EventError> {
        let (slice, rest) = self.0.split_at_checked(len).ok_or(EventError::Truncated)?;
        self.0 = rest;
        Ok(slice)
    }

    pub(super) fn byte(&mut self) -> Result<u8, EventError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, EventError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(EventError::InvalidField { field }),
        }
    }

    pub(super) fn number(&mut self) -> Result<u64, EventError> {
        self.take::<8>().map(u64::from_be_bytes)
    }

    pub(super) fn units(&mut self, field: &'static str) -> Result<Units, EventError> {
        Units::new(self.number()?).map_err(|_too_large| EventError::InvalidField { field })
    }

    fn optional(&mut self, field: &'static str) -> Result<Option<Units>, EventError> {
        if self.flag(field)? { self.units(field).map(Some) } else { Ok(None) }
    }

    #[inline(never)] // The browser package loads each copy that inlining makes.
    fn token(&mut self) -> Result<EventToken, EventError> {
        let id = self.number()?;
        let decimals = Decimals::new(self.byte()?)
            .map_err(|_too_many| EventError::InvalidField { field: "decimals" })?;
        let len = usize::from(self.byte()?);
        let symbol = self.slice(len)?;
        let is_symbol = (1..=SYMBOL_LEN_MAX).contains(&len) && symbol.iter().all(u8::is_ascii_graphic);
        let symbol = core::str::from_utf8(symbol).ok().filter(|_| is_symbol);
        let symbol = symbol.ok_or(EventError::InvalidField { field: "symbol" })?;
        Ok(EventToken { id, decimals, symbol: String::from(symbol) })
    }

    #[inline(never)] // The browser package loads each copy that inlining makes.
    fn created(&mut self, seq: u64, time_ms: u64) -> Result<Created, EventError> {
        let pool_id = self.number()?;
        let (token_a, token_b) = (self.token()?, self.token()?);
        let burn_token = if self.flag("burn_token")? { Some(self.token()?) } else { None };
        let (reserve_a, reserve_b) = (self.units("reserve_a")?, self.units("reserve_b")?);
        let fee_bps_base = self.take::<2>().map(u16::from_be_bytes)?;
        let mut thresholds = [None; 3];
        for threshold in &mut thresholds {
            *threshold = self.optional("threshold")?;
        }
        let mut burns = [None; 4];
        for burn in &mut burns {
            *burn = self.optional("burn")?;
        }
        let params = PoolParams { reserve_a, reserve_b, fee_bps_base, thresholds, burns };
        Ok(Created { seq, time_ms, pool_id, token_a, token_b, burn_token, params })
    }
}
