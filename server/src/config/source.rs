//! Gathers the settings of the environment and of the file, and refuses names nobody knows.

use std::collections::BTreeMap;

use toml::Value;

use super::error::ConfigError;
use super::key::{CONFIG_PATH, KEYS, is_of_tools};

/// The settings as text, by environment variable; empty ones count as absent.
#[derive(Debug, Default)]
pub(super) struct Source(BTreeMap<&'static str, String>);

impl Source {
    /// Reads the file, then lets the environment override it.
    pub(super) fn read(env: &BTreeMap<String, String>, file: Option<&str>) -> Result<Self, ConfigError> {
        let mut settings = file.map_or_else(|| Ok(BTreeMap::new()), read_file)?;
        refuse_unknown(env)?;
        for key in KEYS {
            if let Some(text) = env.get(key.env) {
                settings.insert(key.env, text.trim().to_owned());
            }
        }
        settings.retain(|_, text| !text.is_empty());
        Ok(Self(settings))
    }

    /// Returns the text of a setting that was given.
    pub(super) fn get(&self, env: &'static str) -> Option<&str> {
        debug_assert!(KEYS.iter().any(|key| key.env == env), "{env} is in the table");
        self.0.get(env).map(String::as_str)
    }

    /// Parses a setting, or takes its default.
    pub(super) fn parse<T>(
        &self,
        env: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        self.get(env)
            .map_or(Ok(default), |text| parse(text).map_err(|complaint| ConfigError::new(env, complaint)))
    }

    /// Parses a whole number within bounds, or takes its default.
    pub(super) fn number(
        &self,
        env: &'static str,
        default: u64,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        self.parse(env, default, |text| {
            let number = text.parse::<u64>().ok().filter(|number| bounds.contains(number));
            number.ok_or_else(|| {
                format!("is \"{text}\"; give a whole number from {} to {}", bounds.start(), bounds.end())
            })
        })
    }

    /// Splits a comma separated list, or nothing.
    pub(super) fn list(&self, env: &'static str) -> Vec<String> {
        let text = self.get(env).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }
}

/// Reads "yes" and "no" in their usual spellings.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("is \"{text}\"; give true or false")),
    }
}

fn refuse_unknown(env: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    for (name, value) in env {
        let known = name == CONFIG_PATH || KEYS.iter().any(|key| key.env == name);
        if name.starts_with("POSTFUN_") && !known && !is_of_tools(name) {
            return Err(ConfigError::new(name, "is not a setting; `postfun --help` lists those there are"));
        }
        if name.starts_with("MARIADB_") && !value.trim().is_empty() {
            return Err(ConfigError::new(
                name,
                "is set, but this server does not use MariaDB; unset it, and for a database server of your own set \
                 DATABASE_URL=postgres://user:password@host/name",
            ));
        }
    }
    Ok(())
}

fn read_file(text: &str) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        ConfigError::new("the configuration file", file_fault(text, &error))
    })?;
    table.into_iter().map(|(name, value)| file_setting(&name, &value)).collect()
}

/// Says where the file is wrong without repeating its text, which may be a secret.
fn file_fault(text: &str, error: &toml::de::Error) -> String {
    let offset = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.get(..offset).map_or(0, |before| before.matches('\n').count()) + 1;
    format!("is not TOML: line {line}: {}", error.message())
}

fn file_setting(name: &str, value: &Value) -> Result<(&'static str, String), ConfigError> {
    let key = KEYS.iter().find(|key| key.file == name).ok_or_else(|| {
        ConfigError::new(
            format!("`{name}` in the configuration file"),
            "is not a setting; `postfun --help` lists those there are",
        )
    })?;
    let text = scalar(value).or_else(|| {
        let items: Option<Vec<String>> = value.as_array()?.iter().map(scalar).collect();
        items.map(|items| items.join(","))
    });
    let text = text.ok_or_else(|| {
        ConfigError::new(
            format!("`{name}` in the configuration file"),
            "must be a text, a whole number, true, false, or a list of texts",
        )
    })?;
    Ok((key.env, text.trim().to_owned()))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}
