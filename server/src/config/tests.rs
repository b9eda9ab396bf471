use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{BackendConfig, Config, ConfigError, Cors, DatabaseUrl, LogFormat, Rate, Secret};
use crate::lightning::backend::Network;

/// What LNbits needs at least.
const LNBITS: [(&str, &str); 2] =
    [("LNBITS_API_URL", "https://lnbits.example.org"), ("LNBITS_INVOICE_KEY", "0123abcd")];

const STRONG: &str = "0123456789abcdef0123456789abcdef";

fn load_with_file(pairs: &[(&str, &str)], file: Option<&str>) -> Result<Config, ConfigError> {
    let env = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<BTreeMap<_, _>>();
    Config::load(&env, file, |_| Ok(Secret::new("stored")))
}

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load_with_file(pairs, None)
}

/// Asserts that a start is refused by a sentence that begins with the setting's name and contains a way out.
fn refused(pairs: &[(&str, &str)], variable: &str, part: &str) {
    let message = load(pairs).map(|_| ()).unwrap_err().to_string();
    assert!(message.starts_with(variable) && message.contains(part), "{pairs:?}: {message}");
}

#[test]
fn nothing_configured_is_a_demo_on_this_machine() {
    let config = load(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.metrics_listen.unwrap().to_string(), "127.0.0.1:8001");
    assert_eq!(config.database, DatabaseUrl::Sqlite("data/postfun.db".into()));
    assert!(config.demo && !config.production && !config.is_cookie_secure() && config.notices.is_empty());
    assert_eq!((config.login.domain.as_str(), config.login.domain_required), ("postfun", false));
    assert_eq!(
        (config.login.challenge_ttl_s, config.login.clock_skew_s, config.tokens.access_ttl_s),
        (600, 300, 86_400)
    );
    assert_eq!(config.cors, Cors::Any);
    assert_eq!(config.rates.auth, Some(Rate { count: 600, per_s: 60 }));
    assert_eq!(config.tokens.secret, Secret::new("stored"));
    assert_eq!(config.page_url(), "http://127.0.0.1:8000/");
}

#[test]
fn the_seeds_own_example_starts_once_mariadb_is_gone() {
    let seed = [
        ("SECRET_KEY", "dev-secret-change-me"),
        ("JWT_SECRET", "dev-jwt-change-me"),
        ("CORS_ORIGINS", "*"),
        ("LNBITS_API_URL", ""),
        ("LNBITS_INVOICE_KEY", ""),
        ("LNBITS_ADMIN_KEY", ""),
        ("MARIADB_HOST", ""),
    ];
    let config = load(&seed).unwrap();
    assert!(config.demo && config.lightning.backend == BackendConfig::Simulated);
    assert!(config.notices.iter().any(|notice| notice.contains("JWT_SECRET is weak")));
    refused(&[("MARIADB_HOST", "127.0.0.1")], "MARIADB_HOST", "DATABASE_URL=postgres://");
}

#[test]
fn production_needs_its_settings() {
    let production = ("NODE_ENV", "production");
    refused(&[production], "JWT_SECRET", "openssl rand");
    refused(&[production, ("JWT_SECRET", STRONG)], "LOGIN_DOMAIN", "host name");
    refused(&[production, ("JWT_SECRET", "dev-jwt-change-me")], "JWT_SECRET", "everybody knows");
    refused(&[production, ("JWT_SECRET", "0123456789abcdef")], "JWT_SECRET", "shorter than 32");
    refused(&[production, ("JWT_SECRET", STRONG), ("SECRET_KEY", STRONG)], "JWT_SECRET", "equals SECRET_KEY");
    let both = |refresh| {
        [production, ("JWT_SECRET", STRONG), ("JWT_REFRESH_SECRET", refresh), ("LOGIN_DOMAIN", "a.b")]
    };
    refused(&both(STRONG), "JWT_REFRESH_SECRET", "equals JWT_SECRET");
    refused(&both("0123456789abcdef"), "JWT_REFRESH_SECRET", "shorter than 32");
    refused(&both("your-refresh-secret-key-min-32-characters"), "JWT_REFRESH_SECRET", "everybody knows");
    let own = "another-strong-secret-0123456789abcdef";
    assert_eq!(load(&both(own)).unwrap().tokens.refresh_secret, Secret::new(own));
    refused(
        &[production, ("JWT_SECRET", STRONG), ("SECRET_KEY", "changeme")],
        "SECRET_KEY",
        "everybody knows",
    );
    let config = load(&[production, ("JWT_SECRET", STRONG), ("LOGIN_DOMAIN", "Example.org")]).unwrap();
    assert!(config.production && !config.demo && config.login.domain_required && config.is_cookie_secure());
    assert_eq!((config.login.domain.as_str(), &config.cors), ("example.org", &Cors::SameOrigin));
    assert_eq!(config.rates.general, Some(Rate { count: 600, per_s: 60 }));
    assert_eq!(config.rates.auth, Some(Rate { count: 10, per_s: 60 }));
}

