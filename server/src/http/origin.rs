//! Whose page a request comes from.
//!
//! A browser sends our session cookie along whoever's page made the request; only `origin` tells them apart. So an unsafe
//! request that rests on the cookie must come from our own origin. Bearer tokens need none of this.

use axum::http::{HeaderMap, header};
use url::Url;

use crate::config::Config;

/// Tells whether a request was made by a page of this server; a request without `origin` was not.
///
/// With a public address that address counts; without one, the host the request was sent to.
#[must_use]
pub fn is_own(headers: &HeaderMap, config: &Config) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return false };
    if let Some(own) = &config.public_url {
        return own.origin() == origin.origin();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    let is_web = matches!(origin.scheme(), "http" | "https");
    is_web && own.is_some_and(|own| own.path() == "/" && own.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use axum::http::{HeaderMap, HeaderValue};

    use super::is_own;
    use crate::config::Config;

    fn own(origins: &[&str], host: &str, public_url: Option<&str>) -> bool {
        let mut config = Config::for_tests(Path::new("/nowhere"));
        config.public_url = public_url.map(|url| url.parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_str(host).unwrap());
        for origin in origins {
            headers.append("origin", HeaderValue::from_str(origin).unwrap());
        }
        is_own(&headers, &config)
    }

    #[test]
    fn without_a_public_address_the_host_decides() {
        let host = "127.0.0.1:8000";
        for (origins, expected) in [
            (vec!["http://127.0.0.1:8000"], true),
            (vec!["http://127.0.0.1:8001"], false),
            (vec!["http://localhost:8000"], false),
            (vec!["http://evil.example"], false),
            (vec!["null"], false),
            (vec!["file://127.0.0.1:8000"], false),
            (vec![], false),
            (vec!["http://127.0.0.1:8000", "http://127.0.0.1:8000"], false),
        ] {
            assert_eq!(own(&origins, host, None), expected, "{origins:?}");
        }
        assert!(own(&["https://example.org"], "example.org:443", None));
        assert!(!own(&["http://example.org"], "example.org/x", None));
    }

    #[test]
    fn a_public_address_is_the_only_own_one() {
        let public = Some("https://example.org");
        assert!(own(&["https://example.org"], "10.0.0.1:8000", public));
        assert!(!own(&["http://example.org"], "example.org", public));
        assert!(!own(&["http://10.0.0.1:8000"], "10.0.0.1:8000", public));
    }
}
