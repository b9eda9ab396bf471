//! The secret that all tokens are made with: where it comes from and when it is good enough.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use postfun_core::encoding::hex;

use super::error::ConfigError;
use crate::id::{Entropy, random};

/// Shortest secret that is accepted where others can reach the server, in characters.
pub const SECRET_CHARS_MIN: usize = 32;

/// The file in the data directory that a first start writes.
const FILE_NAME: &str = "secrets.toml";

/// Values that stand in examples and tutorials; whoever reads them can forge tokens.
const KNOWN_DEFAULTS: [&str; 17] = [
    "dev-jwt-change-me",
    "dev-secret-change-me",
    "dev-secret",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "supersecret",
    "super-secret",
    "password",
    "jwt-secret",
    "your-secret-key",
    "your-super-secret-jwt-key",
    "your-super-secret-key-min-32-characters",
    "your-refresh-secret-key-min-32-characters",
    "your-privy-app-secret",
    "your-super-secret-jwt-key-change-this-in-production",
];

/// Bytes nobody may see; its `Debug` shows their number only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes of a secret.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes, for deriving keys.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// Says what is wrong with a secret that others could try to guess, if anything.
pub(super) fn weakness(text: &str) -> Option<String> {
    if is_placeholder(text) {
        return Some(
            "is a value from an example, which everybody knows; make one with `openssl rand -hex 32`".into(),
        );
    }
    if text.chars().count() < SECRET_CHARS_MIN {
        return Some(format!(
            "is shorter than {SECRET_CHARS_MIN} characters; make one with `openssl rand -hex 32`"
        ));
    }
    let first = text.chars().next();
    text.chars()
        .all(|c| Some(c) == first)
        .then(|| "is one character repeated; make one with `openssl rand -hex 32`".to_owned())
}

/// Whether a text stands in examples.
pub(super) fn is_placeholder(text: &str) -> bool {
    KNOWN_DEFAULTS.iter().any(|known| text.eq_ignore_ascii_case(known))
}

/// Reads the secret that an earlier start stored in the data directory, or makes and stores one.
///
/// The file appears at once and whole under its name, so that two first starts at the same time agree on one secret.
///
/// # Errors
///
/// When the directory or file cannot be made or read, or holds no secret.
pub fn stored(data_dir: &Path, entropy: &dyn Entropy) -> Result<Secret, ConfigError> {
    let path = data_dir.join(FILE_NAME);
    if !path.exists() {
        let text = format!(
            "# Made by the first start. Whoever reads this file can sign in as anyone; keep it with the database.\n\
             jwt_secret = \"{}\"\n",
            hex::encode_lower(&random::<32>(entropy))
        );
        let draft = data_dir.join(format!("{FILE_NAME}.{}", hex::encode_lower(&random::<8>(entropy))));
        create(data_dir, &draft, &path, &text)
            .map_err(|error| fault(&path, &format!("cannot be written ({error})")))?;
    }
    let text =
        fs::read_to_string(&path).map_err(|error| fault(&path, &format!("cannot be read ({error})")))?;
    let table: toml::Table =
        text.parse().map_err(|_error| fault(&path, "is damaged; restore it from a backup"))?;
    match table.get("jwt_secret").and_then(toml::Value::as_str) {
        Some(secret) if weakness(secret).is_none() => Ok(Secret::new(secret)),
        _ => Err(fault(&path, "holds no usable jwt_secret; restore it from a backup")),
    }
}

/// Tells whether others than the owner may read the stored secret.
pub(super) fn is_exposed(data_dir: &Path) -> bool {
    fs::metadata(data_dir.join(FILE_NAME)).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

fn create(data_dir: &Path, draft: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // A link, unlike a rename, never replaces a file that another start made meanwhile.
    let linked = fs::hard_link(draft, path);
    fs::remove_file(draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(data_dir)?.sync_all(),
    }
}

fn fault(path: &Path, complaint: &str) -> ConfigError {
    ConfigError::new(path.display().to_string(), complaint)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Secret, stored, weakness};
    use crate::id::SeededEntropy;

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(7 bytes)");
    }

    #[test]
    fn a_stored_secret_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("new").join("data");
        let first = stored(&data_dir, &SeededEntropy::new(1)).unwrap();
        let second = stored(&data_dir, &SeededEntropy::new(2)).unwrap();
        assert_eq!(first, second);
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data_dir.join("secrets.toml")), mode(&data_dir)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1);
    }

    #[test]
    fn first_starts_at_the_same_time_agree() {
        let dir = tempfile::tempdir().unwrap();
        let found: Vec<Secret> = std::thread::scope(|scope| {
            let start = |seed| stored(dir.path(), &SeededEntropy::new(seed)).unwrap();
            let threads: Vec<_> = (0..2).map(|seed| scope.spawn(move || start(seed))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn a_damaged_file_is_named_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        for text in ["", "jwt_secret = 7", "jwt_secret = \"short\"", "not toml"] {
            fs::write(&path, text).unwrap();
            let message = stored(dir.path(), &SeededEntropy::new(1)).unwrap_err().to_string();
            assert!(message.contains("secrets.toml") && message.contains("backup"), "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn weak_secrets_are_told_from_good_ones() {
        for weak in ["dev-jwt-change-me", "CHANGEME", "short", &"a".repeat(40)] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        assert_eq!(weakness("0123456789abcdef0123456789abcdef"), None);
    }
}