#[test]
fn demo_mode_is_on_only_where_nobody_else_can_connect() {
    for (pairs, demo) in [
        (vec![("POSTFUN_LISTEN", "[::1]:8000")], true),
        (vec![("POSTFUN_LISTEN", "localhost:8000")], true),
        (vec![("POSTFUN_LISTEN", "0.0.0.0:8000")], false),
        (vec![("POSTFUN_LISTEN", "0.0.0.0:8000"), ("POSTFUN_DEMO", "true")], true),
        (vec![("POSTFUN_DEMO", "off")], false),
        (vec![("POSTFUN_PUBLIC_URL", "https://example.org")], false),
        (vec![("POSTFUN_PUBLIC_URL", "http://localhost:8000")], true),
        (vec![("POSTFUN_TRUSTED_PROXIES", "10.0.0.0/8")], false),
        (LNBITS.to_vec(), false),
    ] {
        assert_eq!(load(&pairs).unwrap().demo, demo, "{pairs:?}");
    }
    let asked = ("POSTFUN_DEMO", "1");
    refused(&[asked, ("POSTFUN_ENV", "production")], "POSTFUN_DEMO", "production flag");
    refused(&[asked, LNBITS[0], LNBITS[1]], "POSTFUN_DEMO", "real money");
    refused(&[("POSTFUN_DEMO", "perhaps")], "POSTFUN_DEMO", "true or false");
}

#[test]
fn postgres_and_open_listeners_need_a_secret_of_their_own() {
    refused(&[("DATABASE_URL", "postgres://u@h/db")], "JWT_SECRET", "PostgreSQL");
    load(&[("DATABASE_URL", "postgres://u@h/db"), ("JWT_SECRET", STRONG)]).unwrap();
    let open = ("POSTFUN_LISTEN", "0.0.0.0:8000");
    refused(&[open, ("JWT_SECRET", "dev-jwt-change-me")], "JWT_SECRET", "everybody knows");
    assert_eq!(load(&[open]).unwrap().tokens.secret, Secret::new("stored"));
}

