//! The part `operations`: what each operation takes of the table, in workspaces of 1,000, 10,000 and 100,000 contacts.

mod asked;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use report::Report;

use self::asked::{Cost, OPERATIONS, ask};
use crate::crowd::Crowd;
use crate::plan::Plan;
use crate::say;
use crate::server::Server;

/// How often each is carried out, on records that differ.
const TIMES: usize = 9;
/// How much more or less it may take in the largest workspace than in the smallest.
const FLAT: f64 = 0.05;
/// What the bill is computed from.
const UNITS: &str = "infra/units.toml";

/// What every operation took at one size.
type Seen = BTreeMap<&'static str, Cost>;

/// Measures all of them.
///
/// # Errors
/// When one is refused.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Operations");
    let data = folder.join("data");
    let server = Server::start(&data)?;
    let mut crowd = Crowd::new(&server, &data, plan.seed)?;
    ensure!(
        plan.sizes.contacts >= 100_000,
        "the smallest workspace, of a hundredth, needs 1,000 contacts for all operations"
    );
    let sizes = [plan.sizes.contacts / 100, plan.sizes.contacts / 10, plan.sizes.contacts];
    let mut seen: Vec<(usize, Seen)> = Vec::new();
    for size in sizes {
        let took = crowd.grow(size)?;
        say(&format!("{size} contacts after {:.0} s", took.as_secs_f64()));
        seen.push((size, at(&crowd)?));
    }
    report.fact(
        "Of the running `rapport` binary, over HTTP, by an administrator. Every contact was created through the API; each has its \
         item, its guard, its event, and its place in catalog, journal and replica. Units and round trips are what `Server-Timing` \
         says: those of the function, summed over its calls. The engine counts units as DynamoDB does.",
    );
    report.fact(format!(
        "Medians of {TIMES} times each, on records that differ. What lists and searches take is measured when nothing has been written \
         since the question before; after writes they read the journal's new entries, half a unit for each 4 KB and at least one round \
         trip more."
    ));
    if let (Some((small, first)), Some((large, last))) = (seen.first(), seen.last()) {
        flat((*small, first), (*large, last), &mut report);
        if plan.out.is_some() {
            std::fs::write(UNITS, units(last)?).context(UNITS)?;
        }
    }
    table(&seen, &mut report);
    server.stop()?;
    Ok(report)
}

fn at(crowd: &Crowd) -> Result<Seen> {
    let mut seen = Seen::new();
    for name in OPERATIONS {
        let mut costs = (0..TIMES).map(|time| ask(crowd, name, time).context(name)).collect::<Result<Vec<_>>>()?;
        let mut median = |value: fn(&Cost) -> f64| {
            costs.sort_by(|a, b| value(a).total_cmp(&value(b)));
            costs.get(TIMES / 2).map_or(0.0, value)
        };
        let (trips, read, written) = (median(|cost| cost.trips), median(|cost| cost.read), median(|cost| cost.written));
        seen.insert(name, Cost { trips, read, written });
    }
    Ok(seen)
}

fn flat((small, first): (usize, &Seen), (large, last): (usize, &Seen), report: &mut Report) {
    let change = |name: &&'static str| {
        let (Some(a), Some(b)) = (first.get(name), last.get(name)) else { return (f64::INFINITY, *name) };
        let pairs = [(a.trips, b.trips), (a.read, b.read), (a.written, b.written)];
        let share = |(a, b): (f64, f64)| if a == b { 0.0 } else { (b - a).abs() / a.max(0.5) };
        (pairs.into_iter().map(share).fold(0.0, f64::max), *name)
    };
    let most = OPERATIONS.iter().map(change).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let (share, name) = most.unwrap_or_default();
    let measured = match share {
        0.0 => "the same to the last half unit, for every operation".to_owned(),
        share => format!("{:.1} % more or less, {name}", share * 100.0),
    };
    let what = format!("units and round trips of every operation, {small} and {large} contacts");
    report.target(&what, "within 5 %", measured, share <= FLAT);
}

fn table(seen: &[(usize, Seen)], report: &mut Report) {
    let row = |name: &&'static str| {
        let shown = |cost: &Cost| format!("{} / {} / {}", cost.trips, cost.read, cost.written);
        let cells = seen.iter().map(|(_, costs)| costs.get(name).map(shown).unwrap_or_default());
        [vec![(*name).to_owned()], cells.collect()].concat()
    };
    let heads: Vec<String> = seen.iter().map(|(size, _)| format!("{size} contacts")).collect();
    let columns: Vec<&str> = std::iter::once("operation").chain(heads.iter().map(String::as_str)).collect();
    let text = "Round trips / read units / write units.";
    report.part("What each takes", text, &columns, OPERATIONS.iter().map(row).collect());
}

fn units(seen: &Seen) -> Result<String> {
    let mut text = "# What operations take of the table, written by `cargo xtask bench operations`; the bill is computed from it.\n\n\
                    [operation]\n"
        .to_owned();
    for name in OPERATIONS {
        let Cost { trips, read, written } = seen.get(name).with_context(|| name.to_owned())?;
        writeln!(text, "\"{name}\" = {{ round_trips = {trips:?}, read_units = {read:?}, write_units = {written:?} }}")?;
    }
    // A worker's answers have no `Server-Timing`: this is what docs/DATA.md says of each record.
    text.push_str("\n# Of a worker, which answers nobody: from docs/DATA.md.\n");
    text.push_str("\"record of a bulk edit\" = { round_trips = 2.0, read_units = 1.0, write_units = 7.0 }\n");
    Ok(text)
}
