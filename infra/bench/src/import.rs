//! The part `import`: 100,000 contacts out of a file, as fast as they come, and with a server that is killed on the way.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use report::Report;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::http::Caller;
use crate::line::Line;
use crate::packed;
use crate::plan::Plan;
use crate::say;
use crate::server::Server;

/// How long 100,000 rows may take, in seconds.
const WANTED_SECONDS: f64 = 360.0;
/// What the whole process may take of memory on the way, in megabytes.
const WANTED_MB: f64 = 250.0;
/// How often the server is killed.
const KILLS: u64 = 5;
/// When an import is given up.
const PATIENCE: Duration = Duration::from_secs(3600);
/// When what follows from one is given up: lists that show it, and the snapshot.
const FOLLOWS: Duration = Duration::from_secs(600);
/// Between two looks at whether the process rests, how many in a row have to say so, and what it may compute in between, in
/// milliseconds.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: usize = 10;
const RESTING_MS: f64 = 100.0;

/// What came of an import.
struct Seen {
    seconds: f64,
    /// The most that the process took.
    peak_mb: f64,
    job: Value,
}

/// Measures an import, the same file once more, and one whose server is killed.
///
/// # Errors
/// When rows are doubled, lost or refused.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Import");
    let rows = plan.sizes.contacts;
    let file = contacts(0..rows, "Engineer", plan.seed)?;
    report.fact(format!(
        "A file of {rows} contacts as HubSpot exports them ({:.1} MB): external id, names, email, phone, city, job title, lifecycle stage; \
         looked at, mapped as it was guessed, and brought in by the running `rapport` binary through the API. Peak memory is that of the \
         whole process, with what follows from an import in it: after each one a list is asked for that counts all rows, and it is \
         read (VmHWM) when that is answered, a snapshot of the workspace is made and the process rests. API, engine, bucket, workers, \
         the replica that lists are answered from and the one that the snapshot is packed from are all in it.",
        file.len() as f64 / 1e6
    ));
    let data = folder.join("data");
    let server = Server::start(&data)?;
    let body = uploaded(&caller(&server, &data)?, &file)?;
    let first = imported(&server, &data, &body, rows)?;
    check(&first.job, [rows, rows, rows])?;
    say(&format!("{rows} rows in {:.0} s, {:.0} MB", first.seconds, first.peak_mb));
    let again = imported(&server, &data, &body, rows)?;
    check(&again.job, [rows, 0, 0])?;
    say(&format!("the same file again in {:.0} s, {:.0} MB", again.seconds, again.peak_mb));
    server.stop()?;
    let killed = with_kills(folder, &file, rows)?;
    say(&format!("killed {KILLS} times: {:.0} s, {:.0} MB", killed.seconds, killed.peak_mb));
    let rate = |seen: &Seen| format!("{:.0}", rows as f64 / seen.seconds);
    let wanted = WANTED_SECONDS * rows as f64 / 100_000.0;
    let measured = format!("{:.0} s, {} rows a second", first.seconds, rate(&first));
    report.target("a new record for each row", &format!("within {wanted:.0} s"), measured, first.seconds <= wanted);
    let peak = [&first, &again, &killed].map(|seen| seen.peak_mb).into_iter().fold(0.0, f64::max);
    report.target(
        "memory of the whole process, the most of all three imports, with lists and snapshot",
        &format!("under {WANTED_MB:.0} MB"),
        format!("{peak:.0} MB"),
        peak < WANTED_MB,
    );
    let same = format!("{rows} records, each at version 1, and the counts of an import that nobody disturbs");
    report.target(&format!("killed {KILLS} times on the way"), "the same result", same, true);
    let line = |name: &str, seen: &Seen| {
        vec![name.to_owned(), format!("{:.0} s", seen.seconds), rate(seen), format!("{:.0} MB", seen.peak_mb)]
    };
    let text = "From the request that starts the import to the job's end. Killed: `kill -9` of the server, which is started again at once; the \
                time has those starts in it, and that a message whose worker is gone comes again after its time-out.";
    report.part(
        "Rows",
        text,
        &["import", "took", "rows a second", "peak memory"],
        vec![line("new records", &first), line("nothing changes", &again), line("killed", &killed)],
    );
    Ok(report)
}

/// A file of contacts with these numbers and one job title, as `HubSpot` exports them.
///
/// # Errors
/// None that is met: it is written into memory.
pub(crate) fn contacts(numbers: Range<usize>, title: &str, seed: u64) -> Result<Vec<u8>> {
    let mut dice = Dice::new(seed);
    let mut text = "Record ID,First Name,Last Name,Email,Phone Number,City,Job Title,Lifecycle Stage\n".to_owned();
    let (first, city) = (["Ada", "Grace", "Alan", "Edsger", "Barbara"], ["Berlin", "London", "Paris", "Oslo"]);
    for number in numbers {
        let (first, city) = (dice.pick(&first), dice.pick(&city));
        writeln!(
            text,
            "{number},{first},Person {number},p{number}@example.com,+4930{},{city},{title},Lead",
            1_000_000 + number
        )?;
    }
    Ok(text.into_bytes())
}

fn caller(server: &Server, data: &Path) -> Result<Caller> {
    Ok(Caller::new(&server.base, &secret(data)?))
}

