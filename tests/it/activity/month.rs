//! Months of the log: made ahead on PostgreSQL, and forgotten when they are too old.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use postfun_tests::engine::{Engine, tell};
use postfun_tests::{TestApp, on_both_engines};
use sqlx::{Connection, PgConnection};

use super::{PATH, entries, fill};

const JOB: &str = "activity-months";
const DAY_MS: i64 = 86_400_000;
const DEFAULT: &str = "activity_logs_default";

/// How many rows each partition holds, by its name.
async fn parts(app: &TestApp) -> BTreeMap<String, i64> {
    const COUNTED: &str = "SELECT CAST(tableoid AS regclass)::TEXT, COUNT(*) FROM activity_logs GROUP BY 1";
    let mut connection = PgConnection::connect(&app.database_url()).await.unwrap();
    let rows: Vec<(String, i64)> = sqlx::query_as(COUNTED).fetch_all(&mut connection).await.unwrap();
    rows.into_iter().collect()
}

/// The partitions there are, and how many valid indexes each has.
async fn partitions(app: &TestApp) -> BTreeMap<String, i64> {
    const NAMES: &str = "SELECT CAST(inhrelid AS regclass)::TEXT, \
         (SELECT COUNT(*) FROM pg_index WHERE indrelid = inhrelid AND indisvalid) \
         FROM pg_inherits WHERE inhparent = CAST('activity_logs' AS regclass)";
    let mut connection = PgConnection::connect(&app.database_url()).await.unwrap();
    let rows: Vec<(String, i64)> = sqlx::query_as(NAMES).fetch_all(&mut connection).await.unwrap();
    rows.into_iter().collect()
}

async fn names(app: &TestApp) -> Vec<String> {
    partitions(app).await.into_keys().map(|name| name.replace("activity_logs_", "")).collect()
}

