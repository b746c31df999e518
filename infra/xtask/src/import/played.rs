//! The API as tests play it: on a port of this machine, for a bounded number of requests, until it is dropped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::stop::Stop;

/// The most requests that are answered: a test that asks for more does not end by itself.
const MAX_REQUESTS: usize = 200;
/// How long one request may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const KEY: &str = "rk_played";
pub(super) const JOB: &str = "job_00000000000000000000000000000001";
pub(super) const UNDO: &str = "job_00000000000000000000000000000002";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection ends before anything is done.
    Dropped,
    /// The connection ends in the middle of the answer.
    Cut,
    /// It is done, and the answer gets lost.
    Unheard,
    /// The server has too much to do.
    Busy,
    /// The server wants something else.
    Refused,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Method and path.
    pub(super) what: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Asked {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is played, and what came.
#[derive(Default)]
pub(super) struct Play {
    /// What goes wrong, request by request of each kind.
    pub(super) troubles: BTreeMap<&'static str, VecDeque<Trouble>>,
    /// The answer to a preview.
    pub(super) preview: Value,
    /// What the job is, look by look; the last one stays.
    pub(super) looks: VecDeque<Value>,
    /// Who wants to stop as soon as the job was looked at.
    pub(super) stops: Option<Stop>,
    pub(super) errors: Vec<Value>,
    /// Files of the job: name, content, and how large it is said to be.
    pub(super) files: Vec<(&'static str, &'static str, usize)>,
    pub(super) asked: Vec<Asked>,
    /// The idempotency keys of what was begun.
    pub(super) begun: BTreeSet<String>,
}

/// A server; dropping it ends it.
pub(super) struct Played {
    address: SocketAddr,
    play: Arc<Mutex<Play>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Played {
    pub(super) fn start(play: Play) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (play, is_over) = (Arc::new(Mutex::new(play)), Arc::new(AtomicBool::new(false)));
        let (ours, ends) = (Arc::clone(&play), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().take(MAX_REQUESTS) {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                // A connection that breaks is the client's to notice.
                let _ = stream.and_then(|stream| answer(stream, address, &ours));
            }
        });
        Self { address, play, is_over, thread: Some(thread) }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap()
    }

    /// The requests that came, of a kind.
    pub(super) fn asked(&self, what: &str) -> Vec<Asked> {
        self.play().asked.iter().filter(|asked| asked.what == what).cloned().collect()
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Whoever waits for a connection has to get one to notice.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, address: SocketAddr, play: &Mutex<Play>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let asked = read(&mut stream)?;
    let mut play = play.lock().unwrap();
    let trouble = play.troubles.get_mut(asked.what.as_str()).and_then(VecDeque::pop_front);
    play.asked.push(asked.clone());
    let (status, body) = match trouble {
        Some(Trouble::Dropped) => return Ok(()),
        Some(Trouble::Busy) => (503, json!({ "detail": "busy" }).to_string()),
        Some(Trouble::Refused) => (409, json!({ "detail": "not in this state" }).to_string()),
        Some(Trouble::Unheard) => {
            answered(&mut play, &asked, address);
            return Ok(());
        }
        Some(Trouble::Cut) | None => answered(&mut play, &asked, address),
    };
    let length = body.len();
    let body = body.get(..if trouble == Some(Trouble::Cut) { length / 2 } else { length }).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    stream.flush()
}

fn read(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let what = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked { what, headers, body })
}

fn answered(play: &mut Play, asked: &Asked, address: SocketAddr) -> (u16, String) {
    let is_open = asked.what.contains(" /put/") || asked.what.contains(" /get/");
    let has_key = asked.headers.get("authorization") == Some(&format!("Bearer {KEY}"));
    if is_open == has_key {
        return (401, json!({ "detail": "the key belongs to the API and to nobody else" }).to_string());
    }
    let begin = |play: &mut Play, id: &str| {
        play.begun.insert(asked.headers["idempotency-key"].clone());
        (202, json!({ "id": id, "state": "waiting" }))
    };
    let (status, body) = match asked.what.split_once(' ').unwrap() {
        ("POST", "/v1/uploads") => {
            let id = format!("upl_{}", play.asked.iter().filter(|other| other.what == asked.what).count());
            let headers = json!({ "content-length": asked.json()["bytes"].to_string() });
            let url = format!("http://{address}/put/{id}");
            (201, json!({ "id": id, "url": url, "method": "PUT", "headers": headers }))
        }
        ("PUT", _) => (200, json!({})),
        ("POST", "/v1/imports/preview") => (200, play.preview.clone()),
        ("POST", "/v1/imports") => begin(play, JOB),
        ("POST", path) if path == format!("/v1/jobs/{JOB}/undo") => begin(play, UNDO),
        ("POST", path) if path == format!("/v1/jobs/{JOB}/cancel") => {
            let mut last = play.looks.back().unwrap().clone();
            last["state"] = json!("cancelled");
            play.looks = VecDeque::from([last]);
            (200, json!({}))
        }
        ("GET", path) if path.ends_with("/errors") => (200, json!({ "data": play.errors })),
        ("GET", path) if path.ends_with("/files") => {
            let file = |(name, _, bytes): &(&str, &str, usize)| json!({ "name": name, "bytes": bytes, "url": format!("http://{address}/get/{name}") });
            (200, json!({ "data": play.files.iter().map(file).collect::<Vec<_>>() }))
        }
        ("GET", path) if path.starts_with("/v1/jobs/") => {
            play.stops.iter().for_each(Stop::ask);
            let look = if play.looks.len() > 1 { play.looks.pop_front() } else { play.looks.front().cloned() };
            (200, look.unwrap())
        }
        ("GET", path) => {
            let file = play.files.iter().find(|(name, ..)| path == format!("/get/{name}"));
            return file.map_or((404, String::new()), |(_, content, _)| (200, (*content).to_owned()));
        }
        _ => (404, json!({ "detail": "there is no such route" })),
    };
    (status, body.to_string())
}
