//! Style as a test: what neither rustfmt nor Clippy looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Lines that a file of sources may have: beyond, it holds more than one noun.
const LINES_MAX: usize = 500;

/// Files that are longer for a reason. A ratchet: numbers go down, and nothing is added without a reason.
const LONGER: [(&str, usize); 0] = [];

/// Files that a program writes, whose length is nobody's choice.
const GENERATED: [&str; 1] = ["web-demo/src/api/schema.d.ts"];

/// Folders that hold what was built or fetched.
const NOT_OURS: [&str; 11] = [
    ".cache",
    ".git",
    "artifacts",
    "corpus",
    "coverage",
    "data",
    "dist",
    "node_modules",
    "out",
    "pkg",
    "target",
];

/// What our own files are written in.
const SOURCES: [&str; 13] =
    ["css", "html", "js", "json", "md", "mjs", "rs", "sh", "sql", "toml", "ts", "tsx", "yml"];

/// A file of ours: path from the top, text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is(&self, ending: &str) -> bool {
        self.path.rsplit('.').next() == Some(ending)
    }

    /// Whether the whole file is test code, where a broken assumption may panic.
    fn is_test(&self) -> bool {
        let folder = |name: &str| self.path.split('/').any(|part| part == name);
        folder("tests") || folder("fuzz") || folder("benches") || self.path.ends_with("tests.rs")
    }

    /// The lines before the test module at the bottom, counted from one.
    fn production_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"));
        (1..).zip(lines)
    }

    fn find(&self, needles: &[String]) -> Vec<String> {
        let hit = |line: &str| needles.iter().any(|needle| line.contains(needle.as_str()));
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| hit(line));
        lines.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace").to_owned()
}

