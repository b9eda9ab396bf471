//! Settings that cannot be used: the server says which and why, in one sentence, and does not start.

use postfun_tests::process::{Finished, program};

/// Settings, and what the refusal must mention.
type Refused = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const LONG: &str = "0123456789abcdef0123456789abcdef-long";
const APP: (&str, &str) = ("PRIVY_APP_ID", "cmtestapp000000000000000");
const OTHER: &str = "fedcba9876543210fedcba9876543210-long";

const REFUSED: [Refused; 22] = [
    (&[("POSTFUN_LISTN", "127.0.0.1:1")], &["POSTFUN_LISTN"]),
    (&[("POSTFUN_LISTEN", "somewhere")], &["POSTFUN_LISTEN"]),
    (&[("PORT", "70000"), ("POSTFUN_LISTEN", "")], &["PORT"]),
    (&[("DATABASE_URL", "mysql://root@localhost/x")], &["DATABASE_URL", "postgres://"]),
    (&[("DATABASE_URL", "mysql+pymysql://root@localhost/x")], &["DATABASE_URL", "postgres://"]),
    (&[("DATABASE_URL", "mongodb://localhost/x")], &["DATABASE_URL"]),
    (&[("MARIADB_HOST", "localhost")], &["MARIADB_HOST", "DATABASE_URL"]),
    (&[("JWT_ALGORITHM", "none")], &["JWT_ALGORITHM", "HS256"]),
    (&[("JWT_ALGORITHM", "RS256")], &["JWT_ALGORITHM", "HS256"]),
    (&[("JWT_EXPIRES_SECONDS", "-1")], &["JWT_EXPIRES_SECONDS"]),
    (&[("AUTH_CHALLENGE_TTL", "ten")], &["AUTH_CHALLENGE_TTL"]),
    (&[("POSTFUN_TRUSTED_PROXIES", "everybody")], &["POSTFUN_TRUSTED_PROXIES"]),
    (&[("CORS_ORIGINS", "example")], &["CORS_ORIGINS"]),
    (&[("POSTFUN_ADMINS", "somebody")], &["POSTFUN_ADMINS"]),
    (&[("POSTFUN_DEMO", "maybe")], &["POSTFUN_DEMO"]),
    (&[("POSTFUN_RATE_AUTH", "a lot")], &["POSTFUN_RATE_AUTH"]),
    (&[("POSTFUN_ENV", "production")], &["JWT_SECRET"]),
    (
        &[("POSTFUN_ENV", "production"), ("JWT_SECRET", "short"), ("LOGIN_DOMAIN", "a.example")],
        &["JWT_SECRET"],
    ),
    (
        &[("POSTFUN_ENV", "production"), ("JWT_SECRET", "dev-jwt-change-me"), ("LOGIN_DOMAIN", "a.example")],
        &["JWT_SECRET"],
    ),
    (
        &[
            ("POSTFUN_ENV", "production"),
            ("JWT_SECRET", LONG),
            ("SECRET_KEY", LONG),
            ("LOGIN_DOMAIN", "a.example"),
        ],
        &["SECRET_KEY"],
    ),
    (&[("POSTFUN_ENV", "production"), ("JWT_SECRET", LONG), ("SECRET_KEY", OTHER)], &["LOGIN_DOMAIN"]),
    (
        &[
            ("NODE_ENV", "production"),
            ("JWT_SECRET", LONG),
            ("LOGIN_DOMAIN", "a.example"),
            ("POSTFUN_DEMO", "on"),
        ],
        &["POSTFUN_DEMO"],
    ),
];

