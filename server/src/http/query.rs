//! Query strings, refused with the name of the parameter that is wrong.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::field::{FieldFault, locate};

/// The parameters behind the question mark.
#[derive(Debug, Clone)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(text).map(Self).map_err(|error| refusal::<T>(text, &error.to_string()))
    }
}

fn refusal<T: DeserializeOwned>(text: &str, message: &str) -> ApiError {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    let located = serde_path_to_error::deserialize::<_, T>(serde_urlencoded::Deserializer::new(pairs)).err();
    let path = located.map(|error| error.path().to_string()).unwrap_or_default();
    let fault = locate(&path, message);
    // Page sizes have a code of their own, since every list takes one.
    let code = if fault.field() == Some("limit") { "invalid_limit" } else { "invalid_query" };
    fault.into_error(code, FieldFault::QUERY)
}

#[cfg(test)]
mod tests {
    use axum::extract::FromRequestParts;
    use axum::http::Request;
    use serde::Deserialize;

    use super::{ApiError, QueryParams};
    use crate::http::page::Limit;

    #[derive(Debug, Deserialize)]
    struct Params {
        #[serde(default)]
        limit: Limit,
        before_seq: Option<u64>,
    }

    async fn parse(uri: &str) -> Result<Params, ApiError> {
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        QueryParams::from_request_parts(&mut parts, &()).await.map(|QueryParams(params)| params)
    }

    #[tokio::test]
    async fn good_parameters_are_read() {
        let params = parse("/trades?limit=500&before_seq=9").await.unwrap();
        assert_eq!((params.limit.get(), params.before_seq), (500, Some(9)));
        assert_eq!(parse("/trades").await.unwrap().limit.get(), 100);
    }

    #[tokio::test]
    async fn bad_parameters_are_named() {
        for (uri, code, field) in [
            ("/trades?limit=0", "invalid_limit", "limit"),
            ("/trades?limit=501", "invalid_limit", "limit"),
            ("/trades?limit=ten", "invalid_limit", "limit"),
            ("/trades?limit=", "invalid_limit", "limit"),
            ("/trades?before_seq=-1", "invalid_query", "before_seq"),
            ("/trades?before_seq=1&before_seq=2", "invalid_query", "before_seq"),
        ] {
            let error = parse(uri).await.unwrap_err();
            assert_eq!((error.code(), error.fields()[0].1.as_str()), (code, Some(field)), "{uri}");
        }
    }
}