fn ms(text: &str) -> i64 {
    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .unwrap()
        .unix_timestamp()
        * 1_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_land_in_their_month_up_to_its_last_millisecond_and_from_the_next_on() {
    tell(Engine::Postgres, |app| async move {
        let mut signed_in = 0;
        for (next, before, after) in [
            ("2026-02-01T00:00:00Z", "activity_logs_2026_01", "activity_logs_2026_02"),
            ("2027-01-01T00:00:00Z", "activity_logs_2026_12", "activity_logs_2027_01"),
            ("2027-03-01T00:00:00Z", "activity_logs_2027_02", "activity_logs_2027_03"),
            // A leap year.
            ("2028-02-29T00:00:00Z", "activity_logs_2028_02", "activity_logs_2028_02"),
            ("2028-03-01T00:00:00Z", "activity_logs_2028_02", "activity_logs_2028_03"),
        ] {
            // Half a month ahead is when the job last ran; as a rule it runs every hour.
            app.clock.set_ms(ms(next) - 15 * DAY_MS);
            app.run_job(JOB).await;
            for (at_ms, part) in [(ms(next) - 1_000, before), (ms(next) - 1, before), (ms(next), after)] {
                app.clock.set_ms(at_ms);
                let held = parts(&app).await.get(part).copied().unwrap_or_default();
                signed_in += 1;
                let _row = app.user(signed_in).await;
                assert_eq!(parts(&app).await.get(part), Some(&(held + 1)), "{next}: {part}");
            }
        }
        assert_eq!(parts(&app).await.get(DEFAULT), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_makes_what_the_first_insert_may_need() {
    tell(Engine::Postgres, |app| async move {
        assert_eq!(names(&app).await, ["2026_01", "2026_02", "2026_03", "default"]);
        app.clock.set_ms(ms("2026-11-30T23:59:59Z"));
        let beside = app.reconfigured(|_| {}).await;
        assert_eq!(names(&app).await[3..], ["2026_11", "2026_12", "2027_01", "default"]);
        app.run_job(JOB).await;
        assert_eq!(names(&app).await.len(), 7, "what is there stays");
        let indexes: Vec<i64> = partitions(&app).await.into_values().collect();
        assert_eq!(indexes, vec![4; 7], "the key and the three that lists run along, in every partition");
        beside.app.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_had_no_month_move_when_it_is_made() {
    tell(Engine::Postgres, |app| async move {
        let user = app.user(1).await;
        let id = user.account_id().await;
        // Nobody made months for half a year, and before that there were none at all.
        fill(&app, &id, 50, ms("2025-12-31T23:59:30Z")).await;
        fill(&app, &id, 50, ms("2026-04-30T23:59:30Z")).await;
        fill(&app, &id, 50, ms("2026-06-30T23:59:30Z")).await;
        // A clock was wrong once: that month has not come yet.
        fill(&app, &id, 3, ms("2030-01-01T00:00:00Z")).await;
        app.clock.set_ms(ms("2026-06-30T12:00:00Z"));
        let user = app.user(1).await;
        let whole = entries(&user.get(&format!("{PATH}?limit=100")).await.ok(200));
        assert_eq!(
            parts(&app).await,
            [("activity_logs_2026_01".to_owned(), 22), (DEFAULT.to_owned(), 133)].into()
        );
        app.run_job(JOB).await;
        let expected = [
            ("2025_12", 29),
            ("2026_01", 22),
            ("2026_04", 29),
            ("2026_05", 21),
            ("2026_06", 30),
            ("2026_07", 21),
            ("default", 3),
        ];
        let expected = expected.map(|(name, rows)| (format!("activity_logs_{name}"), rows));
        assert_eq!(parts(&app).await, expected.into());
        assert_eq!(
            names(&app).await,
            [
                "2025_12", "2026_01", "2026_02", "2026_03", "2026_04", "2026_05", "2026_06", "2026_07",
                "2026_08", "default"
            ]
        );
        assert_eq!(entries(&user.get(&format!("{PATH}?limit=100")).await.ok(200)), whole);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn job_races_itself_and_writers_in_two_processes_and_no_row_is_lost() {
    tell(Engine::Postgres, |app| async move {
        let beside = app.reconfigured(|_| {}).await;
        let user = app.user(1).await;
        let id = user.account_id().await;
        fill(&app, &id, 2_000, ms("2026-06-30T23:45:00Z")).await;
        app.clock.set_ms(ms("2026-06-30T23:59:59Z"));
        let before = app.count_rows("activity_logs").await;
        let makers = [&app, &beside, &app, &beside].map(|process| {
            let activity = process.app.activity.clone();
            tokio::spawn(async move { activity.make_months(None).await })
        });
        let writers = (10..30).map(|number| {
            let process = if number % 2 == 0 { app.clone() } else { beside.clone() };
            tokio::spawn(async move { process.user(number).await })
        });
        let (made, written) = tokio::join!(join_all(makers), join_all(writers));
        for made in made {
            made.unwrap().expect("whoever comes second finds it done");
        }
        let written = written.into_iter().map(Result::unwrap).count();
        assert_eq!(written, 20);
        assert_eq!(
            names(&app).await,
            ["2026_01", "2026_02", "2026_03", "2026_06", "2026_07", "2026_08", "default"]
        );
        assert_eq!(app.count_rows("activity_logs").await, before + 20);
        assert_eq!(parts(&app).await.get(DEFAULT), None);
        beside.app.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_that_waits_while_its_month_is_made_lands_there() {
    const BEFORE: &str = "INSERT INTO activity_logs SELECT 'before', user_id, session_id, action, metadata, ip_address, $1 \
         FROM activity_logs LIMIT 1";
    tell(Engine::Postgres, |app| async move {
        let _first = app.user(1).await;
        app.clock.set_ms(ms("2026-06-30T12:00:00Z"));
        let mut other = PgConnection::connect(&app.database_url()).await.unwrap();
        let mut writer = other.begin().await.unwrap();
        let _written =
            sqlx::query(BEFORE).bind(ms("2026-06-30T11:00:00Z")).execute(&mut *writer).await.unwrap();
        let activity = app.app.activity.clone();
        let made = tokio::spawn(async move { activity.make_months(None).await });
        // It waits for the writer, and whoever writes now waits for it.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let later = app.clone();
        let signed_in = tokio::spawn(async move { later.user(2).await });
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(!made.is_finished() && !signed_in.is_finished());
        writer.commit().await.unwrap();
        made.await.unwrap().unwrap();
        let _in_time = signed_in.await.unwrap();
        let expected = [("activity_logs_2026_01".to_owned(), 1), ("activity_logs_2026_06".to_owned(), 2)];
        assert_eq!(parts(&app).await, expected.into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_lock_delays_a_month_and_harms_no_row() {
    tell(Engine::Postgres, |app| async move {
        app.clock.set_ms(ms("2026-06-30T12:00:00Z"));
        let user = app.user(1).await;
        let mut reader = PgConnection::connect(&app.database_url()).await.unwrap();
        let mut long = reader.begin().await.unwrap();
        let _seen: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM activity_logs").fetch_one(&mut *long).await.unwrap();
        let refused = app.app.activity.make_months(None).await;
        assert!(refused.is_err(), "the reader is in the way");
        assert_eq!(
            names(&app).await,
            ["2026_01", "2026_02", "2026_03", "default"],
            "nothing is left half done"
        );
        let _written = user.post(PATH, r#"{"action":"password_changed"}"#).await.ok(201);
        long.rollback().await.unwrap();
        app.app.activity.make_months(None).await.unwrap();
        assert_eq!(parts(&app).await, [("activity_logs_2026_06".to_owned(), 2)].into());
    })
    .await;
}

on_both_engines! {
    async fn what_is_too_old_is_forgotten(app: TestApp) {
        let keeping = app.reconfigured(|config| config.activity_kept_s = Some(60 * 86_400)).await;
        let user = app.user(1).await;
        let id = user.account_id().await;
        fill(&app, &id, 2_500, ms("2025-10-15T00:00:00Z")).await;
        fill(&app, &id, 10, ms("2025-11-01T23:59:55Z")).await;
        fill(&app, &id, 10, ms("2025-12-15T00:00:00Z")).await;
        // Sixty days after 2025-11-02.
        assert_eq!(postfun_tests::app::START_MS, ms("2025-11-02T00:00:00Z") + 60 * DAY_MS);
        app.run_job(JOB).await;
        assert_eq!(app.count_rows("activity_logs").await, 2_521, "a year is kept by default");
        keeping.run_job(JOB).await;
        match app.engine {
            // What is exactly sixty days old is not older.
            Engine::Sqlite => assert_eq!(app.count_rows("activity_logs").await, 6 + 10 + 1),
            Engine::Postgres => {
                assert_eq!(app.count_rows("activity_logs").await, 10 + 10 + 1, "November goes as a whole");
                assert_eq!(names(&app).await, ["2025_11", "2025_12", "2026_01", "2026_02", "2026_03", "default"]);
            }
        }
        app.clock.set_ms(ms("2025-12-01T00:00:00Z") + 60 * DAY_MS);
        keeping.run_job(JOB).await;
        assert_eq!(app.count_rows("activity_logs").await, 10 + 1);
        let kept_for_ever = app.reconfigured(|config| config.activity_kept_s = None).await;
        app.clock.set_ms(ms("2100-01-01T00:00:00Z"));
        kept_for_ever.run_job(JOB).await;
        assert_eq!(app.count_rows("activity_logs").await, 10 + 1);
        app.run_job(JOB).await;
        assert_eq!(app.count_rows("activity_logs").await, 0);
        for beside in [keeping, kept_for_ever] {
            beside.app.db.close().await;
        }
    }
}
