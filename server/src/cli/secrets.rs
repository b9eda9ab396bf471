//! `postfun secrets`: strong secrets in the form of an environment file.

use postfun_core::encoding::hex;

use crate::id::{Entropy, random};

/// Every setting that is a secret of the server's own.
const NAMES: [&str; 3] = ["JWT_SECRET", "JWT_REFRESH_SECRET", "SECRET_KEY"];

/// Makes a line of 32 random bytes for each.
pub(super) fn text(entropy: &dyn Entropy) -> String {
    let line = |name: &&str| [*name, "=", &*hex::encode_lower(&random::<32>(entropy)), "\n"].concat();
    NAMES.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::text;
    use crate::config::{Config, Secret};
    use crate::id::OsEntropy;

    #[test]
    fn production_accepts_what_is_made_and_no_two_are_alike() {
        let made = text(&OsEntropy) + "POSTFUN_ENV=production\nLOGIN_DOMAIN=example.org\n";
        let lines = made.lines().filter_map(|line| line.split_once('='));
        let env: BTreeMap<_, _> = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = Config::load(&env, None, |_| Ok(Secret::new("stored"))).unwrap();
        assert_eq!(config.tokens.secret, Secret::new(env["JWT_SECRET"].clone()));
        assert_ne!(config.tokens.secret, config.tokens.refresh_secret);
        assert_ne!(text(&OsEntropy), text(&OsEntropy));
    }
}