fn secret(data: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(data.join("api-key")).context("api-key")?.trim().to_owned())
}

/// Uploads a file and answers the import as it is guessed.
///
/// # Errors
/// When it is refused.
pub(crate) fn uploaded(caller: &Caller, file: &[u8]) -> Result<Value> {
    let upload = caller.post("/v1/uploads", &json!({ "name": "contacts.csv", "bytes": file.len() }))?.body;
    let mut put = ureq::put(upload["url"].as_str().context("no address")?);
    for (name, value) in upload["headers"].as_object().into_iter().flatten() {
        put = put.header(name, value.as_str().unwrap_or_default());
    }
    put.send(file).context("the file was not taken")?;
    let asked = json!({ "files": [{ "upload": upload["id"], "name": "contacts.csv" }] });
    Ok(caller.post("/v1/imports/preview", &asked)?.body["import"].take())
}

fn imported(server: &Server, data: &Path, body: &Value, rows: usize) -> Result<Seen> {
    let caller = caller(server, data)?;
    let begun = Instant::now();
    let job = caller.post("/v1/imports", body)?.body;
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no job")?);
    while begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        let job = caller.get(&path)?.body;
        if !is_at_work(&job) {
            let seconds = begun.elapsed().as_secs_f64();
            return Ok(Seen { seconds, peak_mb: with_what_follows(server, data, rows)?, job });
        }
    }
    bail!("the import has not ended")
}

fn is_at_work(job: &Value) -> bool {
    ["waiting", "running"].iter().any(|state| job["state"] == *state)
}

/// The same with a server that is killed each time that another sixth of the rows is done.
fn with_kills(folder: &Path, file: &[u8], rows: usize) -> Result<Seen> {
    let data = folder.join("killed");
    let mut server = Server::start(&data)?;
    let body = uploaded(&caller(&server, &data)?, file)?;
    let begun = Instant::now();
    let job = caller(&server, &data)?.post("/v1/imports", &body)?.body;
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no job")?);
    let (mut kills, mut peak) = (0, 0.0_f64);
    while begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(100));
        let job = caller(&server, &data)?.get(&path)?.body;
        peak = peak.max(peak_mb(server.process())?);
        let done = job["counts"]["done"].as_u64().unwrap_or(0);
        if kills < KILLS && done > rows as u64 * (kills + 1) / (KILLS + 1) {
            // Dropping it is `kill -9`.
            drop(server);
            kills += 1;
            say(&format!("killed at {done} rows"));
            server = Server::start(&data)?;
        } else if !is_at_work(&job) {
            let seconds = begun.elapsed().as_secs_f64();
            ensure!(kills == KILLS, "the import ended after {kills} kills");
            check(&job, [rows, rows, rows])?;
            peak = peak.max(with_what_follows(&server, &data, rows)?);
            server.stop()?;
            return Ok(Seen { seconds, peak_mb: peak, job });
        }
    }
    bail!("the import that is killed has not ended")
}

/// Done, changed and created.
fn check(job: &Value, wanted: [usize; 3]) -> Result<()> {
    let counts = ["done", "changed", "created"].map(|name| job["counts"][name].as_u64().unwrap_or(0) as usize);
    ensure!(job["state"] == "done" && counts == wanted, "the import came to {job:#}");
    Ok(())
}

/// Waits for what follows from an import, and answers the most memory that the process had until then.
fn with_what_follows(server: &Server, data: &Path, rows: usize) -> Result<f64> {
    check_records(server, data, rows)?;
    rest(server, data)?;
    peak_mb(server.process())
}

/// Every record is there once and was written once.
fn check_records(server: &Server, data: &Path, rows: usize) -> Result<()> {
    let mut line = Line::to(&server.base, &secret(data)?)?;
    for (query, wanted) in [("", rows), ("&version.gt=1", 0)] {
        let begun = Instant::now();
        loop {
            let reply = line.ask("GET", &format!("/v1/contacts?limit=1&count=exact{query}"), "")?;
            // Nobody has a replica of so much yet: lists are answered as soon as the worker has made a snapshot.
            let is_late = reply.status >= 500;
            let answer = reply.json()?;
            ensure!(is_late || reply.status == 200, "a list is answered {}: {answer}", reply.status);
            if !is_late && answer["count"].as_u64() == Some(wanted as u64) {
                break;
            }
            ensure!(begun.elapsed() < FOLLOWS, "not {wanted} records{query}, but {answer}");
            std::thread::sleep(LOOK);
        }
    }
    Ok(())
}

/// Waits until there is a snapshot and the process computes next to nothing: whatever the import has set off is over.
fn rest(server: &Server, data: &Path) -> Result<()> {
    let bucket = packed::bucket(data);
    let (begun, mut looks, mut before) = (Instant::now(), 0, server.computed_ms()?);
    while looks < LOOKS {
        ensure!(begun.elapsed() < FOLLOWS, "no snapshot was made, or the process does not rest");
        std::thread::sleep(LOOK);
        let computed = server.computed_ms()?;
        let rests = computed - before < RESTING_MS && !packed::replicas(&bucket)?.is_empty();
        (looks, before) = (if rests { looks + 1 } else { 0 }, computed);
    }
    Ok(())
}

/// The most memory that a process had so far, in megabytes.
fn peak_mb(process: u32) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).context("only Linux says what a process takes")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
