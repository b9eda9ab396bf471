//! Page sizes of lists, and the numbered pages of seed 004.

use serde::{Deserialize, Deserializer, de};
use utoipa::IntoParams;

use super::ApiError;

/// Largest page a list answers with.
pub const LIMIT_MAX: u16 = 500;

/// Page size where the client names none.
pub const LIMIT_DEFAULT: u16 = 100;

/// How many rows a list answers with at most: 1 to [`LIMIT_MAX`], [`LIMIT_DEFAULT`] unless said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Returns the page size.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    /// Reads a whole number; refuses one outside the range, because a silently smaller page looks like the last.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u16::deserialize(deserializer)?;
        if (1..=LIMIT_MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(de::Error::custom(format_args!("expected 1 to {LIMIT_MAX}")))
        }
    }
}

impl utoipa::PartialSchema for Limit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(LIMIT_MAX))
            .default(Some(LIMIT_DEFAULT.into()))
            .into()
    }
}

impl utoipa::ToSchema for Limit {}

/// Rows on a numbered page where the client names none, and at most.
const ROWS_DEFAULT: i64 = 50;
const ROWS_MAX: i64 = 100;

/// The last page that can be asked for.
const PAGE_MAX: i64 = 1_000_000_000;

/// Which page of a list a client of seed 004 asks for; not checked yet.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// From one on.
    page: Option<i64>,
    /// 1 to 100; 50 unless said.
    limit: Option<i64>,
}

/// A page of a list, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedPage {
    /// Its number, from one on.
    pub number: i64,
    /// How many rows it holds at most.
    pub limit: i64,
}

impl PageParams {
    /// Checks both numbers.
    ///
    /// # Errors
    ///
    /// 400 `invalid_field`, with the parameter's name.
    pub fn check(self) -> Result<NumberedPage, ApiError> {
        self.check_within(i64::MAX)
    }

    /// As [`PageParams::check`], for a list in which rows beyond a number are not reached.
    ///
    /// # Errors
    ///
    /// As [`PageParams::check`].
    pub fn check_within(self, rows_max: i64) -> Result<NumberedPage, ApiError> {
        let limit = check_rows(self.limit, ROWS_DEFAULT)?;
        let last = rows_max.div_euclid(limit).min(PAGE_MAX);
        Ok(NumberedPage { number: within("page", self.page.unwrap_or(1), last)?, limit })
    }
}

impl NumberedPage {
    /// Returns how many rows come before it.
    #[must_use]
    pub const fn offset(self) -> i64 {
        self.number.saturating_sub(1).saturating_mul(self.limit)
    }

    /// Returns on how many pages so many rows are.
    #[must_use]
    pub const fn pages(self, total: i64) -> i64 {
        total.saturating_add(self.limit - 1).div_euclid(self.limit)
    }
}

/// Checks how many rows a client of seed 004 asks for.
///
/// # Errors
///
/// 400 `invalid_field`, with the parameter's name.
pub fn check_rows(limit: Option<i64>, default: i64) -> Result<i64, ApiError> {
    within("limit", limit.unwrap_or(default), ROWS_MAX)
}

fn within(name: &'static str, number: i64, max: i64) -> Result<i64, ApiError> {
    if (1..=max).contains(&number) {
        return Ok(number);
    }
    Err(ApiError::bad_request("invalid_field", format!("{name} takes 1 to {max}")).with_field("field", name))
}
