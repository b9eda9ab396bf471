//! Where the settings of a command come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::config::key::CONFIG_PATH;
use crate::config::{self, Config, ConfigError, DatabaseUrl, PoolLimits, PrivyConfig, secret};

use super::OsEntropy;

/// The file that is read where no other is named.
const FILE_DEFAULT: &str = "postfun.toml";

/// The environment and the file, not looked at yet.
#[derive(Debug)]
pub(super) struct Settings {
    env: BTreeMap<String, String>,
    file: Option<String>,
}

impl Settings {
    /// Reads the environment, and the file that the command line, `POSTFUN_CONFIG` or the directory names.
    pub(super) fn read(path: Option<PathBuf>) -> Result<Self, ConfigError> {
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        let env: BTreeMap<_, _> = env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        let named = path.or_else(|| env.get(CONFIG_PATH).filter(|path| !path.is_empty()).map(PathBuf::from));
        let file = match named {
            Some(path) => Some(read_file(&path)?),
            None if Path::new(FILE_DEFAULT).exists() => Some(read_file(Path::new(FILE_DEFAULT))?),
            None => None,
        };
        Ok(Self { env, file })
    }

    /// Checks everything; a first start on SQLite makes its secret.
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.env, self.file.as_deref(), |data_dir| secret::stored(data_dir, &OsEntropy))
    }

    /// Reads which database is meant, for commands that need nothing else.
    pub(super) fn database(&self) -> Result<(DatabaseUrl, PoolLimits), ConfigError> {
        config::database_alone(&self.env, self.file.as_deref())
    }

    /// Reads which Privy app is meant, for a command that needs nothing else.
    pub(super) fn privy(&self) -> Result<Option<PrivyConfig>, ConfigError> {
        config::privy_alone(&self.env, self.file.as_deref())
    }

    /// Returns a variable that is no setting of this program.
    pub(super) fn foreign(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    let fault = |error: std::io::Error| {
        let complaint = format!("cannot be read ({error}); name a settings file that exists");
        ConfigError::new(path.display().to_string(), complaint)
    };
    fs::read_to_string(path).map_err(fault)
}
