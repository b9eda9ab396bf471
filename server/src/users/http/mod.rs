//! `/api/auth/login`, `/api/auth/me`, `/api/auth/status` and `/api/v1/users/*`: routes of seed 004.
//!
//! | File | Subject |
//! |---|---|
//! | `auth` | signing in with Privy, and who is calling |
//! | `users` | showing, making, changing and deleting users |
//! | `wire` | what goes over the wire, and its limits |

mod auth;
mod users;
mod wire;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(crate) use wire::email;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    auth::routes().merge(users::routes())
}
