//! The page: files of a directory, or those built into this program.
//!
//! Every `GET` that no route answers ends here. A name is looked up as it stands in the address, never decoded, and each
//! of its parts must be an ordinary file name, so nothing outside the directory can be named.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use postfun_core::encoding::hex;
use rust_embed::{EmbeddedFile, RustEmbed};
use url::Url;

use super::error::{ApiError, of_status};
use super::family::Family;

/// The page as the last `make web` built it; empty when nothing was built.
#[derive(RustEmbed)]
#[folder = "../web-demo/dist"]
#[allow_missing = true]
struct BuiltIn;

const INDEX: &str = "index.html";

/// What a browser gets where no page was built.
const NO_PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Postfun</title><h1>Postfun is running</h1>\
    <p>This server was built without its page. Run <code>make web</code> and build again, or set POSTFUN_WEB_DIR to a built \
    page.<p>The API is described at <a href=/apidoc/>/apidoc</a>.";

/// Paths that belong to the API even where they name no route, so that a client's mistake is not answered with a page.
const API_PREFIXES: [&str; 4] = ["/api/", "/auth/", "/apidoc/", "/health/"];

/// Names in this directory carry a hash of their content, so they never change.
const HASHED: &str = "assets/";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What the page may do: scripts come from this server only, and WebAssembly may be compiled.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Headers of the page's files beside its policy.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin-allow-popups"),
    ),
];

/// The page, and whom else it may call.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    files: Files,
    policy: HeaderValue,
}

/// Where the page's files are.
#[derive(Debug, Clone)]
enum Files {
    /// In this program.
    BuiltIn,
    /// In a directory.
    Directory(Arc<PathBuf>),
}

impl Web {
    /// Makes the page; besides this server it may call `other`, where somebody signs in.
    pub(crate) fn new(directory: Option<PathBuf>, other: Option<&Url>) -> Self {
        let files = directory.map_or(Files::BuiltIn, |directory| Files::Directory(Arc::new(directory)));
        Self { files, policy: policy(other) }
    }

    /// Answers a request that no route answers.
    pub(crate) async fn answer(self, method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
        let path = uri.path();
        let is_api =
            API_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) || path == "/api" || path == "/auth";
        if is_api || !matches!(method, Method::GET | Method::HEAD) {
            return no_route(path).into_response();
        }
        let name = path.trim_start_matches('/');
        let wants_document = name.is_empty() || accepts_html(&headers);
        let found = match self.find(name).await {
            Ok(None) if wants_document => self.find(INDEX).await.map(|file| file.map(|file| (INDEX, file))),
            other => other.map(|file| file.map(|file| (name, file))),
        };
        match found {
            Ok(Some((name, file))) => self.with_headers(respond(name, file, &headers)),
            Ok(None) if wants_document => self.with_headers(no_page()),
            Ok(None) => of_status(StatusCode::NOT_FOUND).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }

    /// Finds a file by its name.
    async fn find(&self, name: &str) -> std::io::Result<Option<EmbeddedFile>> {
        if !is_plain(name) {
            return Ok(None);
        }
        match &self.files {
            Files::BuiltIn => Ok(BuiltIn::get(name)),
            Files::Directory(directory) => {
                let file = directory.join(name);
                let read = move || match rust_embed::utils::read_file_from_fs(&file) {
                    Ok(content) => Ok(Some(content)),
                    Err(_) if !file.is_file() => Ok(None),
                    Err(error) => Err(error),
                };
                tokio::task::spawn_blocking(read).await?
            }
        }
    }

    /// Adds the page's headers to any of its answers.
    ///
    /// Also with 304: they replace the stored ones, and under the API's policy a reloaded page loses its scripts. Also with
    /// scripts: a worker runs under the policy that its own script came with.
    fn with_headers(&self, mut response: Response<Body>) -> Response<Body> {
        response.headers_mut().extend(PAGE_HEADERS);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        response
    }
}

/// The page's policy; without another server the page calls this one alone.
fn policy(other: Option<&Url>) -> HeaderValue {
    let with_other =
        other.map(|url| format!("{POLICY}; connect-src 'self' {}", url.origin().ascii_serialization()));
    with_other.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// The error of a path under which there is nothing; seed 004 repeats the path.
pub(crate) fn no_route(path: &str) -> ApiError {
    let error = of_status(StatusCode::NOT_FOUND);
    match Family::of_path(path) {
        Family::Account => error.in_account("Route not found", "Route not found").with_field("path", path),
        Family::Exchange | Family::OAuth | Family::Faucet | Family::Reward => error,
    }
}

/// Tells whether every part of a name is an ordinary, visible file name.
fn is_plain(name: &str) -> bool {
    let plain = |part: &str| {
        let ordinary = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@' | b'+')
        };
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(ordinary)
    };
    name.split('/').all(plain)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.contains("text/html"))
}

fn no_page() -> Response<Body> {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (headers, NO_PAGE).into_response()
}

