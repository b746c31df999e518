//! The part `functions`: what each function weighs, how fast it starts, what it keeps in memory, and what it adds to the time
//! that the table takes. Beside each figure stands how often it is that of the least function that there can be, and beside what
//! those with a replica keep of a small workspace what they keep of a large one.

mod cases;
mod edits;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use report::{Report, ms};

use self::cases::{Case, FLOOR, cases};
use crate::lambda::Instance;
use crate::meter::Meter;
use crate::plan::Plan;
use crate::quiet::Quiet;
use crate::stats::Millis;
use crate::world::{Sizes, World};
use crate::{built, say};

/// How many requests come before those that are measured.
const WARMING: usize = 100;
/// How many records the small workspace has.
const SMALL: Sizes = Sizes { contacts: 1_000, companies: 200 };
/// Whoever is asked over the large workspace looks at all of it each time: one of so many requests is enough of them.
const ONE_OF: usize = 50;

/// What was promised, of functions without a replica and of those with one.
struct Promise {
    zipped_mb: f64,
    resident_mb: f64,
}
const WITHOUT: Promise = Promise { zipped_mb: 5.0, resident_mb: 25.0 };
const WITH: Promise = Promise { zipped_mb: 8.0, resident_mb: 96.0 };
/// How much longer than the floor a function without a replica may take until its first answer.
const TIMES_THE_FLOOR: f64 = 2.5;
/// How much a function may add to the table's time, at the median.
const ADDED_MS: f64 = 1.0;

/// What was seen of one function.
struct Seen {
    case: Case,
    binary_mb: f64,
    zipped_mb: f64,
    ready: Millis,
    answered: Millis,
    /// What the first answer took, less the time in which a call to table, queues or S3 was under way: of starts of their own,
    /// through the meter.
    unwaited: Millis,
    warm: Warm,
    /// The same over the large workspace, where it has a replica: what it was asked, how often, and what it had in memory then.
    large: Option<Large>,
}

/// What was seen of one over the large workspace.
struct Large {
    what: String,
    requests: usize,
    answered: Millis,
    resident_mb: f64,
}

/// What was seen of one that had started.
#[derive(Default)]
struct Warm {
    whole: Millis,
    waited: Millis,
    added: Millis,
    calls: usize,
    resident_mb: f64,
}

/// Measures all of them.
///
/// # Errors
/// When one does not answer, or refuses what it is asked.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Functions");
    let data = folder.join("data");
    let workspace = World::one("one", plan.seed, SMALL, &data)?;
    let large = World::one("large", plan.seed, plan.sizes, &data)?;
    let stack = Quiet::start(&data)?;
    let mut seen = cases(&workspace, &stack)?.into_iter().map(weighed).collect::<Result<Vec<_>>>()?;
    let meter = Meter::before(&stack.endpoint()?)?;
    let environment = meter.environment(&stack.environment);
    for round in 0..plan.starts {
        say(&format!("starting each, {} of {}", round + 1, plan.starts));
        for one in &mut seen {
            let (ready, answered) = start(&one.case, &stack.environment, folder)?;
            one.ready.add(ready);
            one.answered.add(answered);
            // What an instance before has left under way when it was stopped is not this one's.
            let _ = meter.waited();
            let (_, answered) = start(&one.case, &environment, folder)?;
            let (waited, _) = meter.waited();
            one.unwaited.add(answered - waited.as_secs_f64() * 1e3);
        }
    }
    for one in &mut seen {
        say(&format!("asking {}", one.case.name()));
        let disk = folder.join(format!("warm-{}", one.case.name()));
        one.warm = warm(&one.case, WARMING, plan.requests, &environment, &meter, &disk)?;
    }
    for case in cases::large(&large, &stack, &data)? {
        say(&format!("asking {} over the large workspace", case.name()));
        let requests = plan.requests.div_ceil(ONE_OF);
        let disk = folder.join(format!("large-{}", case.name()));
        let Warm { whole, resident_mb, .. } = warm(&case, 1, requests, &environment, &meter, &disk)?;
        let one = seen.iter_mut().find(|one| one.case.name() == case.name()).context("the same, over the small one")?;
        one.large = Some(Large { what: case.what, requests: requests + 1, answered: whole, resident_mb });
    }
    stack.stop();
    let floor = seen.iter().position(|one| one.case.binary == FLOOR).context("no floor")?;
    let floor = seen.remove(floor);
    facts(plan, &mut report);
    targets(&floor, &seen, &mut report);
    tables(plan, &floor, &seen, &mut report);
    of_large(plan, &seen, &mut report);
    Ok(report)
}

