//! How an error looks under each prefix.
//!
//! Five documents describe this server, and each has its own error shape. The internal error is one; only the last
//! step differs. Every shape also carries `code` (stable across all of them) and `request_id`.

use serde_json::{Map, Value};

use super::error::ApiError;

/// The group of paths that share an error shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `{"error": code, "message"}`: sign-in with Nostr, pools, wallet, and whatever has no family.
    Exchange,
    /// `{"error": code, "error_description"}`: the OAuth provider.
    OAuth,
    /// `{"detail": sentence}`: the faucet.
    Faucet,
    /// `{"detail": code, "message"}`: the reward centre.
    Reward,
    /// `{"success": false, "error": words, "message"}`: accounts with sessions.
    Account,
}

/// Prefixes in the order they are tried; a prefix ends at a slash or at the end of the path.
const PREFIXES: [(&str, Family); 10] = [
    ("/api/oauth", Family::OAuth),
    ("/api/auth", Family::Account),
    ("/api/v1", Family::Account),
    ("/api/private-beta", Family::Account),
    ("/auth/discord", Family::Faucet),
    ("/me", Family::Faucet),
    ("/admin", Family::Faucet),
    ("/user", Family::Reward),
    ("/campaigns", Family::Reward),
    ("/rewards", Family::Reward),
];

impl Family {
    /// Finds the family of a request path.
    pub(crate) fn of_path(path: &str) -> Self {
        let under = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        PREFIXES.iter().find(|(prefix, _)| under(prefix)).map_or(Self::Exchange, |(_, family)| *family)
    }

    /// Renders the body of an error.
    pub(crate) fn render(self, error: &ApiError, request_id: &str) -> Vec<u8> {
        let mut body: Map<String, Value> =
            error.fields().iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut set = |name: &str, value: &str| body.insert(name.to_owned(), Value::from(value));
        set("code", error.code());
        set("request_id", request_id);
        match self {
            Self::Exchange => {
                set("error", error.code_for_seed());
                set("message", error.message());
            }
            Self::OAuth => {
                set("error", error.code_for_seed());
                set("error_description", error.message());
            }
            Self::Faucet => {
                set("detail", error.message());
            }
            Self::Reward => {
                set("detail", error.code_for_seed());
                set("message", error.message());
            }
            Self::Account => {
                let (words, message) = error.words_in_account();
                set("error", words);
                set("message", message);
                body.insert("success".to_owned(), Value::from(false));
            }
        }
        // A map of strings and values that were JSON already always serialises.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiError, Family};

    #[test]
    fn a_path_belongs_to_the_family_of_its_prefix() {
        for (path, family) in [
            ("/auth/verify", Family::Exchange),
            ("/api/amm/swap", Family::Exchange),
            ("/metrics", Family::Exchange),
            ("/api/oauth/token", Family::OAuth),
            ("/api/auth/refresh", Family::Account),
            ("/api/private-beta/verify", Family::Account),
            ("/me", Family::Faucet),
            ("/me/profile", Family::Faucet),
            ("/user/wallet", Family::Reward),
            ("/users", Family::Exchange),
        ] {
            assert_eq!(Family::of_path(path), family, "{path}");
        }
    }

    #[test]
    fn words_of_an_account_error_are_the_seeds_or_the_statuss_name() {
        let plain = ApiError::bad_request("invalid_field", "`a` is wrong.");
        assert_eq!(plain.words_in_account(), ("Bad Request", "`a` is wrong."));
        let known = plain.in_account("Unauthorized", "Token expired");
        assert_eq!(known.words_in_account(), ("Unauthorized", "Token expired"));
        assert_eq!(known.code(), "invalid_field");
    }

    #[test]
    fn each_family_renders_its_own_shape() {
        let error = ApiError::bad_request("pool_closed", "The pool is closed.")
            .seed_code("closed")
            .with_field("pool_id", 7);
        for (family, expected) in [
            (
                Family::Exchange,
                r#"{"code":"pool_closed","error":"closed","message":"The pool is closed.","pool_id":7,"request_id":"r1"}"#,
            ),
            (
                Family::OAuth,
                r#"{"code":"pool_closed","error":"closed","error_description":"The pool is closed.","pool_id":7,"request_id":"r1"}"#,
            ),
            (
                Family::Faucet,
                r#"{"code":"pool_closed","detail":"The pool is closed.","pool_id":7,"request_id":"r1"}"#,
            ),
            (
                Family::Reward,
                r#"{"code":"pool_closed","detail":"closed","message":"The pool is closed.","pool_id":7,"request_id":"r1"}"#,
            ),
            (
                Family::Account,
                r#"{"code":"pool_closed","error":"closed","message":"The pool is closed.","pool_id":7,"request_id":"r1","success":false}"#,
            ),
        ] {
            let body = String::from_utf8(family.render(&error, "r1")).unwrap();
            let (body, expected): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(&body).unwrap(), serde_json::from_str(expected).unwrap());
            assert_eq!(body, expected, "{family:?}");
        }
    }
}
