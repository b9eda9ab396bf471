//! The README, taken at its word.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use postfun_server::config::key::KEYS;
use postfun_tests::process::{Finished, binary};
use postfun_tests::{Engine, TestApp};
use serde_json::Value;
use tokio::process::Command;

const MARK: &str = "<!-- tried by tests/it/process/readme.rs -->\n```sh\n";

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn readme() -> String {
    fs::read_to_string(top().join("README.md")).unwrap()
}

/// The walk-through, with the server's address and the program's path replaced.
fn walk_through(address: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(MARK).expect("the README marks its walk-through");
    let (block, _) = rest.split_once("```").unwrap();
    let program = binary().to_str().unwrap();
    block.replace("localhost:8000", address).replace("target/demo/postfun", program)
}

/// The JSON objects that begin anywhere in an output, inner ones too.
fn answers(said: &str) -> impl Iterator<Item = Value> {
    let parse = |(at, _)| serde_json::Deserializer::from_str(&said[at..]).into_iter::<Value>().next()?.ok();
    said.match_indices("{\"").filter_map(parse)
}

async fn walk(app: &TestApp) -> String {
    let server = app.serve(&[("POSTFUN_DEMO", "on")]).await;
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &walk_through(&server.address.to_string())]).current_dir(top());
    shell.env("DATABASE_URL", app.database_url()).env("POSTFUN_DATA_DIR", app.data_dir()).kill_on_drop(true);
    shell.env("SIGN_IN_KEY", app.data_dir().join("sign-in.key"));
    tokio::time::timeout(Duration::from_mins(1), Finished::of(shell)).await.unwrap().succeeded()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walk_through_works_as_printed() {
    postfun_tests::engine::tell(Engine::Sqlite, |app| async move {
        let said = walk(&app).await;
        assert!(
            said.contains("becomes an administrator") || said.contains("is an administrator now"),
            "{said}"
        );
        assert!(said.contains("2 pools, 3 pool events"), "{said}");
        let swap = answers(&said)
            .into_iter()
            .find(|answer| answer.get("trade").is_some())
            .expect("a swap is answered");
        assert_eq!(swap["trade"]["amount_out_units"], "64740453767");
    })
    .await;
}

#[test]
fn table_of_settings_is_the_programs_own() {
    let readme = readme();
    for key in KEYS {
        let row = format!("| `{}` | {} | {} |", key.env, key.default, key.about);
        assert!(readme.contains(&row), "the README lacks the row\n{row}");
    }
    let (known, prefix): (BTreeSet<&str>, &str) = (KEYS.iter().map(|key| key.env).collect(), "| `");
    let (_, table) = readme.split_once("## Settings").unwrap();
    let (table, _) = table.split_once("### PostgreSQL").unwrap();
    for row in table.lines().filter_map(|line| line.strip_prefix(prefix)) {
        let name = row.split('`').next().unwrap();
        assert!(known.contains(name), "the README has a setting that the program does not know: {name}");
    }
}

#[test]
fn every_task_and_file_that_is_named_exists() {
    let (readme, makefile) = (readme(), fs::read_to_string(top().join("Makefile")).unwrap());
    let tasks =
        readme.split("make ").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next());
    for task in tasks.filter(|task| !["", "a"].contains(task)) {
        assert!(makefile.contains(&format!("\n{task}:")), "there is no task {task}");
    }
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(top().join(link).exists(), "there is no file {link}");
    }
}
