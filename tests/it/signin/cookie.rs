//! The session cookie: for our own pages, and never for those of others.

use postfun_tests::{Answer, Client, Signer, TestApp, on_both_engines};

/// The host that the requests name.
const HOST: &str = "127.0.0.1:8000";
const OWN_ORIGIN: &str = "http://127.0.0.1:8000";

fn set_cookie(answer: &Answer) -> String {
    answer.header("set-cookie").expect("a sign-in sets a cookie").to_owned()
}

fn browser(app: &TestApp, cookie: &str) -> Client {
    let value = cookie.split(';').next().unwrap();
    app.stranger().with("cookie", &format!("theme=dark; {value}")).with("host", HOST)
}

on_both_engines! {
    async fn cookie_is_for_this_host_and_not_for_scripts(app: TestApp) {
        let cookie = set_cookie(&app.sign_in(&Signer::numbered(1)).await.ok(200));
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        assert!(cookie.starts_with("pf_jwt=ey"), "{cookie}");
        assert_eq!(attributes, ["Path=/", "Max-Age=86400", "HttpOnly", "SameSite=Lax"]);
        let public = app.reconfigured(|config| config.public_url = Some("https://postfun.example".parse().unwrap())).await;
        let secure = set_cookie(&public.sign_in(&Signer::numbered(1)).await.ok(200));
        assert!(secure.ends_with("; Secure"), "{secure}");
    }

    async fn cookie_reads_and_its_own_page_writes(app: TestApp) {
        let cookie = set_cookie(&app.sign_in(&Signer::numbered(1)).await.ok(200));
        let browser = browser(&app, &cookie);
        let _reads = browser.get("/auth/me").await.ok(200);
        browser.post("/auth/logout", "").await.refused(403, "origin_not_allowed");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:9000", "http://127.0.0.1.evil.example:8000"] {
            let elsewhere = browser.clone().with("origin", origin);
            elsewhere.post("/auth/logout", "").await.refused(403, "origin_not_allowed");
        }
        let _still_signed_in = browser.get("/auth/me").await.ok(200);
        let answer = browser.clone().with("origin", OWN_ORIGIN).post("/auth/logout", "").await.ok(200);
        assert!(set_cookie(&answer).starts_with("pf_jwt=; Path=/; Max-Age=0"), "{}", set_cookie(&answer));
        browser.get("/auth/me").await.refused(401, "invalid_or_expired_token");
    }

    async fn bearer_token_wins_over_the_cookie(app: TestApp) {
        let cookie = set_cookie(&app.sign_in(&Signer::numbered(1)).await.ok(200));
        let other = app.user(2).await;
        let both = browser(&app, &cookie).with_token(&other.token);
        assert_eq!(both.get("/auth/me").await.ok(200).raw("user.id"), other.id.to_string());
        let wrong = browser(&app, &cookie).with_token("nonsense");
        wrong.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        // A bearer token is never sent by a browser on its own, so the page's origin does not matter.
        let _logged_out = both.with("origin", "https://app.example").post("/auth/logout", "").await.ok(200);
    }
}
