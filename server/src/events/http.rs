//! A user's own stream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reader::{Reader, Start};
use super::wire::{self, Position};
use crate::app::App;
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, ClientIp, QueryParams, event_stream};
use crate::ledger::http::HoldingsObject;
use crate::session::StayingActor;

const ABOUT_POSITION: &str = "`Last-Event-ID` is the id of an event of this stream, such as 12-345.";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StreamStart {
    /// Begin after the event with this id; for clients that cannot set `Last-Event-ID`.
    after: Option<String>,
}

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(stream))
}

/// The caller's balances and what happens to them, live.
///
/// An event `balances` holds all that the caller has; it comes first and whenever something changed. Every other event is
/// named `<subject>.<what happened>`, such as `balance.granted`, and its data is `{seq, created_at, data}`; those come from
/// the first connection on, or from where a client left off. An id is `<last event>-<state of the balances>`: a client that
/// reconnects with `Last-Event-ID` misses no event, gets none twice, and gets `balances` only if they changed.
///
/// When the session ends or the token expires, an event `end` with a `code` (`session_ended`, `session_expired`,
/// `user_deleted`) is the last one. The session cookie is accepted in place of a bearer token.
#[utoipa::path(
    get, path = "/api/me/stream", tag = "events", security(("bearer" = [])), params(StreamStart,
        ("Last-Event-ID" = Option<String>, Header, description = "Wins over `after`")),
    responses(
        (status = 200, content_type = "text/event-stream", body = HoldingsObject, description = "Events; the data of `balances`"),
        (status = 400, body = ErrorBody, description = "`invalid_query`, `invalid_after`, `invalid_last_event_id`, `position_in_future`"),
        (status = 401, body = ErrorBody, description = "`missing_bearer_token`, `invalid_or_expired_token`"),
        (status = 403, body = ErrorBody, description = "`user_deleted`"),
        (status = 429, body = ErrorBody, description = "`too_many_streams`"),
    ),
)]
async fn stream(
    State(app): State<Arc<App>>,
    StayingActor { actor, watch }: StayingActor,
    ClientIp(ip): ClientIp,
    QueryParams(query): QueryParams<StreamStart>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let after = match event_stream::last_event_id(&headers, Position::parse, ABOUT_POSITION)? {
        Some(position) => Some(position),
        None => query.after.as_deref().map(parse_after).transpose()?,
    };
    let user = actor.user.id;
    let slot = app.stream_slots.take(ip, Some(user))?;
    let subscription = app.streams.subscribe(user, watch).await?;
    // Read after the subscription began: whatever is later than this comes through it. The balances after the events.
    let seq = app.events.last_seq(user).await?;
    let holdings = app.streams.holdings(user).await?;
    let now = Position { seq, revision: holdings.revision };
    if let Some(after) = after {
        refuse_future(after, now)?;
    }
    let balances = wire::balances_body(holdings).map_err(ApiError::internal)?;
    let start = Start { after, now, balances };
    let reader = Reader::new(app.streams.clone(), user, subscription, start, slot);
    Ok(event_stream::respond(stream::unfold(reader, Reader::next)))
}

fn parse_after(text: &str) -> Result<Position, ApiError> {
    Position::parse(text).ok_or_else(|| {
        ApiError::bad_request(
            "invalid_after",
            "`after` is the id of an event of this stream, such as 12-345.",
        )
    })
}

/// Nobody can have got what did not happen, unless the database was set back.
fn refuse_future(after: Position, now: Position) -> Result<(), ApiError> {
    if after.seq <= now.seq && after.revision <= now.revision {
        return Ok(());
    }
    let message =
        format!("The stream cannot begin in the future: it has come to {now}. Begin without an id.");
    Err(ApiError::bad_request("position_in_future", message)
        .with_field("seq", now.seq)
        .with_field("revision", now.revision))
}
