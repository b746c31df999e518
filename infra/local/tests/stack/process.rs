//! The binary: killed without a warning, started twice, stopped politely.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The binary, running. Killed when dropped.
struct Rapport {
    child: Child,
    base: String,
    key: String,
}

impl Rapport {
    fn start(folder: &Path) -> Self {
        let mut child = command(folder, &["--port", "0", "--aws-port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let line = out.lines().map_while(Result::ok).find(|line| line.contains("API  ")).expect("it starts");
        let base = line.split("http://").nth(1).unwrap().trim_end_matches("/v1").to_owned();
        let key = std::fs::read_to_string(folder.join("api-key")).unwrap().trim().to_owned();
        Self { child, base, key }
    }

    /// A request, or `None` when the connection broke before there was an answer.
    fn send(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(&self.base).ok()?;
        let (host, key, length) = (&self.base, &self.key, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).ok()?))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Rapport {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.arg("--data-dir").arg(folder).args(["--seed", "empty"]).args(arguments);
    command
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = command(folder, arguments).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut rapport = Rapport::start(folder.path());
        // Killed from the side, in the middle of writing.
        let pid = rapport.child.id();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300 + round * 170));
            Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        });
        for number in 0.. {
            let body = json!({ "first_name": "Ada", "last_name": format!("{round}-{number}") }).to_string();
            let Some((status, contact)) = rapport.send("POST", "/v1/contacts", &body) else { break };
            assert_eq!(status, 201, "{contact}");
            acknowledged.push(contact["id"].as_str().unwrap().to_owned());
        }
        killer.join().unwrap();
        let _ = rapport.child.wait();
    }
    assert!(acknowledged.len() > 3, "{} contacts were made in time", acknowledged.len());
    let rapport = Rapport::start(folder.path());
    for id in &acknowledged {
        assert_eq!(rapport.send("GET", &format!("/v1/contacts/{id}"), "").unwrap().0, 200, "{id}");
    }
    // One write at most may have been done without its answer arriving, in each round.
    let start = Instant::now();
    loop {
        let (status, list) = rapport.send("GET", "/v1/contacts?limit=1&count=exact", "").unwrap();
        assert_eq!(status, 200, "{list}");
        let count = usize::try_from(list["count"].as_u64().unwrap()).unwrap();
        if (acknowledged.len()..=acknowledged.len() + 3).contains(&count) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{count} of {} are listed", acknowledged.len());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn messages_say_what_is_taken_and_by_whom() {
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path());
    let message = refused(folder.path(), &["--port", "0", "--aws-port", "0"]);
    assert!(message.contains(&format!("in use by process {}", rapport.child.id())), "{message}");
    assert!(message.contains("--data-dir"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");

    let other = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flag, arguments) in
        [("--port", ["--port", &port, "--aws-port", "0"]), ("--aws-port", ["--port", "0", "--aws-port", &port])]
    {
        let message = refused(other.path(), &arguments);
        assert!(message.contains(&port) && message.contains(&format!("with {flag}")), "{message}");
    }
}

#[test]
fn the_key_is_for_its_owner_only_and_stays_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let first = Rapport::start(folder.path());
    let mode = std::fs::metadata(folder.path().join("api-key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(first.send("GET", "/v1/me", "").unwrap().1["role"], "owner");
    let key = first.key.clone();
    first.signal("-INT");
    drop(first);
    let second = Rapport::start(folder.path());
    assert_eq!(second.key, key);
    assert_eq!(second.send("GET", "/v1/me", "").unwrap().0, 200);
}

#[test]
fn asked_to_stop_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-INT", "-TERM"] {
        let mut rapport = Rapport::start(folder.path());
        let start = Instant::now();
        rapport.signal(signal);
        assert!(rapport.child.wait().unwrap().success());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

/// Sends a mail by the port for AWS clients, as the SDK does.
fn send_mail(folder: &Path, subject: &str) -> String {
    use base64::Engine as _;
    let variables = std::fs::read_to_string(folder.join("aws.env")).unwrap();
    let endpoint = variables.lines().find_map(|line| line.strip_prefix("AWS_ENDPOINT_URL=http://")).unwrap().to_owned();
    let raw = format!("From: a@x.example\r\nTo: b@x.example\r\nSubject: {subject}\r\n\r\nHello\r\n");
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("Action", "SendRawEmail"), ("Source", "a@x.example"), ("Destinations.member.1", "b@x.example")])
        .append_pair("RawMessage.Data", &base64::engine::general_purpose::STANDARD.encode(raw))
        .finish();
    let mut stream = TcpStream::connect(&endpoint).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn mails_survive_kill_9_and_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let mut rapport = Rapport::start(folder.path());
        let answer = send_mail(folder.path(), &format!("Mail {round}"));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<MessageId>"), "{answer}");
        rapport.signal("-9");
        let _ = rapport.child.wait();
    }
    let rapport = Rapport::start(folder.path());
    let (status, mails) = rapport.send("GET", "/mailbox.json", "").unwrap();
    let subjects: Vec<&str> = mails.as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
    assert_eq!((status, subjects.as_slice()), (200, &["Mail 1", "Mail 0"][..]));
    for name in ["mailbox.sqlite", "mailbox.sqlite-wal"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
