//! Cold starts: the function `views` as Lambda starts it, on one core, with nothing on its disk, until it has answered.
//!
//! This plays Lambda's part: a Runtime API on the loopback, which hands one request out and takes one answer. Table and S3
//! are those of the running embedded stack, over HTTP on the loopback too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::Plan;
use crate::report::{Report, ms};
use crate::server::Server;
use crate::stats::Millis;
use crate::world::{Workspace, World};

/// How long it may take until the first list is answered, at the median.
const WANTED_MS: f64 = 600.0;
/// When an instance is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A request as API Gateway hands it to a function.
const EVENT: &str = include_str!("../../../events/http-list-contacts.json");

/// What happened, and when.
enum Moment {
    /// The function asked for its first request.
    Ready(Instant),
    /// It has answered, with this.
    Answered(Instant, Value),
}

/// Starts instances one after the other.
///
/// # Errors
/// When one does not answer, or answers with something else than fifty records.
pub(crate) fn measure(plan: &Plan, world: &World, server: &Server, folder: &Path, report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut of_large = Millis::default();
    for (name, workspace) in [("small", &world.small), ("large", &world.large)] {
        let (mut ready, mut answered) = (Millis::default(), Millis::default());
        for number in 0..plan.starts {
            let disk = folder.join(format!("cold-{name}-{number}"));
            let (until_ready, until_answered) = start(workspace, server, &disk)?;
            ready.add(until_ready);
            answered.add(until_answered);
            std::fs::remove_dir_all(&disk)?;
        }
        let figures = [ready.median(), answered.median(), answered.percentile(95), answered.max()].map(ms);
        rows.push([vec![name.to_owned(), plan.starts.to_string()], figures.into()].concat());
        of_large = answered;
    }
    let measured = format!("median {}, slowest {}", ms(of_large.median()), ms(of_large.max()));
    let what =
        "from the start of a process with an empty disk to the answer of its first list, large workspace, one core";
    report.target(what, "within 600 ms", measured, of_large.median() < WANTED_MS);
    let text = "The binary `views` as it is deployed, started by `taskset -c 0` with an empty folder for replicas and told of one request \
                by a Runtime API on the loopback: a list of the 50 newest contacts. Table and S3 are the running `rapport` binary, \
                over HTTP on the loopback, free to use every core. The binary itself is in the page cache; on Lambda fetching it \
                comes before the process starts.";
    let columns = ["workspace", "starts", "asks for work, median", "answered, median", "95 of 100", "slowest"];
    report.part("Cold starts", text, &columns, rows);
    Ok(())
}

/// One instance: milliseconds until it asked for work and until it had answered.
fn start(workspace: &Workspace, server: &Server, disk: &Path) -> Result<(f64, f64)> {
    std::fs::create_dir_all(disk)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (tell, told) = channel();
    let event = event(workspace)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            let (event, tell) = (event.clone(), tell.clone());
            std::thread::spawn(move || serve(stream, &event, &tell));
        }
    });
    let started = Instant::now();
    let mut child = Instance(spawn(server, &address, disk)?);
    let moments = listen(&told, &mut child.0);
    let (ready, answered, answer) = moments?;
    ensure!(answer["statusCode"] == 200, "the instance answered {answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
    let records = body["data"].as_array().map_or(0, Vec::len);
    ensure!(records == 50.min(workspace.sizes.contacts), "the instance answered {records} records");
    let millis = |moment: Instant| moment.duration_since(started).as_secs_f64() * 1000.0;
    Ok((millis(ready), millis(answered)))
}

/// An instance that is ended whatever happens.
struct Instance(Child);

impl Drop for Instance {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(server: &Server, address: &str, disk: &Path) -> Result<Child> {
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(crate::built("views")?).env_clear();
    let theirs = ["RAPPORT_REPLICA_DIR", "RAPPORT_AUTHORIZE"];
    command.envs(server.environment.iter().filter(|(name, _)| !theirs.contains(&name.as_str())).cloned());
    command
        .env("RAPPORT_REPLICA_DIR", disk)
        .env("RAPPORT_LOG", "error")
        .env("_HANDLER", "http")
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "views")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "views")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "views")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("taskset, of util-linux, is needed to give an instance one core")
}

fn listen(told: &Receiver<Moment>, child: &mut Child) -> Result<(Instant, Instant, Value)> {
    let mut ready = None;
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(Moment::Ready(at)) => ready = ready.or(Some(at)),
            Ok(Moment::Answered(at, answer)) => return Ok((ready.context("an answer to nothing")?, at, answer)),
            Err(_) => bail!("an instance has not answered; it is {:?}", child.try_wait()),
        }
    }
}

/// The list of the newest contacts, asked for by the workspace's administrator.
fn event(workspace: &Workspace) -> Result<String> {
    let mut event: Value = serde_json::from_str(EVENT)?;
    let memberships = json!([{ "workspace": workspace.id, "role": "admin" }]);
    let access = json!({ "user": workspace.user, "memberships": memberships });
    event["requestContext"]["authorizer"]["lambda"]["access"] = json!(access.to_string());
    event["rawQueryString"] = json!("limit=50");
    event["queryStringParameters"] = json!({ "limit": "50" });
    Ok(event.to_string())
}

/// One connection of the Runtime API: hands the request out, once, and takes the answer.
fn serve(stream: TcpStream, event: &str, tell: &Sender<Moment>) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    let mut handed_out = false;
    while let Ok((line, body)) = read(&mut reader) {
        let at = Instant::now();
        let written = if line.starts_with("GET") && line.contains("/invocation/next") {
            if handed_out {
                // There is nothing more to do, and Lambda would not answer either.
                std::thread::sleep(PATIENCE);
                return;
            }
            handed_out = true;
            let _ = tell.send(Moment::Ready(at));
            hand_out(&mut writer, event)
        } else {
            if line.contains("/response") {
                let _ = tell.send(Moment::Answered(at, serde_json::from_slice(&body).unwrap_or_default()));
            } else {
                let said = String::from_utf8_lossy(&body).into_owned();
                let _ = tell.send(Moment::Answered(at, json!({ "statusCode": 0, "body": said })));
            }
            handed_out = true;
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        };
        if written.is_err() {
            return;
        }
    }
}

fn hand_out(writer: &mut TcpStream, event: &str) -> std::io::Result<()> {
    let deadline = jiff::Timestamp::now().as_millisecond() + 30_000;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:views\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n\r\n",
        event.len()
    );
    writer.write_all(&[head.as_bytes(), event.as_bytes()].concat())
}

/// A request of the function's: its first line, and its body.
fn read(reader: &mut BufReader<TcpStream>) -> Result<(String, Vec<u8>)> {
    let mut first = String::new();
    ensure!(reader.read_line(&mut first)? > 0, "the connection is closed");
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if !chunked {
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        return Ok((first, body));
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16)?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return Ok((first, body));
        }
    }
}
