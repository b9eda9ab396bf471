//! `/api/me/identities`: the caller's keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postfun_core::encoding::hex;
use postfun_core::nostr::{Event, npub};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{KeyProof, LinkRequest, UnlinkRequest};
use crate::app::App;
use crate::http::schema::ErrorBody;
use crate::http::time::iso_micros;
use crate::http::{ApiError, ClientIp, JsonBody};
use crate::identity::{Identity, IdentityKind, Key};
use crate::session::http::wire::Field;
use crate::session::{Actor, removal_cookie_header};
use crate::signin::{Challenge, SignInError};

/// Longest name of a key, in characters.
const SUBJECT_MAX: usize = 255;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, link)).routes(routes!(challenge)).routes(routes!(unlink))
}

/// A key that signs the caller in.
#[derive(Debug, Serialize, ToSchema)]
struct IdentityObject {
    /// `nostr` or `privy`.
    #[schema(example = "nostr")]
    kind: &'static str,
    /// For Nostr the public key in lower-case hex, for Privy the user's DID.
    #[schema(example = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d")]
    subject: String,
    /// A Nostr key as people see it.
    npub: Option<String>,
    /// Whether it is the one of its kind that is shown as the caller's.
    is_primary: bool,
    #[schema(example = "2026-11-21T10:00:00.000000Z")]
    linked_at: String,
    /// When it was proven last.
    last_used_at: String,
}