/// Values that no secret may have where others can reach the server.
const BAD_SECRETS: [&str; 4] = [
    "0123456789abcdef",
    "changeme",
    "your-super-secret-key-min-32-characters",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// Every way in which a secret of production can be bad, with the setting that the sentence begins with.
fn bad_secrets() -> Vec<(Vec<(&'static str, &'static str)>, &'static str)> {
    let mut bad = vec![
        (vec![("JWT_SECRET", "")], "JWT_SECRET"),
        (vec![("SECRET_KEY", LONG)], "JWT_SECRET"),
        (vec![("JWT_REFRESH_SECRET", LONG)], "JWT_REFRESH_SECRET"),
        (vec![("JWT_REFRESH_SECRET", OTHER), ("SECRET_KEY", OTHER)], "JWT_REFRESH_SECRET"),
        (vec![("PRIVY_APP_SECRET", OTHER)], "PRIVY_APP_SECRET"),
        (vec![("PRIVY_VERIFICATION_KEY", OTHER)], "PRIVY_VERIFICATION_KEY"),
        (vec![("PRIVY_APP_ID", "your-privy-app-id")], "PRIVY_APP_ID"),
        (vec![APP, ("PRIVY_APP_SECRET", "your-privy-app-secret")], "PRIVY_APP_SECRET"),
        (vec![APP, ("PRIVY_VERIFICATION_KEY", "your-privy-verification-key")], "PRIVY_VERIFICATION_KEY"),
        (vec![APP, ("POSTFUN_PRIVY_API_URL", "http://privy.example.org")], "POSTFUN_PRIVY_API_URL"),
    ];
    for value in BAD_SECRETS {
        for name in ["JWT_SECRET", "JWT_REFRESH_SECRET", "SECRET_KEY"] {
            bad.push((vec![(name, value)], name));
        }
        bad.push((vec![APP, ("PRIVY_APP_SECRET", value)], "PRIVY_APP_SECRET"));
    }
    bad
}

#[tokio::test]
async fn production_refuses_each_bad_secret_in_a_sentence_that_does_not_repeat_it() {
    for (settings, named) in bad_secrets() {
        let mut all = vec![("NODE_ENV", "production"), ("LOGIN_DOMAIN", "a.example"), ("JWT_SECRET", LONG)];
        all.extend(&settings);
        let finished = try_to_start(&all).await;
        assert_eq!(finished.code, Some(2), "{settings:?}: {finished:?}");
        assert!(finished.err.starts_with(&format!("postfun: {named} ")), "{settings:?}: {}", finished.err);
        assert_eq!(finished.err.trim().lines().count(), 1, "one sentence: {}", finished.err);
        let secrets = settings.iter().filter(|(name, value)| !name.ends_with("_ID") && !value.is_empty());
        for (_, secret) in secrets.filter(|(name, _)| !name.ends_with("_URL")) {
            assert!(!finished.err.contains(secret), "a secret is not repeated: {}", finished.err);
        }
    }
}

async fn try_to_start(settings: &[(&str, &str)]) -> Finished {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program(dir.path());
    command.arg("serve").envs(settings.iter().copied());
    tokio::time::timeout(std::time::Duration::from_secs(30), Finished::of(command))
        .await
        .unwrap_or_else(|_| panic!("the server has started with {settings:?}"))
}

#[tokio::test]
async fn unusable_setting_is_refused_in_a_sentence() {
    for (settings, parts) in REFUSED {
        let finished = try_to_start(settings).await;
        assert!(matches!(finished.code, Some(1 | 2)), "{settings:?}: {finished:?}");
        for part in parts {
            assert!(finished.err.contains(part), "{settings:?} must mention {part}: {}", finished.err);
        }
        assert_eq!(finished.err.trim().lines().count(), 1, "one sentence: {}", finished.err);
        assert!(!finished.err.contains(LONG), "a secret is not repeated: {}", finished.err);
    }
}

#[tokio::test]
async fn unknown_key_in_the_file_is_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("postfun.toml"), "listen = \"127.0.0.1:0\"\nlisten_adress = \"typo\"\n")
        .unwrap();
    let mut command = program(dir.path());
    command.arg("serve");
    let finished = Finished::of(command).await;
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.contains("listen_adress"), "{}", finished.err);
}

#[tokio::test]
async fn taken_port_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let finished = try_to_start(&[("POSTFUN_LISTEN", &address)]).await;
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.contains(&address), "{}", finished.err);
}

#[tokio::test]
async fn unreachable_database_is_told_without_its_password() {
    let finished = try_to_start(&[
        ("DATABASE_URL", "postgres://user:hunter2@127.0.0.1:1/x?connect_timeout=2"),
        ("JWT_SECRET", LONG),
    ])
    .await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(!finished.err.is_empty() && !finished.err.contains("hunter2"), "{}", finished.err);
}
