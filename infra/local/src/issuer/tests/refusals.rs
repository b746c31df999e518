//! What is refused, and how.

use super::{APP, Desk, HERE, Issuer, VERIFIER, digest, text};

#[tokio::test]
async fn nobody_is_sent_to_another_machine() {
    let desk = Desk::new();
    for redirect in [
        "https://localhost:5173/",
        "http://evil.example/",
        "http://localhost@evil.example/",
        "http://localhost/#x",
        "x",
    ] {
        let answer = desk.ask(&[("redirect_uri", redirect)]).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{redirect}");
        assert!(!answer.body.contains("evil"), "{}", answer.body);
        let fields = [("client_id", "rapport"), ("post_logout_redirect_uri", redirect)];
        let answer = desk.send("GET", "/oidc/logout", &[], &fields).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{redirect}");
    }
    for changes in [[("redirect_uri", "")], [("client_id", "other")], [("client_id", "")]] {
        let answer = desk.ask(&changes).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{changes:?}");
    }
    let twice = format!("/oidc/authorize?client_id=rapport&redirect_uri={HERE}&redirect_uri=http://evil.example");
    assert_eq!(desk.get(&twice).await.status, 400);
}

#[tokio::test]
async fn an_app_is_told_what_is_wrong_with_its_request() {
    let desk = Desk::new();
    let cases = [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "email profile", "invalid_scope"),
        ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "dance", "invalid_request"),
        ("request", "x.y.z", "request_not_supported"),
        ("request_uri", "http://localhost/", "request_uri_not_supported"),
    ];
    for (name, value, error) in cases {
        let answer = desk.ask(&[(name, value)]).await;
        assert_eq!(answer.status, 303, "{name}={value}");
        assert_eq!(answer.led_with("error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(answer.led_with("state").as_deref(), Some("a state"));
        assert_eq!(answer.led_with("iss").as_deref(), Some(desk.issuer.url()));
        assert!(answer.header("location").starts_with(APP) && answer.led_with("code").is_none());
    }
    assert_eq!(desk.ask(&[("prompt", "login"), ("max_age", "0"), ("response_mode", "query")]).await.status, 200);
}

#[tokio::test]
async fn a_page_is_used_once_in_time_and_by_itself() {
    let desk = Desk::new();
    let transaction = desk.ask(&[]).await.transaction();
    let fields = [("transaction", transaction.as_str()), ("person", "robin.admin@example.com")];
    let here = ("origin", HERE);
    let headers: [&[(&str, &str)]; 7] = [
        &[],
        &[("origin", "null")],
        &[("origin", "http://evil.example")],
        &[("origin", "http://localhost:5173")],
        &[("origin", "https://localhost:4000")],
        &[here, ("sec-fetch-site", "cross-site")],
        &[here, ("sec-fetch-site", "same-site")],
    ];
    for headers in headers {
        let answer = desk.send("POST", "/oidc/authorize", headers, &fields).await;
        assert_eq!((answer.status, answer.header("location")), (403, ""), "{headers:?}");
    }
    assert_eq!(desk.choose(&[("transaction", "other"), fields[1]]).await.status, 400);
    assert_eq!(desk.choose(&fields).await.status, 303, "what was refused has not used it up");
    assert_eq!(desk.choose(&fields).await.status, 400, "a second time");
    let transaction = desk.ask(&[]).await.transaction();
    desk.clock.advance_millis(600_000);
    assert_eq!(desk.choose(&[("transaction", &transaction), fields[1]]).await.status, 400, "too late");
    let transaction = desk.ask(&[]).await.transaction();
    let nobody = desk.choose(&[("transaction", &transaction), ("person", "kim.harbour@example.com")]).await;
    assert_eq!(nobody.status, 422, "not one of the list");
}

#[tokio::test]
async fn a_code_is_good_for_who_asked_for_it_once_and_for_a_minute() {
    let desk = Desk::new();
    let grant = ("grant_type", "authorization_code");
    let other_verifier = VERIFIER.replace('a', "b");
    for (verifier, redirect) in
        [(other_verifier.as_str(), APP), (VERIFIER, HERE), (VERIFIER, ""), (VERIFIER, "http://localhost:5173")]
    {
        let code = desk.code().await;
        let fields = [grant, ("code", &code), ("code_verifier", verifier), ("redirect_uri", redirect)];
        desk.token(&fields).await.refused(400, "invalid_grant");
        desk.exchange(&code).await.refused(400, "invalid_grant");
    }
    let code = desk.code().await;
    for verifier in ["", "short", &"x".repeat(129), &" ".repeat(43)] {
        let fields = [grant, ("code", &code), ("code_verifier", verifier), ("redirect_uri", APP)];
        desk.token(&fields).await.refused(400, "invalid_request");
    }
    desk.clock.advance_millis(59_999);
    assert_eq!(desk.exchange(&code).await.status, 200);
    let code = desk.code().await;
    desk.clock.advance_millis(60_000);
    desk.exchange(&code).await.refused(400, "invalid_grant");
    desk.exchange(&"0".repeat(64)).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_or_a_refresh_token_that_comes_twice_ends_the_sign_in() {
    let desk = Desk::new();
    let code = desk.code().await;
    let tokens = desk.exchange(&code).await.json();
    desk.exchange(&code).await.refused(400, "invalid_grant");
    desk.refresh(text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 401);

    let first = desk.tokens().await;
    let second = desk.refresh(text(&first, "refresh_token")).await.json();
    desk.refresh(text(&first, "refresh_token")).await.refused(400, "invalid_grant");
    desk.refresh(text(&second, "refresh_token")).await.refused(400, "invalid_grant");
    assert_eq!(desk.userinfo(text(&second, "access_token")).await.status, 401);
}

#[tokio::test]
async fn token_requests_are_forms_of_the_one_client() {
    let desk = Desk::new();
    let no_client = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    desk.send("POST", "/oidc/token", &[], &no_client).await.refused(401, "invalid_client");
    let with_secret = desk.send("POST", "/oidc/token", &[("authorization", "Basic eDp5")], &no_client).await;
    assert!(with_secret.status == 401 && with_secret.header("www-authenticate").starts_with("Basic"));
    desk.token(&[("grant_type", "password"), ("username", "x"), ("password", "y")])
        .await
        .refused(400, "unsupported_grant_type");
    desk.token(&[]).await.refused(400, "invalid_request");
    desk.token(&[("grant_type", "authorization_code")]).await.refused(400, "invalid_request");
    desk.token(&[("grant_type", "refresh_token")]).await.refused(400, "invalid_request");
    desk.refresh("no token").await.refused(400, "invalid_grant");
    desk.token(&[("grant_type", "refresh_token"), ("grant_type", "password")]).await.refused(400, "invalid_request");
    let json = [("content-type", "application/json")];
    assert_eq!(desk.send("POST", "/oidc/token", &json, &[]).await.status, 400);
    let large = "x".repeat(20_000);
    desk.refresh(&large).await.refused(400, "invalid_request");
    let tokens = desk.tokens().await;
    let more = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", "openid offline_access"),
    ];
    desk.token(&more).await.refused(400, "invalid_scope");
    assert_eq!(desk.refresh(text(&tokens, "refresh_token")).await.status, 200, "it stays good");
}

#[tokio::test]
async fn only_good_access_tokens_say_who_somebody_is() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    let none = desk.get("/oidc/userinfo").await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Bearer"));
    let access = text(&tokens, "access_token");
    let stranger = Desk::new().tokens().await;
    let (start, _) = access.rsplit_once('.').unwrap();
    for bad in
        [text(&tokens, "id_token"), text(&tokens, "refresh_token"), text(&stranger, "access_token"), start, "x", ""]
    {
        let answer = desk.userinfo(bad).await;
        assert_eq!(answer.status, 401, "{bad}");
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{bad}");
    }
    assert_eq!(desk.userinfo(access).await.status, 200);
    for hint in [access, text(&stranger, "id_token"), "x"] {
        assert_eq!(desk.send("GET", "/oidc/logout", &[], &[("id_token_hint", hint)]).await.status, 400);
    }
    assert_eq!(desk.userinfo(access).await.status, 200);
    let unnamed = [("post_logout_redirect_uri", "http://localhost:5173/")];
    assert_eq!(desk.send("GET", "/oidc/logout", &[], &unnamed).await.status, 400);
    let other = [("client_id", "other"), unnamed[0]];
    assert_eq!(desk.send("GET", "/oidc/logout", &[], &other).await.status, 400);
}

