//! Plays Lambda's part: starts a function's binary as Lambda does, hands it requests by a Runtime API on the loopback, and
//! takes its answers. Table, queues and files are those of the running embedded stack, over HTTP on the loopback too.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::pinned;
use crate::wire;
use crate::world::Workspace;

/// When an instance is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A request as API Gateway hands it to a function.
const EVENT: &str = include_str!("../../../events/http-list-contacts.json");

/// What happened, and when.
enum Moment {
    /// The function asked for a request.
    Asked(Instant),
    /// It was handed one.
    Handed(Instant),
    /// It has answered, with this.
    Answered(Instant, Value),
}

/// A function's process. Ended when this is dropped.
pub(crate) struct Instance {
    child: Child,
    started: Instant,
    hand_out: Sender<String>,
    told: Receiver<Moment>,
}

/// An answer, and from when to when the function had the request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Instance {
    /// Starts a binary on one core, with nothing on its disk but an empty folder for replicas.
    ///
    /// # Errors
    /// When it is not built.
    pub(crate) fn start(binary: &str, entry: &str, environment: &[(String, String)], disk: &Path) -> Result<Self> {
        std::fs::create_dir_all(disk)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (tell, told) = channel();
        let (hand_out, queue) = channel::<String>();
        let queue = Arc::new(Mutex::new(queue));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let (queue, tell) = (Arc::clone(&queue), tell.clone());
                std::thread::spawn(move || serve(stream, &queue, &tell));
            }
        });
        let (started, child) = pinned::spawn(command(binary, entry, &address, environment, disk)?)?;
        Ok(Self { child, started, hand_out, told })
    }

    /// Milliseconds from the start of the process until it asks for work.
    ///
    /// # Errors
    /// When it ends before, or never asks.
    pub(crate) fn ready(&mut self) -> Result<f64> {
        match self.next()? {
            Moment::Asked(at) => Ok(self.since_start(at)),
            _ => bail!("an answer to nothing"),
        }
    }

    /// Hands out a request and waits for the answer.
    ///
    /// # Errors
    /// When none comes.
    pub(crate) fn answer(&mut self, event: &str) -> Result<Answer> {
        self.hand_out.send(event.to_owned()).ok().context("the instance has gone")?;
        let mut from = None;
        loop {
            match self.next()? {
                Moment::Asked(_) => {}
                Moment::Handed(at) => from = Some(at),
                Moment::Answered(to, value) => {
                    return Ok(Answer { value, from: from.context("an answer to nothing")?, to });
                }
            }
        }
    }

    /// Milliseconds from the start of the process.
    pub(crate) fn since_start(&self, at: Instant) -> f64 {
        at.duration_since(self.started).as_secs_f64() * 1000.0
    }

    /// What it has in memory now, in MB of a million bytes.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        resident_mb(self.child.id())
    }

    fn next(&mut self) -> Result<Moment> {
        let moment = self.told.recv_timeout(PATIENCE);
        moment.or_else(|_| bail!("an instance has not answered; it is {:?}", self.child.try_wait()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has in memory, in MB of a million bytes.
///
/// # Errors
/// When there is no such process.
pub(crate) fn resident_mb(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

fn command(binary: &str, entry: &str, api: &str, environment: &[(String, String)], disk: &Path) -> Result<Command> {
    let mut command = Command::new(crate::built(binary)?);
    command.env_clear();
    let ours = ["RAPPORT_REPLICA_DIR", "RAPPORT_AUTHORIZE"];
    command.envs(environment.iter().filter(|(name, _)| !ours.contains(&name.as_str())).cloned());
    command
        .env("RAPPORT_REPLICA_DIR", disk)
        .env("RAPPORT_LOG", "info")
        .env("MIMALLOC_ALLOW_THP", "0")
        .env("_HANDLER", entry)
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", binary)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", binary)
        .env("AWS_LAMBDA_LOG_STREAM_NAME", binary)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Ok(command)
}

/// A request through the gateway, by the workspace's administrator.
pub(crate) fn http_event(workspace: &Workspace, method: &str, target: &str, body: Option<&Value>) -> Result<String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut event: Value = serde_json::from_str(EVENT)?;
    let memberships = json!([{ "workspace": workspace.id, "user": workspace.user }]);
    let access = json!({ "memberships": memberships });
    event["requestContext"]["authorizer"]["lambda"]["access"] = json!(access.to_string());
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event["rawPath"] = json!(path);
    event["rawQueryString"] = json!(query);
    event["queryStringParameters"] = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if let Some(body) = body {
        let body = body.to_string();
        event["headers"]["content-type"] = json!("application/json");
        event["headers"]["content-length"] = json!(body.len().to_string());
        event["body"] = json!(body);
    }
    Ok(event.to_string())
}

/// The body of an answer of a function behind the gateway.
///
/// # Errors
/// When it is no success.
pub(crate) fn http_body(answer: &Value) -> Result<Value> {
    let is_success = answer["statusCode"].as_u64().is_some_and(|status| (200..300).contains(&status));
    ensure!(is_success, "the instance answered {answer}");
    Ok(serde_json::from_str(answer["body"].as_str().unwrap_or_default())?)
}

/// One connection of the Runtime API: hands requests out, and takes the answers.
fn serve(stream: TcpStream, queue: &Mutex<Receiver<String>>, tell: &Sender<Moment>) {
    let Ok(mut connection) = wire::Connection::new(stream) else { return };
    while let Ok(message) = connection.read() {
        let at = Instant::now();
        let written = if message.head.starts_with("GET") && message.head.contains("/invocation/next") {
            let _ = tell.send(Moment::Asked(at));
            // Lambda does not answer either before there is something to do.
            let Ok(event) = queue.lock().map_or_else(|_| Err(()), |queue| queue.recv().map_err(|_| ())) else { return };
            let _ = tell.send(Moment::Handed(Instant::now()));
            connection.writer().write_all(&handed_out(&event))
        } else {
            let said = if message.head.contains("/response") {
                serde_json::from_slice(&message.body).unwrap_or_default()
            } else {
                json!({ "statusCode": 0, "body": String::from_utf8_lossy(&message.body) })
            };
            let _ = tell.send(Moment::Answered(at, said));
            connection.writer().write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        };
        if written.is_err() {
            return;
        }
    }
}

fn handed_out(event: &str) -> Vec<u8> {
    let deadline = jiff::Timestamp::now().as_millisecond() + 30_000;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:measured\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n\r\n",
        event.len()
    );
    [head.as_bytes(), event.as_bytes()].concat()
}