/// The caller's keys.
#[derive(Debug, Serialize, ToSchema)]
struct IdentitiesResponse {
    /// The caller's id, which is part of what is signed.
    user_id: Uuid,
    /// The oldest first; at most 20.
    items: Vec<IdentityObject>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct IdentityChallengeRequest {
    /// `link` or `unlink`.
    #[schema(example = "link")]
    purpose: String,
    /// `nostr` or `privy`.
    #[schema(example = "nostr")]
    kind: String,
    /// The key: for Nostr 64 hex digits or an npub, for Privy the DID.
    #[schema(max_length = 255)]
    subject: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct IdentityChallengeResponse {
    challenge_id: String,
    /// To be put, unchanged, into the event's content.
    challenge: String,
    #[schema(example = "2026-11-21T10:00:00.000000Z")]
    expires_at: String,
    ttl_seconds: i64,
    /// The `domain` that the content must name.
    domain: String,
    /// The `purpose` that the content must name.
    purpose: &'static str,
    /// The `data` that the content must name: a hash of purpose, user and key. Compute it from the next three, do not copy it.
    data: String,
    user_id: Uuid,
    kind: &'static str,
    /// The key in its one spelling.
    subject: String,
}

/// Proves a key: one of `event` and `privy_token`.
#[derive(Debug, Deserialize, ToSchema)]
struct KeyProofObject {
    /// A signed NIP-01 event of kind 22242 whose content is a JSON object with `purpose`, `data`, `challenge_id`,
    /// `challenge`, `domain` and `exp`.
    #[schema(value_type = Option<Object>)]
    event: Option<Box<RawValue>>,
    /// An access token of Privy that was made in the last five minutes.
    privy_token: Option<String>,
    /// Beside the token of a new key: Privy's identity token, which tells e-mail address and wallet.
    identity_token: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct LinkBody {
    challenge_id: String,
    /// Proves the new key.
    key: KeyProofObject,
    /// Proves a key that the caller has, by an event that answers the same challenge or by a token.
    proof: KeyProofObject,
}

#[derive(Debug, Deserialize, ToSchema)]
struct UnlinkBody {
    challenge_id: String,
    /// `nostr` or `privy`.
    #[schema(example = "nostr")]
    kind: String,
    /// The key that is to go, as in the challenge's request.
    #[schema(max_length = 255)]
    subject: String,
    /// Proves a key that stays, by an event that answers the challenge or by a token.
    proof: KeyProofObject,
}

/// What is left.
#[derive(Debug, Serialize, ToSchema)]
struct UnlinkResponse {
    #[serde(flatten)]
    identities: IdentitiesResponse,
    /// Sessions that the key had begun; they have ended.
    sessions_ended: usize,
    /// Whether the session of this call is among them.
    is_signed_out: bool,
}

impl From<Identity> for IdentityObject {
    fn from(identity: Identity) -> Self {
        let Identity { key: Key { kind, subject }, is_primary, created_at_ms, last_used_at_ms } = identity;
        let pubkey = (kind == IdentityKind::Nostr).then(|| hex::decode_array::<32>(&subject).ok()).flatten();
        Self {
            kind: kind.as_str(),
            subject,
            npub: pubkey.map(|key| npub::encode(&key)),
            is_primary,
            linked_at: iso_micros(created_at_ms),
            last_used_at: iso_micros(last_used_at_ms),
        }
    }
}

impl IdentitiesResponse {
    fn of(user_id: Uuid, keys: Vec<Identity>) -> Self {
        Self { user_id, items: keys.into_iter().map(IdentityObject::from).collect() }
    }
}

/// Reads a key in any of its spellings.
fn key(kind: &str, subject: String) -> Result<Key, ApiError> {
    let kind = IdentityKind::parse(kind).ok_or_else(|| Field("kind").refused("is nostr or privy"))?;
    let field = Field("subject");
    let subject = field.text(Some(subject), SUBJECT_MAX)?.ok_or_else(|| field.missing())?;
    let subject = match kind {
        IdentityKind::Nostr => {
            let pubkey = npub::decode(&subject).ok();
            let pubkey = pubkey.or_else(|| hex::decode_array::<32>(&subject.to_ascii_lowercase()).ok());
            let words = "takes the 64 hex digits of a public key, or its npub";
            hex::encode_lower(&pubkey.ok_or_else(|| field.refused(words))?)
        }
        IdentityKind::Privy => {
            let words = "takes the DID of a Privy user, did:privy:…";
            if crate::privy::is_did(&subject) { subject } else { return Err(field.refused(words)) }
        }
    };
    Ok(Key { kind, subject })
}

/// Reads a proof; `name` is its field.
fn proof(object: KeyProofObject, name: &'static str) -> Result<KeyProof, ApiError> {
    let KeyProofObject { event, privy_token, identity_token } = object;
    match (event, privy_token) {
        (Some(event), None) => {
            let event = Event::from_json(event.get()).map_err(SignInError::from)?;
            Ok(KeyProof::Nostr(Box::new(event)))
        }
        (None, Some(token)) => Ok(KeyProof::Privy { token, identity_token }),
        (None, None) | (Some(_), Some(_)) => Err(Field(name).refused("holds an event or a privy_token")),
    }
}

/// List the caller's keys.
#[utoipa::path(
    get, path = "/api/me/identities", tag = "identities", security(("bearer" = [])),
    responses(
        (status = 200, body = IdentitiesResponse),
        (status = 401, body = ErrorBody, description = "`missing_bearer_token`, `invalid_or_expired_token`"),
    ),
)]
async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<IdentitiesResponse>, ApiError> {
    Ok(Json(IdentitiesResponse::of(actor.user.id, app.links.list(&actor).await?)))
}

/// Ask for a challenge to link or unlink a key.
///
/// It is good for five minutes, for this purpose, this key and the caller alone.
#[utoipa::path(
    post, path = "/api/me/identities/challenge", tag = "identities", security(("bearer" = [])),
    request_body = IdentityChallengeRequest,
    responses(
        (status = 201, body = IdentityChallengeResponse),
        (status = 400, body = ErrorBody, description = "`invalid_json`; `invalid_field`, with `field`"),
        (status = 401, body = ErrorBody, description = "`missing_bearer_token`, `invalid_or_expired_token`"),
        (status = 404, body = ErrorBody, description = "`identity_not_found`"),
        (status = 409, body = ErrorBody,
            description = "`identity_already_linked`, `identity_limit`, `identity_last`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`"),
        (status = 503, body = ErrorBody, description = "`privy_not_configured`"),
    ),
)]
async fn challenge(
    State(app): State<Arc<App>>,
    actor: Actor,
    JsonBody(request): JsonBody<IdentityChallengeRequest>,
) -> Result<(StatusCode, Json<IdentityChallengeResponse>), ApiError> {
    let key = key(&request.kind, request.subject)?;
    let given = app.links.challenge(&actor, &request.purpose, &key).await?;
    let Challenge { id, challenge, ask, created_at_ms, expires_at_ms, .. } = given;
    let response = IdentityChallengeResponse {
        challenge_id: id,
        challenge,
        expires_at: iso_micros(expires_at_ms),
        ttl_seconds: (expires_at_ms - created_at_ms).div_euclid(1_000),
        domain: app.sign_in.domain().to_owned(),
        purpose: ask.purpose.as_str(),
        data: ask.purpose.data().map(|data| hex::encode_lower(data)).unwrap_or_default(),
        user_id: actor.user.id,
        kind: key.kind.as_str(),
        subject: key.subject,
    };
    Ok((StatusCode::CREATED, Json(response)))
}