fn collect(folder: &Path, into: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                collect(&path, into);
            }
        } else if SOURCES.contains(&name.rsplit('.').next().unwrap()) {
            let path_from_top = path.strip_prefix(top()).unwrap().to_str().unwrap().to_owned();
            into.push(Source { path: path_from_top, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&top(), &mut sources);
    assert!(sources.len() > 40, "the walk over the sources finds too little: {}", sources.len());
    sources
}

fn assert_nothing(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// The words of a comma-separated list, each written with a bar inside so that this file does not find itself.
fn banned(list: &str) -> Vec<String> {
    list.split(", ").map(|word| word.replace('|', "")).collect()
}

#[test]
fn migrations_are_the_same_on_both_engines_and_numbered_once() {
    let names = |engine: &str| -> Vec<String> {
        let folder = top().join("migrations").join(engine);
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert_eq!(sqlite, postgres);
    let numbers: BTreeSet<&str> = sqlite.iter().filter_map(|name| name.split('_').next()).collect();
    assert_eq!(numbers.len(), sqlite.len(), "two migrations have one number: {sqlite:?}");
}

#[test]
fn files_hold_one_noun() {
    let code = ["rs", "ts", "tsx", "js", "mjs", "sh", "css", "sql"];
    let mut found = Vec::new();
    let is_ours = |source: &&Source| !GENERATED.contains(&source.path.as_str());
    for source in sources().iter().filter(|s| code.iter().any(|ending| s.is(ending))).filter(is_ours) {
        let exception = LONGER.iter().find(|(path, _)| *path == source.path).map(|(_, lines)| *lines);
        let (lines, max) = (source.text.lines().count(), exception.unwrap_or(LINES_MAX));
        if lines > max {
            found.push(format!("{} has {lines} lines, {max} are allowed", source.path));
        }
    }
    assert_nothing(&found, "split by noun");
}

#[test]
fn exceptions_are_still_needed() {
    for (path, lines) in LONGER {
        let now = fs::read_to_string(top().join(path)).map_or(0, |text| text.lines().count());
        assert!(now > LINES_MAX && now <= lines, "{path} has {now} lines now: lower or remove its exception");
    }
}

#[test]
fn nothing_is_left_half_done() {
    let rust =
        banned("todo|!(, unimplemented|!(, dbg|!(, #[ig|nore], assert!(tr|ue), FIX|ME, XX|X, TO|DO, HA|CK");
    let script = banned(".sk|ip(, .on|ly(, xdescr|ibe(, FIX|ME, XX|X, TO|DO, @ts-ig|nore, eslint-dis|able");
    let mut found = Vec::new();
    for source in sources() {
        let is_script = ["js", "mjs", "ts", "tsx"].iter().any(|ending| source.is(ending));
        found.extend(match (source.is("rs"), is_script) {
            (true, _) => source.find(&rust),
            (_, true) => source.find(&script),
            _ => Vec::new(),
        });
    }
    assert_nothing(&found, "finish it, or leave it out");
}

#[test]
fn lints_are_silenced_with_a_reason_only() {
    let silencers = banned("#[al|low(, #![al|low(, cfg_attr(al|low(");
    let found: Vec<_> = sources().iter().filter(|s| s.is("rs")).flat_map(|s| s.find(&silencers)).collect();
    assert_nothing(&found, "say #[expect(lint, reason = \"…\")] instead");
}

#[test]
fn production_code_does_not_unwrap() {
    let unwrap = format!(".un{}", "wrap()");
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is("rs") && !source.is_test()) {
        let lines = source.production_lines().filter(|(_, line)| line.contains(&unwrap));
        found.extend(lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    assert_nothing(&found, "return an error, or say why it cannot fail");
}

#[test]
fn only_db_knows_the_engine() {
    let engines = banned(
        "sqlx::Pos|tgres, sqlx::Sql|ite, sqlx::pos|tgres, sqlx::sql|ite, sqlx::A|ny, \
         Backend::Pos|tgres, Backend::Sql|ite, Pools::|Sqlite, Pools::|Postgres",
    );
    let outside = |source: &&Source| {
        source.path.starts_with("server/src/") && !source.path.starts_with("server/src/db")
    };
    let found: Vec<_> = sources().iter().filter(outside).flat_map(|source| source.find(&engines)).collect();
    assert_nothing(&found, "engine types belong to server/src/db");
}

#[test]
fn handlers_do_not_reach_around_their_service() {
    let repo = banned("re|po::, super::re|po, sqlx|::");
    let is_handler = |source: &&Source| {
        let path = source.path.strip_prefix("server/src/").unwrap_or_default();
        path.ends_with("/http.rs") || (path.contains("/http/") && !path.starts_with("http/"))
    };
    let found: Vec<_> = sources().iter().filter(is_handler).flat_map(|source| source.find(&repo)).collect();
    assert_nothing(&found, "a handler calls its service");
}

#[test]
fn types_of_the_wire_have_names_of_their_own() {
    // The API document knows a type by its name alone: of two, one would describe the other's routes.
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| source.path.starts_with("server/src/")) {
        let mut is_derived = false;
        for line in source.text.lines() {
            is_derived |= line.starts_with("#[derive(") && line.contains("ToSchema");
            let name = line.split_once("struct ").or_else(|| line.split_once("enum ")).map(|(_, rest)| rest);
            if let Some(name) = name.filter(|_| is_derived && !line.trim_start().starts_with("//")) {
                let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
                places.entry(name[..end].to_owned()).or_default().push(source.path.clone());
                is_derived = false;
            }
        }
    }
    assert!(places.len() > 30, "the walk over the sources finds too little: {}", places.len());
    let twice = places.iter().filter(|(_, places)| places.len() > 1);
    let found: Vec<_> = twice.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect();
    assert_nothing(&found, "two types of the API document share a name");
}

#[test]
fn only_the_ledger_writes_money() {
    let statements =
        banned("INSERT INTO |entries, INSERT INTO |postings, INSERT INTO |accounts, UPDATE |accounts");
    let elsewhere = |source: &&Source| {
        source.path.starts_with("server/src/") && !source.path.starts_with("server/src/ledger/")
    };
    let found: Vec<_> =
        sources().iter().filter(elsewhere).flat_map(|source| source.find(&statements)).collect();
    assert_nothing(&found, "money moves through server/src/ledger");
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let files = fs::read_dir(top().join("migrations").join(engine)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
}

#[test]
fn no_file_names_somebodys_machine() {
    let places = banned("/ro|ot/, /ho|me/, /wo|rk/, /Use|rs/, /tmp/cla|ude");
    let found: Vec<_> = sources().iter().flat_map(|source| source.find(&places)).collect();
    assert_nothing(&found, "paths of one machine do not belong into the repository");
}

#[test]
fn arrows_between_crates_point_down() {
    let depends = |krate: &str| -> BTreeSet<String> {
        let manifest = fs::read_to_string(top().join(krate).join("Cargo.toml")).unwrap();
        let ours = manifest.lines().filter_map(|line| line.strip_prefix("postfun-"));
        ours.filter_map(|line| line.split(['.', ' ', '=']).next()).map(str::to_owned).collect()
    };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(depends("core"), set(&[]));
    assert_eq!(depends("wasm"), set(&["core"]));
    assert_eq!(depends("server"), set(&["core"]));
}

#[test]
fn every_part_has_the_same_version() {
    let version = env!("CARGO_PKG_VERSION");
    for package in ["wasm/package.json", "web-demo/package.json", "tests/e2e/package.json"] {
        let text = fs::read_to_string(top().join(package)).unwrap();
        let manifest: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest.get("version").and_then(Value::as_str), Some(version), "{package}");
    }
}

#[test]
fn json_numbers_are_not_kept_as_text() {
    // serde_json's `arbitrary_precision` changes types of other crates that have nothing to do with amounts, and any
    // dependency can switch it on for the whole build.
    let number: Value = serde_json::from_str("1.50").unwrap();
    assert_eq!(number.to_string(), "1.5");
}
