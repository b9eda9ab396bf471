//! How seed 004 wraps what it answers.

use serde::Serialize;
use utoipa::ToSchema;

use super::time::iso_millis;

/// A success with something in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataAnswer<T> {
    /// Always true.
    success: bool,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// When the server answered.
    #[schema(example = "2026-11-21T10:00:00.000Z")]
    timestamp: String,
}

/// A success with a list in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListAnswer<T> {
    /// Always true.
    success: bool,
    data: Vec<T>,
    /// How many there are in the list.
    count: usize,
    /// When the server answered.
    timestamp: String,
}

/// A success of which there is only to tell.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoneAnswer {
    /// Always true.
    success: bool,
    message: &'static str,
    /// How many things it concerned, where that can vary.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// When the server answered.
    timestamp: String,
}

impl<T> DataAnswer<T> {
    /// Wraps an answer; `now_ms` is milliseconds since the epoch.
    pub fn of(data: T, now_ms: i64) -> Self {
        Self { success: true, data, message: None, timestamp: iso_millis(now_ms) }
    }

    /// Adds a sentence for people.
    #[must_use]
    pub fn with_message(self, message: &'static str) -> Self {
        Self { message: Some(message), ..self }
    }
}

impl<T> ListAnswer<T> {
    /// Wraps a list; `now_ms` is milliseconds since the epoch.
    #[must_use]
    pub fn of(data: Vec<T>, now_ms: i64) -> Self {
        Self { success: true, count: data.len(), data, timestamp: iso_millis(now_ms) }
    }
}

impl DoneAnswer {
    /// Wraps a sentence for people; `now_ms` is milliseconds since the epoch.
    #[must_use]
    pub fn of(message: &'static str, count: Option<u64>, now_ms: i64) -> Self {
        Self { success: true, message, count, timestamp: iso_millis(now_ms) }
    }
}