/// Link a key that is proven, together with a fresh proof by a key that the caller has.
///
/// What good proofs ask for and cannot have, such as somebody else's key, spends the challenge too.
#[utoipa::path(
    post, path = "/api/me/identities", tag = "identities", security(("bearer" = [])), request_body = LinkBody,
    responses(
        (status = 201, body = IdentitiesResponse),
        (status = 400, body = ErrorBody, description = "A proof: `proof_stale`, `proof_not_own`, `invalid_privy_token`, \
            `privy_token_expired`, `invalid_privy_identity_token`, or as for signing in, such as `purpose_mismatch`, \
            `data_mismatch`, `key_not_bound`, `challenge_mismatch`. The challenge: `challenge_expired`, \
            `challenge_already_used`, `challenge_attempts_exceeded`. Also `invalid_field`, with `field`"),
        (status = 401, body = ErrorBody, description = "`missing_bearer_token`, `invalid_or_expired_token`"),
        (status = 403, body = ErrorBody, description = "`user_deleted`"),
        (status = 404, body = ErrorBody, description = "`challenge_not_found`, also for one of another purpose or user"),
        (status = 409, body = ErrorBody,
            description = "`identity_taken`, `identity_already_linked`, `identity_limit`"),
        (status = 503, body = ErrorBody, description = "`privy_not_configured`, `privy_unreachable`"),
    ),
)]
async fn link(
    State(app): State<Arc<App>>,
    actor: Actor,
    ip: ClientIp,
    JsonBody(body): JsonBody<LinkBody>,
) -> Result<(StatusCode, Json<IdentitiesResponse>), ApiError> {
    let LinkBody { challenge_id, key, proof: own } = body;
    let request =
        LinkRequest { challenge_id, new: proof(key, "key")?, own: proof(own, "proof")?, ip: Some(ip.0) };
    let keys = app.links.link(&actor, request).await?;
    Ok((StatusCode::CREATED, Json(IdentitiesResponse::of(actor.user.id, keys))))
}

/// Unlink a key, with a fresh proof by a key that stays; the last one stays.
///
/// Sessions that the key began end, the caller's own included. The oldest key left of its kind becomes the primary one.
#[utoipa::path(
    post, path = "/api/me/identities/unlink", tag = "identities", security(("bearer" = [])),
    request_body = UnlinkBody,
    responses(
        (status = 200, body = UnlinkResponse),
        (status = 400, body = ErrorBody, description = "As for linking; `proof_by_removed_key`"),
        (status = 401, body = ErrorBody, description = "`missing_bearer_token`, `invalid_or_expired_token`"),
        (status = 403, body = ErrorBody, description = "`user_deleted`"),
        (status = 404, body = ErrorBody, description = "`identity_not_found`; `challenge_not_found`, also for one of \
            another purpose, key or user"),
        (status = 409, body = ErrorBody, description = "`identity_last`"),
        (status = 503, body = ErrorBody, description = "`privy_not_configured`, `privy_unreachable`"),
    ),
)]
async fn unlink(
    State(app): State<Arc<App>>,
    actor: Actor,
    ip: ClientIp,
    JsonBody(body): JsonBody<UnlinkBody>,
) -> Result<Response, ApiError> {
    let UnlinkBody { challenge_id, kind, subject, proof: own } = body;
    let request =
        UnlinkRequest { challenge_id, key: key(&kind, subject)?, own: proof(own, "proof")?, ip: Some(ip.0) };
    let unlinked = app.links.unlink(&actor, request).await?;
    let is_signed_out = unlinked.sessions.contains(&actor.session_id);
    let mut headers = HeaderMap::new();
    if is_signed_out && let Some(cookie) = removal_cookie_header(app.config.is_cookie_secure()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    let identities = IdentitiesResponse::of(actor.user.id, unlinked.keys);
    let response = UnlinkResponse { identities, sessions_ended: unlinked.sessions.len(), is_signed_out };
    Ok((headers, Json(response)).into_response())
}
