//! What both engines must have in common, and what no statement may ever do.

use postfun_server::db::BackupError;
use postfun_tests::app::TestApp;
use postfun_tests::{Engine, on_both_engines};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Runs a statement behind the server's back and returns the engine's refusal.
async fn refusal(app: &TestApp, statement: &str) -> String {
    let (url, statement) = (app.database_url(), AssertSqlSafe(statement.to_owned()));
    let outcome = match app.engine {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(|_| ())
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(|_| ())
        }
    };
    outcome.expect_err("the statement is refused").to_string()
}

on_both_engines! {
    async fn every_statement_can_be_prepared(app: TestApp) {
        let statements = postfun_server::statements();
        assert!(statements.len() > 40, "the lists of the repositories are put together");
        for (place, statement) in statements {
            if let Err(error) = app.app.db.prepare(statement).await {
                panic!("{place}: {error:?}");
            }
        }
    }

    async fn a_slip_of_dialect_is_found_by_preparing(app: TestApp) {
        assert!(app.app.db.prepare("SELECT no_such_column FROM users").await.is_err());
    }

    async fn history_cannot_be_rewritten(app: TestApp) {
        // Something of every kind: an admin's action, a trade, and a burn at the first threshold.
        let (admin, trader) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&trader, "gBTC", "1000").await;
        let _swapped = trader.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1000}"#).await.ok(201);
        let tables = [
            ("postings", "created_at_ms"),
            ("entries", "amount"),
            ("pool_events", "seq"),
            ("trades", "amount_out"),
            ("burns", "amount"),
            ("admin_audit", "actor"),
            ("user_events", "kind"),
        ];
        let rows = app.row_counts().await;
        for (table, column) in tables {
            assert!(rows[table] > 0, "{table} has something to rewrite");
            let update = refusal(&app, &format!("UPDATE {table} SET {column} = {column}")).await;
            assert!(update.contains("append-only"), "{table}: {update}");
            let delete = refusal(&app, &format!("DELETE FROM {table}")).await;
            assert!(delete.contains("append-only"), "{table}: {delete}");
        }
    }

    async fn history_names_only_what_exists_and_that_stays(app: TestApp) {
        let (admin, trader) = (app.admin().await, app.user(1).await);
        let _pool = admin.seed_pool().await;
        admin.airdrop(&trader, "gBTC", "1").await;
        let _swapped = trader.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#).await.ok(201);
        for (table, orphan) in [
            ("entries", "SELECT 'nobody', leg, account_id, asset_id, amount FROM entries LIMIT 1"),
            ("entries", "SELECT posting_id, leg + 10, 999999, asset_id, amount FROM entries LIMIT 1"),
            ("entries", "SELECT posting_id, leg + 10, account_id, 999999, amount FROM entries LIMIT 1"),
            ("pool_events", "SELECT 999999, seq, bytes, hash FROM pool_events LIMIT 1"),
            (
                "trades",
                "SELECT 'orphan', pool_id, seq + 10, 'nobody', side, amount_in, amount_out, fee, stage_before, \
                 stage_after, burned, hash, created_at_ms FROM trades LIMIT 1",
            ),
            (
                "trades",
                "SELECT 'orphan', 999999, seq, user_id, side, amount_in, amount_out, fee, stage_before, \
                 stage_after, burned, hash, created_at_ms FROM trades LIMIT 1",
            ),
        ] {
            let refusal = refusal(&app, &format!("INSERT INTO {table} {orphan}")).await.to_lowercase();
            assert!(refusal.contains("foreign key") || refusal.contains("names"), "{orphan}: {refusal}");
        }
        for table in ["users", "assets", "accounts", "pools"] {
            for statement in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET id = id")] {
                let refusal = refusal(&app, &statement).await;
                assert!(refusal.contains("stay"), "{statement}: {refusal}");
            }
        }
    }

    async fn a_balance_below_zero_is_refused_by_the_schema_too(app: TestApp) {
        let _pool = app.admin().await.seed_pool().await;
        let overdraw = "UPDATE accounts SET available = -1 WHERE purpose = 'reserve'";
        assert!(refusal(&app, overdraw).await.to_lowercase().contains("check"));
        let debtor = "UPDATE accounts SET may_be_negative = (1 = 1) WHERE purpose = 'reserve'";
        assert!(refusal(&app, debtor).await.to_lowercase().contains("check"));
    }

    async fn a_second_start_migrates_nothing_and_makes_no_second_pool(app: TestApp) {
        let first = app.reconfigured(|config| config.demo = true).await;
        let again = app.reconfigured(|config| config.demo = true).await;
        assert_eq!(first.app.pools.list(0, 500).await.unwrap().len(), 1);
        let pending = again.app.db.migrations().await.unwrap();
        assert_eq!(pending.applied, pending.known);
        assert_eq!(again.app.pools.list(0, 500).await.unwrap().len(), 1);
    }

    async fn a_copy_is_whole_and_overwrites_nothing(app: TestApp) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.db");
        match (app.engine, app.app.db.backup_to(&path).await) {
            (Engine::Postgres, Err(BackupError::UsePgDump(_))) => {}
            (Engine::Sqlite, Ok(())) => {
                let mut copy = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
                let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await.unwrap();
                assert_eq!(check, "ok");
                let entries: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM entries").fetch_one(&mut copy).await.unwrap();
                assert_eq!(entries, app.row_counts().await["entries"]);
                assert!(matches!(app.app.db.backup_to(&path).await, Err(BackupError::Exists(_))));
            }
            (engine, outcome) => panic!("{engine:?}: {outcome:?}"),
        }
    }
}

/// Table, column, nullability, in order.
type Columns = Vec<(String, String, bool)>;

async fn columns(app: &TestApp) -> Columns {
    match app.engine {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(&app.database_url()).await.unwrap();
            sqlx::query_as(
                "SELECT m.name, c.name, c.\"notnull\" = 0 FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c \
                 WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2",
            )
            .fetch_all(&mut connection)
            .await
            .unwrap()
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(&app.database_url()).await.unwrap();
            sqlx::query_as(
                "SELECT CAST(table_name AS TEXT) COLLATE \"C\", CAST(column_name AS TEXT) COLLATE \"C\", is_nullable = 'YES' \
                 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_%' \
                 AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition) ORDER BY 1, 2",
            )
            .fetch_all(&mut connection)
            .await
            .unwrap()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_tables_columns_and_nulls() {
    let (sqlite, postgres) = (TestApp::start(Engine::Sqlite).await, TestApp::start(Engine::Postgres).await);
    let (of_sqlite, of_postgres) = (columns(&sqlite).await, columns(&postgres).await);
    sqlite.remove().await;
    postgres.remove().await;
    assert!(of_sqlite.len() > 100, "the tables were found");
    assert_eq!(of_sqlite, of_postgres);
}
