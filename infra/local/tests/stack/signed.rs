//! Addresses of files: what was signed can be done, and nothing else.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use local::{BUCKET, Config, Stack};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use crate::functions::{Seen, stack};

const KEY: &str = "uploads/a/b.csv";

struct Desk {
    stack: Stack,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(&Config::quiet(folder.path()), &Seen::default()).await;
        Self { stack, folder }
    }

    fn secret(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("files-secret")).unwrap().trim().to_owned()
    }

    /// Who signs what: with the stack's own secret, or with another.
    fn client(&self, secret: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", secret, None, None, "tests"))
            .endpoint_url("http://localhost")
            .force_path_style(true)
            .http_client(self.stack.parts().http.clone())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    async fn get_url(&self, key: &str, config: PresigningConfig) -> String {
        let request = self.client(&self.secret()).get_object().bucket(BUCKET).key(key);
        request.presigned(config).await.unwrap().uri().to_owned()
    }

    async fn put_url(&self, key: &str, bytes: i64) -> String {
        let request = self.client(&self.secret()).put_object().bucket(BUCKET).key(key).content_length(bytes);
        request.presigned(soon()).await.unwrap().uri().to_owned()
    }

    async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, HeaderMap, String) {
        let path = url.strip_prefix("http://localhost").unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost");
        }
        if method == "PUT" {
            request = request.header("content-length", body.len());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.stack.router().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn status(&self, method: &str, url: &str, body: &str) -> u16 {
        self.send(method, url, &[], body).await.0
    }
}

fn soon() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

/// Signed so many seconds ago, for a minute.
fn signed_ago(seconds: u64) -> PresigningConfig {
    let start = SystemTime::now() - Duration::from_secs(seconds);
    PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(60)).build().unwrap()
}

#[tokio::test]
async fn what_is_put_at_one_address_is_got_at_another() {
    let desk = Desk::new().await;
    assert_eq!(desk.status("PUT", &desk.put_url(KEY, 5).await, "a;b\n1").await, 200);
    let url = desk.get_url(KEY, soon()).await;
    let (status, headers, body) = desk.send("GET", &url, &[], "").await;
    assert_eq!((status, body.as_str(), &headers["content-length"]), (200, "a;b\n1", &"5".parse().unwrap()));
    let (status, headers, body) = desk.send("GET", &url, &[("range", "bytes=2-")], "").await;
    assert_eq!((status, body.as_str(), &headers["content-range"]), (206, "b\n1", &"bytes 2-4/5".parse().unwrap()));
    assert_eq!(desk.status("GET", &desk.get_url("uploads/nothing", soon()).await, "").await, 404);
}

#[tokio::test]
async fn downloads_have_their_name_and_are_nothing_that_a_browser_runs() {
    let desk = Desk::new().await;
    let clients = cloud::Clients::in_process_with(desk.stack.parts().http.clone(), &desk.secret());
    let files = cloud::Files::new(&clients, BUCKET).known_at(&clients, "http://localhost");
    files.put("results/1.csv", "id\n".into()).await.unwrap();
    let url = files.presigned_get("results/1.csv", "my \"contacts\".csv", Duration::from_secs(60)).await.unwrap();
    let (status, headers, _) = desk.send("GET", &url, &[], "").await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"my__contacts_.csv\"");
    let put = files.presigned_put(KEY, 3, Duration::from_secs(60)).await.unwrap();
    assert_eq!(desk.status("PUT", &put, "abc").await, 200);
    assert_eq!(files.size(KEY).await.unwrap(), Some(3));
}

#[tokio::test]
async fn an_address_ends_after_its_time() {
    let desk = Desk::new().await;
    assert_eq!(desk.status("PUT", &desk.put_url(KEY, 1).await, "x").await, 200);
    assert_eq!(desk.status("GET", &desk.get_url(KEY, signed_ago(50)).await, "").await, 200);
    assert_eq!(desk.status("GET", &desk.get_url(KEY, signed_ago(62)).await, "").await, 403);
}

#[tokio::test]
async fn an_address_is_good_for_one_method_one_file_one_host_and_one_size() {
    let desk = Desk::new().await;
    let (get, put) = (desk.get_url(KEY, soon()).await, desk.put_url(KEY, 1).await);
    assert_eq!(desk.status("PUT", &put, "x").await, 200);
    for (method, url) in
        [("GET", &put), ("HEAD", &put), ("PUT", &get), ("HEAD", &get), ("POST", &put), ("DELETE", &get)]
    {
        assert_eq!(desk.status(method, url, "x").await, 403, "{method}");
    }
    assert_eq!(desk.status("PUT", &put, "xy").await, 403, "more than was said");
    let other = |url: &str| url.replace("b.csv", "c.csv");
    assert_eq!(desk.status("GET", &other(&get), "").await, 403);
    assert_eq!(desk.status("PUT", &other(&put), "x").await, 403);
    assert_eq!(desk.send("GET", &get, &[("host", "evil.example")], "").await.0, 403);
    assert_eq!(desk.send("GET", &get, &[], "").await.2, "x", "nothing of this has changed it");
}