fn respond(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response<Body> {
    // Weak, because the same file is also sent compressed.
    let tag = format!("W/\"{}\"", hex::encode_lower(&file.metadata.sha256_hash()[..16]));
    let caching = if name.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN };
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|value| matches_tag(value, &tag));
    let etag = HeaderValue::from_str(&tag).unwrap_or(ASK_AGAIN);
    let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, caching)];
    let kind = content_type(file.metadata.mimetype());
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    (headers, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn content_type(guessed: &str) -> HeaderValue {
    let is_text = guessed.starts_with("text/") || guessed.ends_with("javascript");
    let text = if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Compares as RFC 9110 §13.1.2 asks: weakly, any of a list, or a star.
fn matches_tag(value: &HeaderValue, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let listed = value.to_str().unwrap_or_default();
    listed.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use axum::body::Body;
    use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
    use url::Url;

    use super::{Web, is_plain};

    struct Site {
        root: tempfile::TempDir,
        web: Web,
    }

    fn site() -> Site {
        let root = tempfile::tempdir().unwrap();
        let dist = root.path().join("dist");
        fs::create_dir_all(dist.join("assets")).unwrap();
        fs::write(root.path().join("secret.txt"), "hunter2").unwrap();
        for (name, content) in [
            ("index.html", "<!doctype html>page"),
            ("assets/core-1a2b.wasm", "\0asm"),
            ("assets/app-3c4d.js", "let a"),
            (".env", "hunter2"),
        ] {
            fs::write(dist.join(name), content).unwrap();
        }
        Site { web: Web::new(Some(dist), None), root }
    }

    async fn get(web: &Web, path: &str, headers: &[(&'static str, &str)]) -> Response<Body> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        web.clone().answer(Method::GET, path.parse().unwrap(), map).await
    }

    async fn text(response: Response<Body>) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn files_come_with_their_type_and_caching() {
        let site = site();
        for (path, kind, caching) in [
            ("/", "text/html; charset=utf-8", "no-cache"),
            ("/index.html", "text/html; charset=utf-8", "no-cache"),
            ("/assets/core-1a2b.wasm", "application/wasm", "public, max-age=31536000, immutable"),
            ("/assets/app-3c4d.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ] {
            let response = get(&site.web, path, &[]).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(
                (&response.headers()["content-type"], &response.headers()["cache-control"]),
                (&HeaderValue::from_str(kind).unwrap(), &HeaderValue::from_str(caching).unwrap())
            );
        }
        // A worker runs under the policy of its own script.
        for path in ["/", "/assets/app-3c4d.js"] {
            let response = get(&site.web, path, &[]).await;
            let policy = response.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("'wasm-unsafe-eval'") && !policy.contains("'unsafe-eval'"), "{path}");
        }
    }

    #[tokio::test]
    async fn the_page_calls_another_server_only_where_somebody_signs_in_there() {
        let site = site();
        let policy = |response: Response<Body>| {
            response.headers()["content-security-policy"].to_str().unwrap().to_owned()
        };
        assert!(!policy(get(&site.web, "/", &[]).await).contains("connect-src"));
        let url = Url::parse("https://privy.example.org/below/").unwrap();
        let dist = site.root.path().join("dist");
        let open = policy(get(&Web::new(Some(dist), Some(&url)), "/", &[]).await);
        assert!(open.ends_with("; connect-src 'self' https://privy.example.org"), "{open}");
    }

    #[tokio::test]
    async fn a_file_the_browser_has_is_not_sent_again() {
        let site = site();
        let etag = get(&site.web, "/", &[]).await.headers()["etag"].to_str().unwrap().to_owned();
        for known in [etag.clone(), format!("\"x\", {etag}"), etag.trim_start_matches("W/").to_owned()] {
            let response = get(&site.web, "/", &[("if-none-match", &known)]).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            let policy = &response.headers()["content-security-policy"];
            assert!(policy.to_str().unwrap().contains("script-src 'self'"), "{known}");
            assert_eq!(text(response).await, "");
        }
        assert_eq!(get(&site.web, "/", &[("if-none-match", "\"x\"")]).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn unknown_paths_show_the_page_to_people_only() {
        let site = site();
        let html = ("accept", "text/html,*/*");
        let response = get(&site.web, "/pool/1", &[html]).await;
        assert!(text(response).await.contains("page"));
        assert_eq!(get(&site.web, "/pool/1", &[]).await.status(), StatusCode::NOT_FOUND);
        for path in ["/api/nothing", "/auth/nothing", "/api"] {
            assert_eq!(get(&site.web, path, &[html]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let post = site.web.clone().answer(Method::POST, "/".parse().unwrap(), HeaderMap::new()).await;
        assert_eq!(post.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn nothing_outside_the_directory_can_be_named() {
        let site = site();
        assert!(site.root.path().join("secret.txt").is_file());
        for path in [
            "/../secret.txt",
            "/assets/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "//etc/passwd",
            "/assets//app-3c4d.js/",
            "/.env",
            "/assets/..\\..\\secret.txt",
            "/assets",
        ] {
            let Ok(uri) = path.parse() else { continue };
            let response = site.web.clone().answer(Method::GET, uri, HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert!(!is_plain("a\0b") && !is_plain("a%2fb") && !is_plain("/etc/passwd"));
    }

    #[tokio::test]
    async fn without_a_page_the_server_says_so() {
        let empty = tempfile::tempdir().unwrap();
        let response = get(&Web::new(Some(empty.path().to_owned()), None), "/", &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(text(response).await.contains("make web"));
    }
}
