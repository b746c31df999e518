//! The mailbox's pages: what is in a mail is shown, and can do nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::Request;
use http::header::HOST;
use tower::ServiceExt as _;

use super::*;

const MAIL: &str = "From: Rapport <rapport@x.example>\r\nTo: <script>alert(1)</script> <ada@x.example>\r\n\
    Subject: <b onclick=x>{{content}}</b> =?utf-8?q?=D0=96?=\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello <i>you</i>\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<script>alert(1)</script><img src=https://x.example/pixel>\r\n--b--\r\n";

fn mailbox(mails: &[&str]) -> (tempfile::TempDir, Mailbox) {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::open(&folder.path().join("mailbox.sqlite")).unwrap();
    for raw in mails {
        mailbox.keep(&Incoming { source: "rapport@x.example", to: &["ada@x.example"], raw: raw.as_bytes() }).unwrap();
    }
    (folder, mailbox)
}

async fn get(mailbox: &Mailbox, path: &str, host: &str) -> (u16, HeaderMap, String) {
    let router = mailbox.router(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
    let response = router.oneshot(Request::get(path).header(HOST, host).body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn what_others_have_written_is_text_on_the_pages() {
    let (_folder, mailbox) = mailbox(&[MAIL, "no mail at all"]);
    for path in ["/mailbox", "/mailbox/1", "/mailbox/2"] {
        let (status, headers, page) = get(&mailbox, path, "localhost:4000").await;
        assert_eq!(status, 200);
        assert!(!page.contains("<script") && !page.contains("<b onclick") && !page.contains("<i>"), "{page}");
        assert_eq!(page.matches("<html").count(), 1, "{page}");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        assert_eq!(
            (&headers["x-content-type-options"], &headers[CACHE_CONTROL]),
            (&"nosniff".parse().unwrap(), &"no-store".parse().unwrap())
        );
    }
    let page = get(&mailbox, "/mailbox/1", "localhost:4000").await.2;
    assert!(
        page.contains("&lt;b onclick=x&gt;{{content}}&lt;/b&gt; Ж") && page.contains("Hello &lt;i&gt;you&lt;/i&gt;"),
        "{page}"
    );
    assert!(page.contains("<iframe sandbox=\"\" src=\"/mailbox/1/html\""), "{page}");
}

#[tokio::test]
async fn the_html_of_a_mail_may_do_and_fetch_nothing() {
    let (_folder, mailbox) = mailbox(&[MAIL]);
    let (status, headers, html) = get(&mailbox, "/mailbox/1/html", "127.0.0.1:4000").await;
    assert_eq!(status, 200);
    assert!(html.starts_with("<script>"), "as it is: {html}");
    let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    let rules: Vec<&str> = policy.split("; ").collect();
    assert!(
        rules.contains(&"sandbox") && rules.contains(&"default-src 'none'") && rules.contains(&"img-src data:"),
        "{policy}"
    );
    assert!(!policy.contains("script"), "{policy}");
    let (_, headers, raw) = get(&mailbox, "/mailbox/1/raw", "localhost").await;
    assert_eq!((headers[CONTENT_TYPE].to_str().unwrap(), raw.as_str()), ("text/plain; charset=utf-8", MAIL));
}

#[tokio::test]
async fn the_newest_mail_comes_first_also_for_programs() {
    let (_folder, mailbox) = mailbox(&[MAIL, &MAIL.replace("Hello", "Bye")]);
    let (status, headers, body) = get(&mailbox, "/mailbox.json", "localhost").await;
    let mails: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &headers[CONTENT_TYPE], mails.as_array().unwrap().len()),
        (200, &"application/json".parse().unwrap(), 2)
    );
    assert_eq!(mails[0]["text"], "Bye <i>you</i>");
    assert_eq!(
        (&mails[1]["subject"], &mails[1]["destinations"]),
        (&json!("<b onclick=x>{{content}}</b> Ж"), &json!(["ada@x.example"]))
    );
    let page = get(&mailbox, "/mailbox", "localhost").await.2;
    assert!(page.find("/mailbox/2\"").unwrap() < page.find("/mailbox/1\"").unwrap());
}

#[tokio::test]
async fn it_is_emptied_from_this_machine_and_by_no_page_of_elsewhere() {
    let (_folder, mailbox) = mailbox(&[MAIL]);
    let ask = async |method: &str, host: &str| {
        let router = mailbox.router(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        let request = Request::builder().method(method).uri("/mailbox").header(HOST, host);
        let request =
            request.header("origin", "https://evil.example").header("access-control-request-method", "DELETE");
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let preflight = ask("OPTIONS", "localhost:4000").await;
    assert_eq!(preflight.status(), 405);
    assert!(preflight.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
    assert_eq!(
        (ask("DELETE", "evil.example").await.status(), ask("POST", "localhost").await.status().as_u16()),
        (StatusCode::FORBIDDEN, 405)
    );
    assert_eq!(get(&mailbox, "/mailbox/1", "localhost").await.0, 200);
    assert_eq!(ask("DELETE", "localhost:4000").await.status(), 204);
    assert_eq!(get(&mailbox, "/mailbox.json", "localhost").await.2, "[]");
}

#[tokio::test]
async fn it_is_for_this_machine_by_its_own_names() {
    let (_folder, mailbox) = mailbox(&[MAIL]);
    for path in ["/mailbox", "/mailbox.json", "/mailbox/1", "/mailbox/1/html", "/mailbox/1/raw"] {
        for host in ["evil.example:4000", "localhost.evil.example", ""] {
            let (status, _, body) = get(&mailbox, path, host).await;
            assert!(status == 403 && !body.contains("Hello"), "{path} for {host}: {body}");
        }
    }
    for path in ["/mailbox/2", "/mailbox/x", "/mailbox/-1", "/mailbox/99999999999999999999/html"] {
        assert_eq!(get(&mailbox, path, "localhost").await.0, 404, "{path}");
    }
    assert!(mailbox.router(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).is_none());
    assert!(mailbox.router(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).is_none());
    assert!(mailbox.router(IpAddr::V6(Ipv6Addr::LOCALHOST)).is_some());
}
