//! What works.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{APP, Desk, HERE, digest, text};
use crate::issuer::{Issuer, subject};

/// Header and claims of a token, once its signature is found good with nothing but the published keys.
fn verified(keys: &Value, token: &str) -> [Value; 2] {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims] = [0, 1].map(|at| URL_SAFE_NO_PAD.decode(parts[at]).unwrap());
    let header: Value = serde_json::from_slice(&header).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let mut point = vec![4];
    for name in ["x", "y"] {
        point.extend(URL_SAFE_NO_PAD.decode(text(key, name)).unwrap());
    }
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature).unwrap();
    [header, serde_json::from_slice(&claims).unwrap()]
}

#[tokio::test]
async fn the_metadata_says_where_everything_is() {
    let desk = Desk::new();
    let metadata = desk.get("/oidc/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "http://localhost:4000/oidc");
    assert_eq!(metadata, desk.get("/.well-known/oauth-authorization-server/oidc").await.json());
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix(HERE).unwrap();
            assert_ne!(desk.get(path).await.status, 404, "{name}");
        }
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["request_uri_parameter_supported"], json!(false));
}

#[tokio::test]
async fn a_key_is_named_by_its_thumbprint() {
    let desk = Desk::new();
    let keys = desk.get("/oidc/jwks").await.json();
    assert_eq!(keys.to_string(), desk.issuer.jwks());
    let key = &keys["keys"][0];
    let members: Vec<_> = ["crv", "kty", "x", "y"].map(|name| format!("\"{name}\":{}", key[name])).into();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", members.join(","))));
    assert_eq!(key["kid"], thumbprint);
    assert_eq!(key.get("d"), None, "the private half stays");
}

#[tokio::test]
async fn whoever_is_chosen_comes_back_with_a_code_and_gets_tokens() {
    let desk = Desk::new();
    let page = desk.ask(&[]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("robin.admin@example.com") && !page.body.contains("kim.harbour"), "{}", page.body);
    let chosen = [("transaction", page.transaction()), ("person", "robin.admin@example.com".to_owned())];
    let answer = desk.choose(&chosen.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with(&format!("{APP}?code=")), "{}", answer.header("location"));
    assert_eq!(answer.led_with("state").unwrap(), "a state");
    assert_eq!(answer.led_with("iss").unwrap(), desk.issuer.url());
    let code = answer.led_with("code").unwrap();
    assert_eq!(code.len(), 64, "256 bits");

    let answer = desk.exchange(&code).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:5173");
    let tokens = answer.json();
    assert_eq!((text(&tokens, "token_type"), &tokens["expires_in"]), ("Bearer", &json!(3600)));
    let keys = desk.get("/oidc/jwks").await.json();
    let now = desk.clock.now().as_seconds();
    let [header, access] = verified(&keys, text(&tokens, "access_token"));
    assert_eq!((text(&header, "typ"), text(&header, "alg")), ("at+jwt", "ES256"));
    let [jti, origin] = ["jti", "origin_jti"].map(|name| text(&access, name).to_owned());
    let expected = json!({
        "iss": desk.issuer.url(), "sub": subject("robin.admin@example.com"), "client_id": "rapport", "token_use": "access",
        "scope": "openid profile email", "jti": jti, "origin_jti": origin, "iat": now, "exp": now + 3600, "auth_time": now,
    });
    assert_eq!(access, expected, "and no audience");
    let [header, id] = verified(&keys, text(&tokens, "id_token"));
    assert_eq!(text(&header, "typ"), "JWT");
    let half = &Sha256::digest(text(&tokens, "access_token"))[..16];
    let expected = json!({
        "iss": desk.issuer.url(), "sub": access["sub"], "aud": "rapport", "token_use": "id", "nonce": "a nonce",
        "email": "robin.admin@example.com", "email_verified": true, "name": "Robin Admin", "origin_jti": origin,
        "at_hash": URL_SAFE_NO_PAD.encode(half), "iat": now, "exp": now + 3600, "auth_time": now,
    });
    assert_eq!(id, expected);
}

#[tokio::test]
async fn anybody_else_can_be_typed_in_and_what_is_wrong_is_said_on_the_page() {
    let desk = Desk::new();
    let page = desk.ask(&[("login_hint", "ada@lovelace.example")]).await;
    assert!(page.body.contains("value=\"ada@lovelace.example\""), "{}", page.body);
    let transaction = page.transaction();
    let again = desk.choose(&[("transaction", &transaction), ("name", "Ada"), ("email", "nobody")]).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("not an email address") && again.body.contains("value=\"nobody\""), "{}", again.body);
    let transaction = again.transaction();
    let answer =
        desk.choose(&[("transaction", &transaction), ("name", "Ada"), ("email", "ADA@lovelace.example")]).await;
    let tokens = desk.exchange(&answer.led_with("code").unwrap()).await.json();
    let info = desk.userinfo(text(&tokens, "access_token")).await.json();
    let sub = subject("ada@lovelace.example");
    assert_eq!(info, json!({ "sub": sub, "name": "Ada", "email": "ada@lovelace.example", "email_verified": true }));
}