fn weighed(case: Case) -> Result<Seen> {
    let path = built(case.binary)?;
    let packed = Command::new("gzip").args(["-6", "-c"]).arg(&path).stdout(Stdio::piped()).output().context("gzip")?;
    ensure!(packed.status.success(), "gzip cannot pack {}", path.display());
    let (binary_mb, zipped_mb) = (path.metadata()?.len() as f64 / 1e6, packed.stdout.len() as f64 / 1e6);
    let (ready, answered, unwaited, warm) = Default::default();
    Ok(Seen { case, binary_mb, zipped_mb, ready, answered, unwaited, warm, large: None })
}

/// Starts one with an empty disk and lets it answer once: after how many milliseconds it asked for work, and had answered.
fn start(case: &Case, environment: &[(String, String)], folder: &Path) -> Result<(f64, f64)> {
    let event = case.event(0)?;
    let disk = folder.join(format!("start-{}", case.name()));
    let mut instance = Instance::start(case.binary, case.entry, environment, &disk)?;
    let ready = instance.ready()?;
    let answer = instance.answer(&event)?;
    case.check(&answer.value)?;
    let answered = instance.since_start(answer.to);
    drop(instance);
    std::fs::remove_dir_all(&disk)?;
    Ok((ready, answered))
}

/// Asks one that was started, some times that do not count and some that do.
fn warm(
    case: &Case,
    warming: usize,
    requests: usize,
    environment: &[(String, String)],
    meter: &Meter,
    disk: &Path,
) -> Result<Warm> {
    let mut warm = Warm::default();
    let mut instance = Instance::start(case.binary, case.entry, environment, disk)?;
    instance.ready()?;
    for number in 1..=warming + requests {
        let answer = instance.answer(&case.event(number)?)?;
        case.check(&answer.value)?;
        let (waited, calls) = meter.waited();
        if number <= warming {
            continue;
        }
        let (whole, waited) = (answer.to.duration_since(answer.from).as_secs_f64() * 1e3, waited.as_secs_f64() * 1e3);
        warm.whole.add(whole);
        warm.waited.add(waited);
        warm.added.add(whole - waited);
        warm.calls += calls;
    }
    warm.resident_mb = instance.resident_mb()?;
    Ok(warm)
}

fn facts(plan: &Plan, report: &mut Report) {
    report.fact(
        "Binaries of `cargo build --release` for this machine, stripped; what is deployed is the same for arm64 and musl. Each is \
         started on one core, which it inherits from whoever starts it, and handed requests by a Runtime API on the loopback. Table, \
         queues and S3 are the embedded stack, over HTTP on the loopback, free to use every core; its own workers rest, so that jobs are \
         left to the one that is measured. The binary is in the page cache: on Lambda fetching it comes before the process starts.",
    );
    report.fact(
        "The floor is `infra/hello`: `lambda_http` and a greeting, on one thread as the functions are, without clients, logs or \
         settings. Functions take turns in being started, so that a busy minute of the machine meets all of them.",
    );
    report.fact(format!(
        "Requests are answered one at a time, {WARMING} to warm up and {} measured. Between function and services stands a proxy that \
         notes from when to when a call was under way: what the function adds is the time from being handed the request to the last \
         byte of its answer, less the time in which at least one call was under way. Signing, TLS-less HTTP, JSON, logs, what a replica is asked, \
         the Runtime API's own connection and the machine's waking of processes are in it. Where a request is about many records, one \
         after the other, the target counts the time of one of them, and the table has that of all.",
        plan.requests
    ));
}

fn targets(floor: &Seen, seen: &[Seen], report: &mut Report) {
    let group = |replica: bool| seen.iter().filter(move |one| one.case.replica == replica);
    let most = |of: &mut dyn Iterator<Item = &Seen>, value: &dyn Fn(&Seen) -> f64| {
        of.map(|one| (value(one), one.case.name())).max_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap_or_default()
    };
    for (replica, promise, which) in [(false, WITHOUT, "without a replica"), (true, WITH, "with a replica")] {
        let (mb, name) = most(&mut group(replica), &|one| one.zipped_mb);
        let measured = format!("{mb:.1} MB at most, {name}");
        let wanted = format!("at most {} MB", promise.zipped_mb);
        report.target(&format!("functions {which}, zipped"), &wanted, measured, mb <= promise.zipped_mb);
        let (mb, name) = most(&mut group(replica), &Seen::resident_mb);
        let measured = format!("{mb:.1} MB at most, {name}");
        let wanted = format!("at most {} MB", promise.resident_mb);
        let over = if replica { ", the larger of a small and a large workspace" } else { "" };
        let what = format!("functions {which}, resident after {}{over}", count(seen));
        report.target(&what, &wanted, measured, mb <= promise.resident_mb);
    }
    let least = floor.answered.median();
    let (times, name) = most(&mut group(false), &|one| one.answered.median() / least);
    let measured = format!("{times:.2} times at most, {name}; the floor takes {}", ms(least));
    let wanted = format!("at most {TIMES_THE_FLOOR} times the floor");
    report.target("functions without a replica, start to first answer", &wanted, measured, times <= TIMES_THE_FLOOR);
    let (added, name) = most(&mut seen.iter(), &|one| one.warm.added.median() / one.case.records as f64);
    let measured = format!("{added:.2} ms at most, {name}");
    report.target(
        "what a warm function adds to the table's time, to a request or a record, median",
        "under 1 ms",
        measured,
        added < ADDED_MS,
    );
}

