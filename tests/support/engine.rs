//! One story, told on each engine.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;

use crate::app::TestApp;

/// The engines that a server can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of the tests' own PostgreSQL server.
    Postgres,
}

/// Tells a story on a fresh server, audits its books, and removes its database, whatever happened.
///
/// # Panics
///
/// When the story does, or when the audit afterwards finds a difference.
pub async fn tell<F>(engine: Engine, story: impl FnOnce(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    // Starting a server is a large future.
    let app = Box::pin(TestApp::start(engine)).await;
    let told = AssertUnwindSafe(async {
        story(app.clone()).await;
        app.assert_books_are_exact().await;
    });
    let outcome = told.catch_unwind().await;
    app.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Makes two tests of each function, `NAME::sqlite` and `NAME::postgres`, by way of [`tell`].
///
/// ```ignore
/// on_both_engines! {
///     async fn stranger_has_no_balance(app: TestApp) {
///         app.stranger().get("/api/amm/balances").await.refused(401, "missing_bearer_token");
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: $kind:ty) $body:block)*) => {
        $(
            $(#[$meta])*
            async fn $name($app: $kind) $body

            mod $name {
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    $crate::engine::tell($crate::Engine::Sqlite, super::$name).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    $crate::engine::tell($crate::Engine::Postgres, super::$name).await;
                }
            }
        )*
    };
}