#[test]
fn unknown_names_are_refused_in_both_places() {
    refused(&[("POSTFUN_LISTN", "x")], "POSTFUN_LISTN", "--help");
    load(&[
        ("POSTFUN_TEST_ANYTHING", "x"),
        ("POSTFUN_BIN", "x"),
        ("POSTFUN_CONFIG", "x.toml"),
        ("HOME", "/root"),
    ])
    .unwrap();
    let message = load_with_file(&[], Some("listn = \"x\"")).unwrap_err().to_string();
    assert!(message.contains("`listn`") && message.contains("--help"), "{message}");
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let file =
        "listen = \"127.0.0.1:9000\"\ndemo = false\nauth_challenge_ttl = 60\nadmins = [\"1\", \"npub1x\"]\n";
    let config = load_with_file(&[("POSTFUN_LISTEN", "127.0.0.1:9001")], Some(file)).unwrap();
    assert_eq!((config.listen.port(), config.demo, config.login.challenge_ttl_s), (9001, false, 60));
    assert_eq!(config.admins, ["1", "npub1x"]);
    for broken in ["listen", "listen = 1.5", "jwt_secret = \"hunter2\nx"] {
        let message = load_with_file(&[], Some(broken)).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains("file") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn ports_follow_the_platform() {
    let listen = |pairs: &[(&str, &str)]| load(pairs).unwrap().listen.to_string();
    assert_eq!(listen(&[("PORT", "3000")]), "127.0.0.1:3000");
    let production =
        [("PORT", "3000"), ("NODE_ENV", "production"), ("JWT_SECRET", STRONG), ("LOGIN_DOMAIN", "a.b")];
    assert_eq!(listen(&production), "0.0.0.0:3000");
    assert_eq!(load(&[("P2S_METRICS_PORT", "9100")]).unwrap().metrics_listen.unwrap().port(), 9100);
    assert_eq!(load(&[("POSTFUN_METRICS_LISTEN", "off")]).unwrap().metrics_listen, None);
    refused(&[("PORT", "8001")], "POSTFUN_METRICS_LISTEN", "another port");
    refused(&[("PORT", "70000")], "PORT", "65535");
    refused(&[("POSTFUN_LISTEN", "8000")], "POSTFUN_LISTEN", "127.0.0.1:8000");
}

#[test]
fn malformed_settings_are_refused() {
    for (name, value, part) in [
        ("JWT_ALGORITHM", "RS256", "HS256"),
        ("JWT_EXPIRES_SECONDS", "-1", "60 to"),
        ("AUTH_CHALLENGE_TTL", "ten", "10 to 3600"),
        ("POSTFUN_RATE_AUTH", "10/fortnight", "off"),
        ("POSTFUN_RATE_GENERAL", "0/minute", "600/minute"),
        ("POSTFUN_PUBLIC_URL", "https://example.org/app", "alone"),
        ("POSTFUN_PUBLIC_URL", "ftp://example.org", "alone"),
        ("POSTFUN_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "proxy"),
        ("CORS_ORIGINS", "https://a.example,*", "alone"),
        ("LOGIN_DOMAIN", "https://example.org", "host name"),
        ("POSTFUN_ENV", "prod", "production"),
        ("POSTFUN_LOG_FORMAT", "xml", "json"),
        ("LNBITS_API_URL", "lnbits", "web address"),
        ("LNBITS_API_URL", "https://user:hunter2@lnbits.example.org", "web address"),
        ("LNBITS_MAX_FEE_SATS", "1.5", "whole number"),
        ("POSTFUN_LIGHTNING_NETWORK", "bitcoin", "mainnet"),
        ("POSTFUN_LIGHTNING_NETWORK", "mainnet", "LNBITS_API_URL"),
        ("POSTFUN_WITHDRAW_MAX_SATS", "0", "1 to"),
        ("POSTFUN_WITHDRAW_DAILY_SATS", "-5", "1 to"),
        ("POSTFUN_DEPOSIT_MAX_SATS", "2100000000000001", "1 to"),
        ("POSTFUN_INVOICE_EXPIRY_S", "59", "60 to"),
        ("POSTFUN_MAX_BODY_BYTES", "1", "1024"),
    ] {
        refused(&[(name, value)], name, part);
    }
    refused(
        &[("CORS_ORIGINS", "https://a.b"), ("ALLOWED_ORIGINS", "https://c.d")],
        "ALLOWED_ORIGINS",
        "only one",
    );
}

#[test]
fn well_formed_settings_are_honoured() {
    let config = load(&[
        ("JWT_ALGORITHM", "HS256"),
        ("ALLOWED_ORIGINS", "https://a.example, http://localhost:5173/"),
        ("POSTFUN_RATE_GENERAL", "100/hour"),
        ("POSTFUN_RATE_AUTH", "off"),
        ("POSTFUN_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("POSTFUN_WEB_DIR", "web-demo/dist"),
        ("POSTFUN_LOG_FORMAT", "json"),
        ("POSTFUN_DATA_DIR", "/var/lib/postfun"),
    ])
    .unwrap();
    assert_eq!(config.cors, Cors::List(vec!["https://a.example".into(), "http://localhost:5173".into()]));
    assert_eq!((config.rates.general, config.rates.auth), (Some(Rate { count: 100, per_s: 3_600 }), None));
    assert_eq!(config.trusted_proxies[1].to_string(), "192.0.2.1/32");
    assert_eq!(config.web_dir, Some(PathBuf::from("web-demo/dist")));
    assert_eq!(config.log_format, Some(LogFormat::Json));
    assert_eq!(config.database, DatabaseUrl::Sqlite("/var/lib/postfun/postfun.db".into()));
}

#[test]
fn lightning_is_simulated_in_a_demo_real_with_lnbits_and_off_otherwise() {
    let demo = load(&[]).unwrap().lightning;
    assert_eq!((&demo.backend, demo.network), (&BackendConfig::Simulated, Network::Regtest));
    assert!(demo.is_on() && demo.can_pay() && demo.limits.fee_sats_max.is_none());
    let off = load(&[("POSTFUN_DEMO", "off")]).unwrap().lightning;
    assert!(off.backend == BackendConfig::Off && !off.is_on() && !off.can_pay());
    let real = load(&LNBITS).unwrap();
    assert_eq!((real.lightning.network, real.lightning.is_on()), (Network::Mainnet, true));
    assert!(!real.lightning.can_pay() && real.notices.iter().any(|text| text.contains("LNBITS_ADMIN_KEY")));
}

#[test]
fn lnbits_takes_its_keys_address_and_limits() {
    let config = load(&[
        ("LNBITS_API_URL", "http://10.0.0.5:5000/pay/api/v1/"),
        ("LNBITS_ADMIN_KEY", "admin"),
        ("LNBITS_MAX_FEE_SATS", "0"),
        ("POSTFUN_LIGHTNING_NETWORK", "Signet"),
        ("POSTFUN_LIGHTNING_TIMEOUT_MS", "900"),
        ("POSTFUN_WITHDRAW_MAX_SATS", "7"),
    ])
    .unwrap();
    assert!(config.notices.iter().any(|text| text.contains("not https")));
    let lightning = config.lightning;
    assert!(lightning.can_pay());
    assert_eq!((lightning.network, lightning.limits.fee_sats_max), (Network::Signet, Some(0)));
    assert_eq!((lightning.limits.withdraw_sats_max, lightning.limits.invoice_expiry_s), (7, 3_600));
    let BackendConfig::Lnbits(lnbits) = lightning.backend else { panic!("LNbits is configured") };
    assert_eq!(lnbits.api_url.as_str(), "http://10.0.0.5:5000/pay/");
    // The admin key may do all that the invoice key may.
    assert_eq!((lnbits.invoice_key, lnbits.admin_key), (Secret::new("admin"), Some(Secret::new("admin"))));
    assert_eq!((lnbits.connect_timeout.as_millis(), lnbits.timeout.as_millis()), (900, 900));
    refused(&[LNBITS[0]], "LNBITS_INVOICE_KEY", "LNBITS_ADMIN_KEY");
    refused(&[LNBITS[0], ("LNBITS_INVOICE_KEY", "hunter2 x")], "LNBITS_INVOICE_KEY", "copy it again");
}

#[test]
fn debug_of_the_whole_configuration_shows_no_secret() {
    let config = load(&[
        ("DATABASE_URL", "postgres://u:hunter2-db@h/db"),
        ("JWT_SECRET", "hunter2-0123456789abcdef0123456789"),
        ("LNBITS_API_URL", "https://lnbits.example.org"),
        ("LNBITS_ADMIN_KEY", "hunter2-admin"),
        ("LNBITS_INVOICE_KEY", "hunter2-invoice"),
    ])
    .unwrap();
    let text = format!("{config:?}");
    assert!(!text.contains("hunter2") && text.contains("Secret("), "{text}");
}

#[test]
fn commands_that_need_only_the_database_ask_for_nothing_else() {
    let env = [("DATABASE_URL", "postgres://u@h/db"), ("NODE_ENV", "production")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let (url, _) = super::database_alone(&env, None).unwrap();
    assert_eq!(url, DatabaseUrl::Postgres("postgres://u@h/db".into()));
}

#[test]
fn the_settings_of_tests_touch_only_their_directory() {
    let config = Config::for_tests(Path::new("/nowhere"));
    assert_eq!(config.database, DatabaseUrl::Sqlite("/nowhere/postfun.db".into()));
    assert!(config.demo && config.rates.general.is_none() && config.rates.auth.is_none());
}

#[test]
fn help_names_every_setting_once() {
    let help = super::key::help();
    for key in super::key::KEYS {
        assert_eq!(help.matches(&format!("  {} (", key.env)).count(), 1, "{}", key.env);
    }
    let mut files: Vec<_> = super::key::KEYS.iter().map(|key| key.file).collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(files.len(), super::key::KEYS.len());
}

#[test]
fn one_client_cannot_have_every_connection_and_stream_unless_there_is_only_one() {
    let each = |pairs: &[(&str, &str)]| {
        let limits = load(pairs).unwrap().limits;
        (limits.connections_per_address, limits.streams_per_address, limits.streams_per_user)
    };
    let open = [("POSTFUN_LISTEN", "0.0.0.0:8000"), ("JWT_SECRET", STRONG)];
    assert_eq!(each(&open), (Some(512), Some(128), 16));
    assert_eq!(each(&[]), (None, None, 16), "on this machine alone there is one address");
    assert_eq!(each(&[("POSTFUN_DEMO", "0")]), (None, Some(128), 16), "a proxy says who is behind it");
    let [connections, streams] = ["POSTFUN_MAX_CONNECTIONS_PER_ADDRESS", "POSTFUN_MAX_STREAMS_PER_ADDRESS"];
    assert_eq!(each(&[(connections, "9"), (streams, "3")]), (Some(9), Some(3), 16));
    assert_eq!(each(&[open[0], open[1], (connections, "off"), (streams, "OFF")]), (None, None, 16));
    for variable in [connections, streams] {
        for text in ["0", "-1", "many", "1000001"] {
            refused(&[(variable, text)], variable, "or off");
        }
    }
}

const PRIVY_APP: (&str, &str) = ("PRIVY_APP_ID", "cmtestapp000000000000000");

#[test]
fn a_privy_app_is_read_and_switches_the_demo_off_unless_asked_for() {
    assert!(load(&[]).unwrap().privy.is_none());
    let config = load(&[PRIVY_APP]).unwrap();
    let privy = config.privy.unwrap();
    assert_eq!((privy.app_id.as_str(), privy.api_url.as_str()), (PRIVY_APP.1, "https://api.privy.io/"));
    assert_eq!(privy.auth_url.as_str(), "https://auth.privy.io/");
    assert!(!config.demo && privy.verification_key.is_none() && privy.app_secret.is_none());
    assert!(load(&[PRIVY_APP, ("POSTFUN_DEMO", "on")]).unwrap().demo);
    let loopback = load(&[PRIVY_APP, ("POSTFUN_PRIVY_API_URL", "http://127.0.0.1:9/below")]).unwrap();
    assert_eq!(loopback.privy.unwrap().api_url.as_str(), "http://127.0.0.1:9/below/");
    let own = load(&[PRIVY_APP, ("POSTFUN_PRIVY_AUTH_URL", "https://privy.example.org")]).unwrap();
    assert_eq!(own.privy.unwrap().auth_url.as_str(), "https://privy.example.org/");
}

#[test]
fn bad_privy_settings_are_refused_with_a_sentence() {
    for (settings, variable) in [
        (vec![("PRIVY_APP_SECRET", "x")], "PRIVY_APP_SECRET"),
        (vec![("PRIVY_VERIFICATION_KEY", "x")], "PRIVY_VERIFICATION_KEY"),
        (vec![("PRIVY_APP_ID", "your-privy-app-id")], "PRIVY_APP_ID"),
        (vec![("PRIVY_APP_ID", "a/../b")], "PRIVY_APP_ID"),
        (vec![PRIVY_APP, ("PRIVY_APP_SECRET", "your-privy-app-secret")], "PRIVY_APP_SECRET"),
        (
            vec![PRIVY_APP, ("PRIVY_VERIFICATION_KEY", "your-privy-verification-key")],
            "PRIVY_VERIFICATION_KEY",
        ),
        (vec![PRIVY_APP, ("POSTFUN_PRIVY_API_URL", "http://privy.example.org")], "POSTFUN_PRIVY_API_URL"),
        (vec![PRIVY_APP, ("POSTFUN_PRIVY_AUTH_URL", "https://a.example?b")], "POSTFUN_PRIVY_AUTH_URL"),
        (
            vec![PRIVY_APP, ("POSTFUN_PRIVY_API_URL", "https://me:pass@privy.example.org")],
            "POSTFUN_PRIVY_API_URL",
        ),
    ] {
        let message = load(&settings).unwrap_err().to_string();
        assert!(message.contains(variable), "{settings:?}: {message}");
    }
}

#[test]
fn activity_log_is_kept_for_a_year_for_some_days_or_for_ever() {
    const DAY_S: u64 = 86_400;
    let kept_s = |text| load(&[("POSTFUN_ACTIVITY_RETENTION", text)]).unwrap().activity_kept_s;
    assert_eq!(load(&[]).unwrap().activity_kept_s, Some(365 * DAY_S));
    assert_eq!(["90d", "24h", "36500d"].map(kept_s), [Some(90 * DAY_S), Some(DAY_S), Some(36_500 * DAY_S)]);
    assert_eq!(["off", "OFF"].map(kept_s), [None, None]);
    for text in ["0d", "23h", "36501d", "90", "forever"] {
        refused(&[("POSTFUN_ACTIVITY_RETENTION", text)], "POSTFUN_ACTIVITY_RETENTION", "or off");
    }
}
