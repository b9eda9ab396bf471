//! Which pages of other origins may read our answers.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::config::Cors;

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, x-request-id, last-event-id");
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-request-id, idempotent-replayed, retry-after, location, etag, postfun-last-seq, postfun-pool-seq",
);
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");

/// What a request's `origin` entitles its page to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Nothing is said, so the browser keeps the answer from the page.
    Silent {
        /// Whether another origin would have got another answer, which caches must know.
        varies: bool,
    },
    /// Any page may read the answer to a request without cookies.
    Anyone,
    /// This page may, also with cookies.
    Listed(HeaderValue),
}

impl Grant {
    /// Looks the request's origin up.
    pub(crate) fn of(cors: &Cors, headers: &HeaderMap) -> Self {
        let origin = headers.get(ORIGIN);
        match (cors, origin) {
            (Cors::SameOrigin, _) | (Cors::Any, None) => Self::Silent { varies: false },
            (Cors::Any, Some(_)) => Self::Anyone,
            (Cors::List(listed), Some(origin))
                if listed.iter().any(|one| one.as_bytes() == origin.as_bytes()) =>
            {
                Self::Listed(origin.clone())
            }
            (Cors::List(_), _) => Self::Silent { varies: true },
        }
    }

    /// Adds the headers that tell the browser.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        match self {
            Self::Silent { varies: false } => {}
            Self::Silent { varies: true } => {
                headers.append(VARY, VARY_ORIGIN);
            }
            Self::Anyone => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
            }
            Self::Listed(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
                headers.append(VARY, VARY_ORIGIN);
            }
        }
    }
}

/// Tells whether a browser asks for permission before the real request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && headers.contains_key(ORIGIN)
}

/// Answers a preflight; the origin's headers are added by [`Grant::apply`].
pub(crate) fn preflight(grant: &Grant) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if !matches!(grant, Grant::Silent { .. }) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::Grant;
    use crate::config::Cors;

    fn grant(cors: &Cors, origin: Option<&'static str>) -> Grant {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert("origin", HeaderValue::from_static(origin));
        }
        Grant::of(cors, &headers)
    }

    #[test]
    fn an_origin_gets_what_the_setting_grants() {
        let list = Cors::List(vec!["https://a.example".into()]);
        let listed = Grant::Listed(HeaderValue::from_static("https://a.example"));
        assert_eq!(grant(&list, Some("https://a.example")), listed);
        assert_eq!(grant(&list, Some("https://b.example")), Grant::Silent { varies: true });
        assert_eq!(grant(&list, None), Grant::Silent { varies: true });
        assert_eq!(grant(&Cors::Any, Some("https://b.example")), Grant::Anyone);
        assert_eq!(grant(&Cors::SameOrigin, Some("https://a.example")), Grant::Silent { varies: false });
    }

    #[test]
    fn a_star_never_comes_with_credentials() {
        let mut headers = HeaderMap::new();
        Grant::Anyone.apply(&mut headers);
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let mut headers = HeaderMap::new();
        Grant::Listed(HeaderValue::from_static("https://a.example")).apply(&mut headers);
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "origin");
    }
}
