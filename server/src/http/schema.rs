//! Shapes that only the API document needs.

use serde::Serialize;
use utoipa::ToSchema;

/// Every error of the routes of seed 004.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountErrorBody {
    /// Always false.
    success: bool,
    /// What failed, in the seed's words.
    #[schema(example = "Session not found")]
    error: String,
    /// What is wrong and what to do, for people.
    message: String,
    /// The stable code.
    #[schema(example = "session_not_found")]
    code: String,
    /// Finds the request in the server's log; also the header `x-request-id`.
    request_id: String,
}

/// An answer of a route that also says in the body alone, with the status 200, that it refuses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OrRefusal<T> {
    /// What was asked for; `success` is true.
    Done(T),
    /// Why not; `success` is false.
    Refused(AccountErrorBody),
}

/// Every error of the routes of seed 000.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The seed's code.
    #[schema(example = "pool_not_found")]
    error: String,
    /// The stable code; says more than the seed's where the two differ.
    #[schema(example = "pool_not_found")]
    code: String,
    /// What is wrong and what to do, for people.
    message: String,
    /// Finds the request in the server's log; also the header `x-request-id`.
    request_id: String,
}
