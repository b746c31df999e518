//! Files over a real port: brought and got by those who have an address, and never held in memory.

use std::io::Read;

use serde_json::json;
use ureq::SendBody;

use crate::process::{Rapport, eventually};

/// How large a file is that is to show in memory if it is held there.
const LARGE: u64 = 150_000_000;

/// The most memory that a process has had, in bytes.
fn most_memory(rapport: &Rapport) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", rapport.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// Puts so many bytes at an address; the status.
fn put(url: &str, bytes: u64) -> u16 {
    let mut body = std::io::repeat(b'x').take(bytes);
    let request = agent().put(url).header("content-length", bytes.to_string());
    request.send(SendBody::from_reader(&mut body)).unwrap().status().as_u16()
}

#[test]
fn a_large_file_is_brought_at_its_address_and_is_not_held_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path(), &["--seed", "empty"]);
    let body = json!({ "name": "large.csv", "bytes": LARGE });
    let answer = rapport.send("POST", "/v1/uploads", &[], Some(&body)).expect(201);
    let url = answer["url"].as_str().unwrap();
    assert!(url.starts_with(&rapport.base), "{url}");
    let before = most_memory(&rapport);
    assert_eq!(put(url, LARGE), 200);
    let grown = most_memory(&rapport) - before;
    assert!(grown < LARGE / 4, "{grown} bytes more");
    // Small ones: whoever is refused may not be listened to until the end.
    assert_eq!(put(url, 1), 403, "not the size that was said");
    assert_eq!(put(url.split('?').next().unwrap(), 1), 403);
}

#[test]
fn an_export_is_got_at_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path(), &["--seed", "empty"]);
    let made = rapport.send("POST", "/v1/contacts", &[], Some(&json!({ "first_name": "Ada" })));
    let (position, id) = (made.header("rapport-position"), made.expect(201)["id"].as_str().unwrap().to_owned());
    let asked = json!({ "object": "contact", "format": "csv", "fields": ["first_name"] });
    let job = rapport.send("POST", "/v1/exports", &[("rapport-position", &position)], Some(&asked)).expect(202);
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    eventually("the export ends", || {
        let job = rapport.get(&path);
        if job["state"] == "done" { Ok(()) } else { Err(job["state"].to_string()) }
    });
    let listed = rapport.get(&format!("{path}/files"));
    let mut response = agent().get(listed["data"][0]["url"].as_str().unwrap()).call().unwrap();
    let disposition = response.headers()["content-disposition"].clone();
    let text = response.body_mut().read_to_string().unwrap();
    assert_eq!(
        (response.status().as_u16(), disposition.to_str().unwrap()),
        (200, "attachment; filename=\"contacts.csv\"")
    );
    assert_eq!(text, format!("\u{feff}id,first_name\r\n{id},Ada\r\n"), "what was written before is in it");
}