#[tokio::test]
async fn a_token_is_of_one_issuer_though_another_has_its_key() {
    let mut desk = Desk::new();
    let tokens = desk.tokens().await;
    desk.issuer = Issuer::new(Some(4001), desk.folder.path(), &desk.issuer.0.state, desk.clock.clone()).unwrap();
    assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 401);
    let hint = [("id_token_hint", text(&tokens, "id_token"))];
    assert_eq!(desk.send("GET", "/oidc/logout", &[], &hint).await.status, 400);
    assert_eq!(desk.refresh(text(&tokens, "refresh_token")).await.status, 200, "nobody was signed out");
}

#[tokio::test]
async fn pages_of_elsewhere_and_other_names_of_the_machine_get_nothing() {
    let desk = Desk::new();
    let paths = [
        ("GET", "/oidc/.well-known/openid-configuration"),
        ("GET", "/oidc/jwks"),
        ("GET", "/oidc/authorize"),
        ("POST", "/oidc/token"),
        ("GET", "/oidc/userinfo"),
        ("POST", "/oidc/revoke"),
        ("GET", "/oidc/logout"),
    ];
    for (method, path) in paths {
        for host in ["evil.example", "evil.example:4000", "192.0.2.1:4000", "localhost.evil.example:4000", ""] {
            assert_eq!(desk.send(method, path, &[("host", host)], &[]).await.status, 403, "{path} {host}");
        }
        if path == "/oidc/authorize" || path == "/oidc/logout" {
            continue;
        }
        for origin in ["http://evil.example", "null", "http://localhost.evil.example:5173"] {
            let answer = desk.send(method, path, &[("origin", origin)], &[]).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, ""), "{path} {origin}");
            let preflight = [("origin", origin), ("access-control-request-method", "POST")];
            let answer = desk.send("OPTIONS", path, &preflight, &[]).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, ""), "{path} {origin}");
        }
        let preflight = [("origin", "http://127.0.0.1:5173"), ("access-control-request-method", "POST")];
        let answer = desk.send("OPTIONS", path, &preflight, &[]).await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, "http://127.0.0.1:5173"),
            "{path}"
        );
        assert_eq!(answer.header("vary"), "origin");
    }
}