impl Seen {
    /// The most that it had in memory.
    fn resident_mb(&self) -> f64 {
        let large = self.large.as_ref().map_or(0.0, |large| large.resident_mb);
        self.warm.resident_mb.max(large)
    }
}

/// What those with a replica had in memory over both workspaces.
fn of_large(plan: &Plan, seen: &[Seen], report: &mut Report) {
    let row = |one: &Seen| {
        let Large { what, requests, answered, resident_mb } = one.large.as_ref()?;
        let megabytes = [one.warm.resident_mb, *resident_mb].map(|mb| format!("{mb:.1} MB"));
        let figures = [vec![requests.to_string(), ms(answered.median())], megabytes.into()].concat();
        Some([vec![one.case.name(), what.clone()], figures].concat())
    };
    let text = format!(
        "Those with a replica once more, with that of {} contacts and {} companies on their disk, and asked what looks at all of them. \
         Small is what the table of weights has, with {} and {}.",
        plan.sizes.contacts, plan.sizes.companies, SMALL.contacts, SMALL.companies
    );
    let columns = ["function", "asked", "requests", "answered, median", "resident, small", "resident, large"];
    report.part("Over a large workspace", &text, &columns, seen.iter().filter_map(row).collect());
}

fn count(seen: &[Seen]) -> String {
    let requests = seen.first().map_or(0, |one| one.warm.whole.count() + WARMING);
    format!("{requests} requests")
}

fn tables(plan: &Plan, floor: &Seen, seen: &[Seen], report: &mut Report) {
    let all = || std::iter::once(floor).chain(seen);
    let times = |value: f64, least: f64| format!("{:.1}", value / least);
    let weights = all().map(|one| {
        let replica = if one.case.replica { "yes" } else { "" };
        let sizes = [one.binary_mb, one.zipped_mb, one.warm.resident_mb].map(|mb| format!("{mb:.1} MB"));
        let [binary, zipped, resident] = sizes;
        let ratios = [times(one.zipped_mb, floor.zipped_mb), times(one.warm.resident_mb, floor.warm.resident_mb)];
        let [of_zipped, of_resident] = ratios;
        vec![one.case.name(), replica.to_owned(), binary, zipped, of_zipped, resident, of_resident]
    });
    let text = "Zipped is what `gzip -6` makes of the binary, which is what a zip archive holds. Resident is VmRSS of a million bytes.";
    let resident = format!("resident after {}", count(seen));
    let columns = ["function", "replica", "binary", "zipped", "times the floor", &resident, "times the floor"];
    report.part("Weight", text, &columns, weights.collect());
    let starts = all().map(|one| {
        let (ready, answered) = (one.ready.median(), one.answered.median());
        let ratios = [times(ready, floor.ready.median()), times(answered, floor.answered.median())];
        let [of_ready, of_answered] = ratios;
        vec![
            one.case.name(),
            one.case.what.clone(),
            ms(ready),
            of_ready,
            ms(answered),
            of_answered,
            ms(one.answered.percentile(95)),
            ms(one.unwaited.median()),
        ]
    });
    let text = format!(
        "Of {} starts each, medians and what 95 of 100 stay within, on one core, with an empty disk. Without waiting is the median of \
         as many starts with the proxy in between, less the time in which at least one call was under way.",
        plan.starts
    );
    let columns = [
        "function",
        "first request",
        "asks for work",
        "times the floor",
        "answered",
        "times the floor",
        "95 of 100",
        "without waiting",
    ];
    report.part("Starts", &text, &columns, starts.collect());
    let warm = all().map(|one| {
        let Warm { whole, waited, added, calls, .. } = &one.warm;
        let calls = *calls as f64 / whole.count().max(1) as f64;
        let figures = [whole.median(), waited.median(), added.median(), added.percentile(99)];
        let figures = figures.map(|millis| format!("{millis:.2} ms"));
        [vec![one.case.name(), format!("{calls:.1}")], figures.into()].concat()
    });
    let text = "The same requests, again and again. Waiting is for calls to the table, queues and S3.";
    let columns = ["function", "calls", "answered, median", "waiting, median", "added, median", "added, 99 of 100"];
    report.part("Warm", text, &columns, warm.collect());
}
