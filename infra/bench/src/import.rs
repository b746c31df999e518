//! The part `import`: 100,000 contacts out of a file, as fast as they come, and with a server that is killed on the way.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use report::Report;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::http::Caller;
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
    let file = contacts(rows, plan.seed)?;
    report.fact(format!(
        "A file of {rows} contacts as HubSpot exports them ({:.1} MB): external id, names, email, phone, city, job title, lifecycle stage; \
         looked at, mapped as it was guessed, and brought in by the running `rapport` binary through the API. Peak memory is that of the \
         whole process: API, engine, bucket, workers and replicas.",
        file.len() as f64 / 1e6
    ));
    let data = folder.join("data");
    let server = Server::start(&data)?;
    let body = uploaded(&server, &data, &file)?;
    let first = imported(&server, &data, &body)?;
    check(&first.job, [rows, rows, rows])?;
    say(&format!("{rows} rows in {:.0} s, {:.0} MB", first.seconds, first.peak_mb));
    let again = imported(&server, &data, &body)?;
    check(&again.job, [rows, 0, 0])?;
    say(&format!("the same file again in {:.0} s", again.seconds));
    server.stop()?;
    let killed = with_kills(folder, &file, rows)?;
    say(&format!("killed {KILLS} times: {:.0} s", killed.seconds));
    let rate = |seen: &Seen| format!("{:.0}", rows as f64 / seen.seconds);
    let wanted = WANTED_SECONDS * rows as f64 / 100_000.0;
    let measured = format!("{:.0} s, {} rows a second", first.seconds, rate(&first));
    report.target("a new record for each row", &format!("within {wanted:.0} s"), measured, first.seconds <= wanted);
    let peak = first.peak_mb.max(again.peak_mb);
    report.target(
        "memory of the whole process",
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

/// The file.
fn contacts(rows: usize, seed: u64) -> Result<Vec<u8>> {
    let mut dice = Dice::new(seed);
    let mut text = "Record ID,First Name,Last Name,Email,Phone Number,City,Job Title,Lifecycle Stage\n".to_owned();
    let (first, city) = (["Ada", "Grace", "Alan", "Edsger", "Barbara"], ["Berlin", "London", "Paris", "Oslo"]);
    for number in 0..rows {
        let (first, city) = (dice.pick(&first), dice.pick(&city));
        writeln!(
            text,
            "{number},{first},Person {number},p{number}@example.com,+4930{},{city},Engineer,Lead",
            1_000_000 + number
        )?;
    }
    Ok(text.into_bytes())
}

fn caller(server: &Server, data: &Path) -> Result<Caller> {
    let secret = std::fs::read_to_string(data.join("api-key")).context("api-key")?;
    Ok(Caller::new(&server.base, secret.trim()))
}

/// Uploads the file and answers the import as it is guessed.
fn uploaded(server: &Server, data: &Path, file: &[u8]) -> Result<Value> {
    let caller = caller(server, data)?;
    let upload = caller.post("/v1/uploads", &json!({ "name": "contacts.csv", "bytes": file.len() }))?.body;
    let mut put = ureq::put(upload["url"].as_str().context("no address")?);
    for (name, value) in upload["headers"].as_object().into_iter().flatten() {
        put = put.header(name, value.as_str().unwrap_or_default());
    }
    put.send(file).context("the file was not taken")?;
    let asked = json!({ "files": [{ "upload": upload["id"], "name": "contacts.csv" }] });
    Ok(caller.post("/v1/imports/preview", &asked)?.body["import"].take())
}

fn imported(server: &Server, data: &Path, body: &Value) -> Result<Seen> {
    let caller = caller(server, data)?;
    let begun = Instant::now();
    let job = caller.post("/v1/imports", body)?.body;
    let path = format!("/v1/jobs/{}", job["id"].as_str().context("no job")?);
    while begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        let job = caller.get(&path)?.body;
        if !is_at_work(&job) {
            return Ok(Seen { seconds: begun.elapsed().as_secs_f64(), peak_mb: peak_mb(server.process())?, job });
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
    let body = uploaded(&server, &data, file)?;
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
            ensure!(kills == KILLS, "the import ended after {kills} kills");
            check(&job, [rows, rows, rows])?;
            check_records(&caller(&server, &data)?, rows)?;
            server.stop()?;
            return Ok(Seen { seconds: begun.elapsed().as_secs_f64(), peak_mb: peak, job });
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

/// Every record is there once and was written once.
fn check_records(caller: &Caller, rows: usize) -> Result<()> {
    for (query, wanted) in [("", rows), ("&version.gt=1", 0)] {
        let begun = Instant::now();
        loop {
            let page = caller.get(&format!("/v1/contacts?limit=1&count=exact{query}"))?.body;
            if page["count"].as_u64() == Some(wanted as u64) {
                break;
            }
            // Lists are behind by a second or two, and by more after a start.
            ensure!(begun.elapsed() < Duration::from_secs(120), "{} records, and not {wanted}{query}", page["count"]);
            std::thread::sleep(Duration::from_millis(500));
        }
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
