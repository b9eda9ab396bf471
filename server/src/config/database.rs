//! Which database, read from the addresses that people already have.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use super::error::ConfigError;

const VARIABLE: &str = "DATABASE_URL";

/// Connections a process opens to PostgreSQL at most, unless `connection_limit` says otherwise.
const CONNECTIONS_DEFAULT: u32 = 16;

/// Seconds to wait for a connection, unless `connect_timeout` says otherwise.
const CONNECT_TIMEOUT_S_DEFAULT: u64 = 10;

/// Prepared statements kept by each connection; a transaction-pooling proxy allows none.
const STATEMENT_CACHE_DEFAULT: usize = 256;

/// Parameters that the driver understands and that are passed on.
const DRIVER_PARAMETERS: [&str; 12] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL server; the address holds only parameters the driver knows.
    Postgres(String),
}

/// How connections are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections open at once, at most.
    pub connections_max: u32,
    /// Longest wait for a connection, in seconds.
    pub connect_timeout_s: u64,
    /// Prepared statements kept per connection; 0 behind a transaction-pooling proxy.
    pub statement_cache: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_DEFAULT,
            connect_timeout_s: CONNECT_TIMEOUT_S_DEFAULT,
            statement_cache: STATEMENT_CACHE_DEFAULT,
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    /// Shows engine, host and name, never a password; parameters may hold one too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(text) => {
                let url = Url::parse(text).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
                write!(f, "postgres://{host}{}", url.as_ref().map_or("", Url::path))
            }
        }
    }
}

/// Reads `DATABASE_URL`; absent means a file in the data directory.
pub(super) fn parse(text: Option<&str>, data_dir: &Path) -> Result<(DatabaseUrl, PoolLimits), ConfigError> {
    let Some(text) = text else {
        return Ok((DatabaseUrl::Sqlite(data_dir.join("postfun.db")), PoolLimits::default()));
    };
    let scheme = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
    // SQLAlchemy names its driver behind a plus sign.
    match scheme.split('+').next().unwrap_or_default() {
        "sqlite" => Ok((sqlite(text)?, PoolLimits::default())),
        "postgres" | "postgresql" => postgres(text),
        "mysql" | "mariadb" => Err(refuse(
            "names MySQL or MariaDB, which this server does not use; give postgres://user:password@host/name, or leave \
             it out to use an SQLite file",
        )),
        _ => Err(refuse(
            "is not an address this server knows; give postgres://user:password@host/name or sqlite:///file.db",
        )),
    }
}

/// Reads an SQLite address as `SQLAlchemy` does: three slashes before a relative path, four before an absolute one.
fn sqlite(text: &str) -> Result<DatabaseUrl, ConfigError> {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    if path.is_empty() || path == ":memory:" {
        return Err(refuse("names no file; give sqlite:///relative.db or sqlite:////absolute/path.db"));
    }
    if path.contains('?') {
        return Err(refuse("has parameters, which SQLite addresses do not take here; give the path alone"));
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

fn postgres(text: &str) -> Result<(DatabaseUrl, PoolLimits), ConfigError> {
    let (_, rest) =
        text.split_once("://").ok_or_else(|| refuse("must look like postgres://user:password@host/name"))?;
    let mut url = Url::parse(&format!("postgres://{rest}"))
        .map_err(|error| refuse(format!("must look like postgres://user:password@host/name ({error})")))?;
    let mut pool = PoolLimits::default();
    let mut passed_on = Vec::new();
    for (name, value) in url.query_pairs().into_owned() {
        match name.as_str() {
            "pgbouncer" if value == "true" => pool.statement_cache = 0,
            "pgbouncer" if value == "false" => {}
            "connection_limit" => pool.connections_max = bounded(&name, &value, 1, 1_000)?,
            "connect_timeout" => pool.connect_timeout_s = bounded(&name, &value, 1, 300)?.into(),
            "sslmode" if !SSL_MODES.contains(&value.as_str()) => {
                return Err(refuse(format!("has sslmode={value}; the modes are {}", SSL_MODES.join(", "))));
            }
            known if DRIVER_PARAMETERS.contains(&known) => passed_on.push((name, value)),
            "schema" if value == "public" => {}
            other => {
                return Err(refuse(format!(
                    "has a parameter `{other}` this server cannot honour as given; known are pgbouncer=true, \
                     connection_limit, connect_timeout, {}",
                    DRIVER_PARAMETERS.join(", ")
                )));
            }
        }
    }
    url.set_query(None);
    if !passed_on.is_empty() {
        url.query_pairs_mut().extend_pairs(passed_on);
    }
    Ok((DatabaseUrl::Postgres(url.into()), pool))
}

fn bounded(name: &str, value: &str, min: u32, max: u32) -> Result<u32, ConfigError> {
    let number = value.parse::<u32>().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| refuse(format!("has {name}={value}; give a whole number from {min} to {max}")))
}

fn refuse(complaint: impl Into<String>) -> ConfigError {
    ConfigError::new(VARIABLE, complaint)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DatabaseUrl, PoolLimits, parse};

    fn ok(text: &str) -> (DatabaseUrl, PoolLimits) {
        parse(Some(text), Path::new("data")).unwrap()
    }

    #[test]
    fn absent_means_a_file_in_the_data_directory() {
        let (url, _) = parse(None, Path::new("/var/postfun")).unwrap();
        assert_eq!(url, DatabaseUrl::Sqlite("/var/postfun/postfun.db".into()));
    }

    #[test]
    fn sqlite_paths_follow_the_seeds() {
        for (text, path) in [
            ("sqlite:///pay2slay.db", "pay2slay.db"),
            ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
            ("sqlite:x.db", "x.db"),
            ("sqlite://x.db", "x.db"),
            ("sqlite+aiosqlite:///x.db", "x.db"),
        ] {
            assert_eq!(ok(text).0, DatabaseUrl::Sqlite(path.into()), "{text}");
        }
    }

    #[test]
    fn parameters_of_other_clients_are_mapped() {
        let (url, pool) = ok(
            "postgresql+psycopg2://u:p%40ss@h:6543/db?pgbouncer=true&connection_limit=5&connect_timeout=7&sslmode=require",
        );
        assert_eq!(url, DatabaseUrl::Postgres("postgres://u:p%40ss@h:6543/db?sslmode=require".into()));
        assert_eq!(pool, PoolLimits { connections_max: 5, connect_timeout_s: 7, statement_cache: 0 });
        assert_eq!(ok("postgres://u@h/db").1, PoolLimits::default());
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_with_a_way_out() {
        for (text, part) in [
            ("mysql+pymysql://user:pass@host:3306/dbname", "postgres://"),
            ("mongodb://h", "postgres://"),
            ("sqlite://", "sqlite:///"),
            ("sqlite:///x.db?mode=ro", "path alone"),
            ("postgres://u@h/db?sslmode=maybe", "verify-full"),
            ("postgres://u@h/db?connection_limit=0", "1 to 1000"),
            ("postgres://u@h/db?connection_limit=lots", "1 to 1000"),
            ("postgres://u@h/db?magic=1", "`magic`"),
            ("postgres:h", "must look like"),
        ] {
            let message = parse(Some(text), Path::new("data")).unwrap_err().to_string();
            assert!(message.starts_with("DATABASE_URL ") && message.contains(part), "{text}: {message}");
            assert!(!message.contains("pass@"), "{message}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let text = format!("{:?}", ok("postgres://user:hunter2@db.example/name?password=hunter2").0);
        assert_eq!(text, "postgres://db.example/name");
    }
}
