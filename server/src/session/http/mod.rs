//! `/api/auth/refresh`, `/api/auth/logout` and `/api/v1/sessions/*`: routes of seed 004.
//!
//! | File | Subject |
//! |---|---|
//! | `tokens` | getting new tokens, logging out |
//! | `sessions` | showing and ending sessions |
//! | `devices` | making sessions for devices and changing them |
//! | `wire` | what goes over the wire, and its limits |

mod devices;
mod sessions;
mod tokens;
pub(crate) mod wire;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
pub(crate) use tokens::TokenPair;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    tokens::routes().merge(sessions::routes()).merge(devices::routes())
}
