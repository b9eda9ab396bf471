//! The API document: what the handlers say about themselves, put together, and a page to browse it.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
};
use utoipa::openapi::{PathItem, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config as PageConfig, SwaggerUi};

use super::page::Limit;
use super::schema::ErrorBody;
use super::{APPLICATION_JSON, json};
use crate::app::App;

/// Where the document is.
const DOCUMENT_PATH: &str = "/apidoc/openapi.json";

/// Where the page is.
const PAGE_PATH: &str = "/apidoc";

/// The name handlers use for the security scheme.
const BEARER: &str = "bearer";

const DESCRIPTION: &str = "Sign in with a Nostr key, hold tokens, swap in pools.\n\n\
    Amounts are exact: at its plain key an amount is a number of whole tokens, and beside it `<key>_units` is the same in \
    base units, as text. On input an amount is a number or a decimal string; more decimals than the token has are refused.\n\n\
    Every error has a stable `code`, a sentence in `message`, and the `request_id` that finds it in the server's log. A call \
    that moves money takes an `idempotency-key` header, so that it can be repeated safely.";

const TAGS: [(&str, &str); 14] = [
    ("sign-in", "Prove a key, get a token."),
    ("identities", "The caller's keys: link one more, unlink one."),
    ("users", "Profiles."),
    ("sessions", "Refresh tokens, see and end sessions."),
    ("notifications", "What to be told, by which channel and when."),
    ("beta", "Keys to a private beta."),
    ("activity", "What users did and what was done to their accounts."),
    ("pools", "Pools and what happened in them."),
    ("swaps", "Quotes and swaps."),
    ("tokens", "Tokens and what the caller holds."),
    ("lightning", "Sats that come and go."),
    ("events", "What happens to the caller, live."),
    ("demo", "Only in demo mode."),
    ("operations", "Health and configuration."),
];

/// The page's scripts are its own, but it sets styles in place and shows pictures it carries along.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// Begins the router whose routes describe themselves.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(base())
}

/// Returns the whole document, demo routes included.
#[must_use]
pub fn document() -> OpenApi {
    complete(App::api(true).into_openapi())
}

/// Returns the document as text, as `openapi.json` in the repository holds it.
///
/// # Errors
///
/// Never in practice: the document is made of strings and maps.
pub fn document_text() -> Result<String, serde_json::Error> {
    document().to_pretty_json().map(|text| text + "\n")
}

/// Adds the document and its page to a router.
pub(crate) fn mount(router: Router, document: OpenApi) -> Router {
    let document = json::to_bytes(&complete(document));
    let page: Router = SwaggerUi::new(PAGE_PATH).config(PageConfig::from(DOCUMENT_PATH)).into();
    let page = page.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
        response
    }));
    router.merge(page).route(
        DOCUMENT_PATH,
        get(async move || {
            let document: Result<Bytes, _> = document.clone();
            document.map(|text| ([(header::CONTENT_TYPE, APPLICATION_JSON)], text).into_response())
        }),
    )
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Postfun")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()));
    let tags = TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, bearer)
        .schema(ErrorBody::name(), ErrorBody::schema())
        // Parameters only refer to it.
        .schema(Limit::name(), Limit::schema())
        .build();
    OpenApiBuilder::new().info(info.build()).tags(Some(tags)).components(Some(components)).build()
}

/// Says of every operation that it may also fail in the common ways.
fn complete(mut document: OpenApi) -> OpenApi {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let failure = ResponseBuilder::new()
        .description(
            "Any other failure: malformed input, a missing token, too many requests, trouble in the server.",
        )
        .content("application/json", content)
        .build();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.responses.responses.entry("default".to_owned()).or_insert_with(|| failure.clone().into());
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{TAGS, document_text};

    fn document() -> Value {
        serde_json::from_str(&document_text().unwrap()).unwrap()
    }

    #[test]
    fn every_operation_is_described_and_may_fail() {
        let document = document();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let paths = document["paths"].as_object().unwrap();
        for path in [
            "/auth/verify",
            "/api/amm/swap",
            "/api/tokens",
            "/api/demo/starter-grant",
            "/health",
            "/api/config",
        ] {
            assert!(paths.contains_key(path), "{path}");
        }
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
                let tag = operation["tags"][0].as_str().unwrap();
                assert!(TAGS.iter().any(|(name, _)| *name == tag), "{method} {path}: {tag}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let names: Vec<_> =
            text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!names.is_empty());
        for name in names {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