#[tokio::test]
async fn hostile_text_stays_text() {
    const HOSTILE: &str = "\"'><script>alert(1)</script>{{content}}\r\nx: y&amp;";
    let desk = Desk::new();
    let names = [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "login_hint",
        "display",
        "max_age",
        "ui_locales",
        "id_token_hint",
        "acr_values",
        HOSTILE,
    ];
    for name in names {
        let answer = desk.ask(&[(name, HOSTILE)]).await;
        assert!([200, 303, 400].contains(&answer.status), "{name}: {}", answer.status);
        assert!(!answer.body.contains("<script") && answer.body.matches("<h1>").count() < 2, "{name}: {}", answer.body);
        if answer.status == 303 {
            assert!(!answer.header("location").contains(['<', '"', '\'', '\r']), "{}", answer.header("location"));
        }
    }
    let redirect = format!("{APP}?a=%22%3E%3Cscript%3E");
    let page = desk.ask(&[("redirect_uri", &redirect), ("state", HOSTILE)]).await;
    let transaction = page.transaction();
    for field in ["name", "email", "person"] {
        let transaction = desk.ask(&[]).await.transaction();
        let answer = desk.choose(&[("transaction", &transaction), (field, HOSTILE)]).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(!answer.body.contains("<script") && !answer.body.contains("\"'>"), "{field}: {}", answer.body);
    }
    let answer = desk
        .choose(&[("transaction", &transaction), ("name", "<b>\"Ada\"</b>"), ("email", "ada@lovelace.example")])
        .await;
    assert_eq!(answer.led_with("state").unwrap(), HOSTILE, "it comes back as it was");
    for name in ["id_token_hint", "post_logout_redirect_uri", "client_id", "state"] {
        let answer = desk.send("GET", "/oidc/logout", &[], &[(name, HOSTILE)]).await;
        assert!(answer.status != 303 && !answer.body.contains("<script"), "{name}: {}", answer.body);
    }
}

#[tokio::test]
async fn pages_run_nothing_and_lead_nowhere_but_to_the_app() {
    let desk = Desk::new();
    let policies = [
        (APP, "form-action 'self' http://localhost:5173;"),
        ("http://[::1]:3000/cb", "form-action 'self' http:;"),
        ("http://evil.example/", "form-action 'none';"),
    ];
    for (redirect, expected) in policies {
        let page = desk.ask(&[("redirect_uri", redirect)]).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains(expected), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe") && !policy.contains("script-src")
        );
        let (_, rest) = page.body.split_once("<style>").unwrap();
        let style = digest(rest.split_once("</style>").unwrap().0).replace('-', "+").replace('_', "/");
        assert!(policy.contains(&format!("'sha256-{style}='")), "{policy}");
        assert_eq!((page.header("x-frame-options"), page.header("referrer-policy")), ("DENY", "same-origin"));
        assert_eq!((page.header("cache-control"), page.header("x-content-type-options")), ("no-store", "nosniff"));
        assert!(page.header("set-cookie").is_empty(), "nobody is remembered");
    }
}