#[tokio::test]
async fn an_app_may_send_its_request_as_a_form_and_is_told_who_does_not_want_to() {
    let desk = Desk::new();
    let challenge = digest(super::VERIFIER);
    let request = [
        ("response_type", "code"),
        ("client_id", "rapport"),
        ("redirect_uri", "http://[::1]:3000/cb?a=1"),
        ("scope", "openid"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let page = desk.send("POST", "/oidc/authorize", &[("origin", "http://[::1]:3000")], &request).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let answer = desk.choose(&[("transaction", &page.transaction()), ("cancel", "1")]).await;
    let location = answer.header("location").to_owned();
    assert!(location.starts_with("http://[::1]:3000/cb?a=1&error=access_denied&"), "{location}");
    assert_eq!(answer.led_with("state"), None, "none was sent");
}

#[tokio::test]
async fn what_an_app_learns_is_what_it_asked_for() {
    let desk = Desk::new();
    let transaction = desk.ask(&[("scope", "openid unknown offline_access")]).await.transaction();
    let answer = desk.choose(&[("transaction", &transaction), ("person", "robin.admin@example.com")]).await;
    let tokens = desk.exchange(&answer.led_with("code").unwrap()).await.json();
    assert_eq!(text(&tokens, "scope"), "openid offline_access");
    let info = desk.userinfo(text(&tokens, "access_token")).await.json();
    assert_eq!(info, json!({ "sub": subject("robin.admin@example.com") }));
    let [_, id] = verified(&desk.get("/oidc/jwks").await.json(), text(&tokens, "id_token"));
    assert!(id.get("email").is_none() && id.get("name").is_none(), "{id}");
}

#[tokio::test]
async fn a_sign_in_goes_on_by_refreshing_also_after_a_restart() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    desk.clock.advance_millis(3_599_999);
    assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 200);
    desk.clock.advance_millis(1);
    assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 401);
    let keys = desk.get("/oidc/jwks").await.json();
    let desk = desk.again();
    assert_eq!(keys, desk.get("/oidc/jwks").await.json());
    let next = desk.refresh(text(&tokens, "refresh_token")).await.json();
    assert_ne!(text(&next, "refresh_token"), text(&tokens, "refresh_token"));
    let [_, id] = verified(&keys, text(&next, "id_token"));
    assert_eq!(id["iat"].as_i64().unwrap() - id["auth_time"].as_i64().unwrap(), 3600);
    assert_eq!(id.get("nonce"), None);
    assert_eq!(desk.userinfo(text(&next, "access_token")).await.json()["name"], "Ada Lovelace");
    let narrow =
        [("grant_type", "refresh_token"), ("refresh_token", text(&next, "refresh_token")), ("scope", "openid")];
    let narrow = desk.token(&narrow).await.json();
    assert_eq!(text(&narrow, "scope"), "openid");
    assert!(desk.userinfo(text(&narrow, "access_token")).await.json().get("email").is_none());
    let whole = desk.refresh(text(&narrow, "refresh_token")).await.json();
    assert_eq!(text(&whole, "scope"), "openid profile email");
}

#[tokio::test]
async fn whoever_signs_out_has_no_good_tokens_any_more() {
    let desk = Desk::new();
    let tokens = desk.tokens().await;
    let back = [
        ("id_token_hint", text(&tokens, "id_token")),
        ("post_logout_redirect_uri", "http://localhost:5173/bye"),
        ("state", "x y"),
    ];
    // An ID token says whom to sign out for as long as that may be.
    desk.clock.advance_millis(7_200_000);
    let answer = desk.send("GET", "/oidc/logout", &[], &back).await;
    assert_eq!((answer.status, answer.header("location")), (303, "http://localhost:5173/bye?state=x+y"));
    desk.refresh(text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");

    let tokens = desk.tokens().await;
    let answer = desk.send("POST", "/oidc/logout", &[], &[("id_token_hint", text(&tokens, "id_token"))]).await;
    assert!(answer.status == 200 && answer.body.contains("Signed out"), "{}", answer.body);
    assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 401, "signed out");
}

#[tokio::test]
async fn a_token_of_either_sort_can_be_given_back() {
    let desk = Desk::new();
    for sort in ["access_token", "refresh_token"] {
        let tokens = desk.tokens().await;
        let give_back = [("client_id", "rapport"), ("token", text(&tokens, sort)), ("token_type_hint", sort)];
        for _ in 0..2 {
            assert_eq!(desk.send("POST", "/oidc/revoke", &[], &give_back).await.status, 200, "{sort}");
        }
        assert_eq!(desk.userinfo(text(&tokens, "access_token")).await.status, 401, "{sort}");
        desk.refresh(text(&tokens, "refresh_token")).await.refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn tests_sign_in_without_a_page() {
    let desk = Desk::new();
    let tokens = desk.issuer.sign_in("Ada", "ada@lovelace.example").unwrap();
    assert_eq!(desk.userinfo(tokens.access.reveal()).await.json()["email"], "ada@lovelace.example");
    assert_eq!(desk.refresh(tokens.refresh.reveal()).await.status, 200);
    assert_eq!(Issuer::CLIENT_ID, "rapport");
    assert!(!format!("{tokens:?}").contains(tokens.id.reveal()));
}