#[tokio::test]
async fn nothing_that_is_not_signed_with_the_secret_is_good() {
    let desk = Desk::new().await;
    let url = desk.get_url(KEY, soon()).await;
    assert_eq!(desk.status("PUT", &desk.put_url(KEY, 1).await, "x").await, 200);
    let bare = url.split('?').next().unwrap();
    let forged = desk.client("local").get_object().bucket(BUCKET).key(KEY).presigned(soon()).await.unwrap();
    let longer = url.replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    let more = format!("{url}&response-content-type=text/html");
    let broken = url.replace("X-Amz-Date=2", "X-Amz-Date=x");
    let cut = &url[..url.len() - 1];
    let listed = "http://localhost/rapport/?list-type=2";
    for url in [bare, forged.uri(), &longer, &more, &broken, cut] {
        let (status, _, body) = desk.send("GET", url, &[], "").await;
        assert_eq!((status, body.contains("<Error>")), (403, false), "{url}");
    }
    assert_ne!(desk.status("GET", listed, "").await, 200);
    let by_header = [("authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/s3/aws4_request")];
    assert_eq!(desk.send("GET", &url, &by_header, "").await.0, 403);
    assert_eq!(desk.status("GET", &url, "").await, 200);
}

#[tokio::test]
async fn putting_a_file_does_not_copy_another_one() {
    let desk = Desk::new().await;
    let theirs = "results/theirs";
    assert_eq!(desk.status("PUT", &desk.put_url(theirs, 6).await, "secret").await, 200);
    let source = format!("/{BUCKET}/{theirs}");
    let put = desk.put_url(KEY, 1).await;
    for header in ["x-amz-copy-source", "x-amz-tagging", "x-amz-acl", "x-amz-storage-class"] {
        assert_eq!(desk.send("PUT", &put, &[(header, &source)], "x").await.0, 403, "{header}");
    }
    assert_eq!(desk.status("GET", &desk.get_url(KEY, soon()).await, "").await, 404);
}

#[tokio::test]
async fn browsers_of_other_origins_are_told_that_they_may() {
    let desk = Desk::new().await;
    let url = desk.put_url(KEY, 1).await;
    let asks = [("origin", "https://crm.example"), ("access-control-request-method", "PUT")];
    let (status, headers, _) = desk.send("OPTIONS", &url, &asks, "").await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (204, &"*".parse().unwrap()));
    assert_eq!(headers["access-control-allow-methods"], "GET,HEAD,PUT");
    let (status, headers, _) = desk.send("PUT", &url, &asks[..1], "x").await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (200, &"*".parse().unwrap()));
    let (status, headers, _) = desk.send("PUT", &url, &asks[..1], "xy").await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (403, &"*".parse().unwrap()));
}

#[tokio::test]
async fn files_written_in_parts_survive_those_who_write_them() {
    let desk = Desk::new().await;
    let clients = cloud::Clients::in_process(desk.stack.parts().http.clone());
    let files = cloud::Files::new(&clients, BUCKET);
    let part = |letter: u8| bytes::Bytes::from(vec![letter; cloud::PART_BYTES]);
    let mut parts = files.begin_parts(KEY, "text/csv").await.unwrap();
    files.put_part(KEY, &mut parts, part(b'a')).await.unwrap();
    // Whoever wrote this was killed before it could note it: the next one begins where the place was.
    let mut forgotten = parts.clone();
    files.put_part(KEY, &mut forgotten, part(b'x')).await.unwrap();
    let text = serde_json::to_string(&parts).unwrap();
    let mut parts: cloud::Parts = serde_json::from_str(&text).unwrap();
    files.put_part(KEY, &mut parts, part(b'b')).await.unwrap();
    files.put_part(KEY, &mut parts, "end".into()).await.unwrap();
    assert_eq!((files.size(KEY).await.unwrap(), parts.count()), (None, 3));
    files.finish_parts(KEY, &parts).await.unwrap();
    files.finish_parts(KEY, &parts).await.unwrap();
    let bytes = cloud::PART_BYTES as u64;
    assert_eq!(files.size(KEY).await.unwrap(), Some(2 * bytes + 3));
    let mut reading = files.open_at(KEY, 2 * bytes - 1).await.unwrap().unwrap();
    let mut read = Vec::new();
    while let Some(piece) = reading.next().await.unwrap() {
        read.extend_from_slice(&piece);
    }
    assert_eq!(read, b"bend");
    for beyond in [2 * bytes + 3, 1 << 40] {
        assert_eq!(files.open_at(KEY, beyond).await.unwrap().unwrap().next().await.unwrap(), None);
    }
    assert!(files.open_at("nothing", 1).await.unwrap().is_none());

    let mut parts = files.begin_parts("other", "text/csv").await.unwrap();
    files.put_part("other", &mut parts, "x".into()).await.unwrap();
    files.drop_parts("other", &parts).await.unwrap();
    files.drop_parts("other", &parts).await.unwrap();
    let gone = files.put_part("other", &mut parts.clone(), "x".into()).await.unwrap_err();
    assert_eq!(gone.code(), "not_found");
    assert_eq!(files.finish_parts("other", &parts).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn a_file_of_this_machine_is_put_whole_and_refused_where_its_digest_is_another() {
    let desk = Desk::new().await;
    let clients = cloud::Clients::in_process(desk.stack.parts().http.clone());
    let files = cloud::Files::new(&clients, BUCKET);
    let path = desk.folder.path().join("large");
    // More than is read at once, and not a round number of times.
    let bytes: Vec<u8> = (0..1_000_001_u32).map(|number| number.to_le_bytes()[0]).collect();
    std::fs::write(&path, &bytes).unwrap();
    let sha256 = Sha256::digest(&bytes).into();
    files.put_file(KEY, &path, &sha256).await.unwrap();
    assert!(files.get(KEY).await.unwrap().unwrap() == bytes);
    std::fs::write(&path, &bytes[1..]).unwrap();
    files.put_file("other", &path, &sha256).await.unwrap_err();
}
