//! The part `operations`: what each operation takes of the table, in workspaces of 1,000, 10,000 and 100,000 contacts, and what each
//! record of a job does.

mod asked;
mod jobs;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use report::Report;

use self::asked::{Cost, OPERATIONS, ask};
use self::jobs::{JOBS, Told};
use crate::crowd::Crowd;
use crate::plan::Plan;
use crate::say;
use crate::server::Server;

/// How often each is carried out, on records that differ.
const TIMES: usize = 9;
/// How much more or less it may take in a larger workspace than in the smallest.
const FLAT: f64 = 0.05;
/// What the bill is computed from.
const UNITS: &str = "infra/units.toml";
/// What the stack logs: what workers of jobs say of their messages, besides what goes wrong.
const LOGGED: &str = "warn,jobs::worker=info";

/// What an operation took of several times: the median of each figure, and the most.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Taken {
    median: Cost,
    most: Cost,
}

/// What every operation took at one size.
type Seen = BTreeMap<&'static str, Taken>;

/// Measures all of them.
///
/// # Errors
/// When one is refused.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Operations");
    let data = folder.join("data");
    let told = Told::default();
    let hears = told.clone();
    let server = Server::overheard(&data, LOGGED, move |line| hears.takes(line))?;
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
        seen.push((size, at(&crowd, &told)?));
    }
    facts(&mut report);
    flat(&seen, &mut report);
    if let Some((_, last)) = seen.last().filter(|_| plan.writes()) {
        std::fs::write(UNITS, units(last)?).context(UNITS)?;
    }
    table(&seen, &mut report);
    server.stop()?;
    Ok(report)
}

fn facts(report: &mut Report) {
    report.fact(
        "Of the running `rapport` binary, over HTTP, by an administrator. Every contact was created through the API; each has its \
         item, its guard, its event, and its place in catalog, journal and replica. Units and round trips are what `Server-Timing` \
         says: those of the function, summed over its calls. The engine counts units as DynamoDB does.",
    );
    report.fact(format!(
        "Medians of {TIMES} times each, on records that differ, and the most of them where that is more. What lists and searches take \
         is measured when nothing has been written since the question before; after writes they read the journal's new entries, half \
         a unit for each 4 KB and at least one round trip more."
    ));
    report.fact(format!(
        "Jobs are an import of {0} new contacts, a bulk edit of those by a filter, an export and the undo of the edit, {1} times at each \
         size, each of which leaves {0} contacts more. What they take is what the worker logs of each of its messages, \
         all of them together, divided by {0}: chunks, steps and pages of the replica are in it, starting the job is not.",
        jobs::RECORDS,
        jobs::TIMES
    ));
}

fn at(crowd: &Crowd, told: &Told) -> Result<Seen> {
    let mut seen = Seen::new();
    for name in OPERATIONS {
        let costs = (0..TIMES).map(|time| ask(crowd, name, time).context(name)).collect::<Result<Vec<_>>>()?;
        seen.insert(name, taken(&costs));
    }
    let jobs = (0..jobs::TIMES).map(|time| jobs::take(crowd, told, time)).collect::<Result<Vec<_>>>()?;
    for (at, name) in JOBS.into_iter().enumerate() {
        let costs: Vec<Cost> = jobs.iter().filter_map(|costs| costs.get(at).copied()).collect();
        seen.insert(name, taken(&costs));
    }
    Ok(seen)
}

fn taken(costs: &[Cost]) -> Taken {
    let of = |value: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let median = values.get(values.len() / 2).copied().unwrap_or_default();
        (median, values.last().copied().unwrap_or_default())
    };
    let (trips, read, written) = (of(|cost| cost.trips), of(|cost| cost.read), of(|cost| cost.written));
    Taken {
        median: Cost { trips: trips.0, read: read.0, written: written.0 },
        most: Cost { trips: trips.1, read: read.1, written: written.1 },
    }
}

/// All operations, and those that are records of jobs.
fn names() -> impl Iterator<Item = &'static str> {
    OPERATIONS.into_iter().chain(JOBS)
}

/// The largest change from the smallest workspace to any larger one, as a share, with the operation and the size that it is of.
fn change(seen: &[(usize, Seen)]) -> (f64, &'static str, usize) {
    let Some(((_, first), later)) = seen.split_first() else { return (f64::INFINITY, "nothing", 0) };
    let share = |a: f64, b: f64| if a == b { 0.0 } else { (b - a).abs() / a.max(0.5) };
    let of = |name: &'static str, size: usize, here: &Seen| {
        let (Some(a), Some(b)) = (first.get(name), here.get(name)) else { return (f64::INFINITY, name, size) };
        let (a, b) = (a.median, b.median);
        let shares = [share(a.trips, b.trips), share(a.read, b.read), share(a.written, b.written)];
        (shares.into_iter().fold(0.0, f64::max), name, size)
    };
    let all = later.iter().flat_map(|(size, here)| names().map(move |name| (name, *size, here)));
    let changes = all.map(|(name, size, here)| of(name, size, here));
    changes.max_by(|(a, ..), (b, ..)| a.total_cmp(b)).unwrap_or((f64::INFINITY, "nothing", 0))
}

fn flat(seen: &[(usize, Seen)], report: &mut Report) {
    let (share, name, size) = change(seen);
    let measured = match share {
        0.0 => "the same to the last half unit, for every operation".to_owned(),
        share => format!("{:.1} % more or less, {name} at {size}", share * 100.0),
    };
    let sizes: Vec<String> = seen.iter().map(|(size, _)| size.to_string()).collect();
    let what =
        format!("units and round trips of every operation, {} contacts, each beside the first", sizes.join(", "));
    report.target(&what, "within 5 %", measured, share <= FLAT);
}

fn table(seen: &[(usize, Seen)], report: &mut Report) {
    let row = |name: &'static str| {
        let cells = seen.iter().map(|(_, all)| all.get(name).map(shown).unwrap_or_default());
        [vec![name.to_owned()], cells.collect()].concat()
    };
    let heads: Vec<String> = seen.iter().map(|(size, _)| format!("{size} contacts")).collect();
    let columns: Vec<&str> = std::iter::once("operation").chain(heads.iter().map(String::as_str)).collect();
    let text = "Round trips / read units / write units: the median, and in brackets the most where that is more.";
    report.part("What each takes", text, &columns, names().map(row).collect());
}

fn shown(taken: &Taken) -> String {
    let all = |cost: &Cost| format!("{} / {} / {}", cost.trips, cost.read, cost.written);
    match taken.most == taken.median {
        true => all(&taken.median),
        false => format!("{} ({})", all(&taken.median), all(&taken.most)),
    }
}

fn units(seen: &Seen) -> Result<String> {
    let mut text = "# What operations take of the table, written by `cargo xtask bench operations`; the bill is computed from it.\n\n\
                    [operation]\n"
        .to_owned();
    for name in names() {
        let Cost { trips, read, written } = seen.get(name).with_context(|| name.to_owned())?.median;
        writeln!(text, "\"{name}\" = {{ round_trips = {trips:?}, read_units = {read:?}, write_units = {written:?} }}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(read: f64) -> Cost {
        Cost { trips: 1.0, read, written: 4.0 }
    }

    /// What was seen at a size, where one operation takes something else.
    fn seen(size: usize, other: &'static str, read: f64) -> (usize, Seen) {
        let of = |name: &'static str| taken(&[cost(if name == other { read } else { 2.0 })]);
        (size, names().map(|name| (name, of(name))).collect())
    }

    #[test]
    fn a_size_in_the_middle_counts_as_much_as_the_last() {
        let all = [seen(1_000, "", 2.0), seen(10_000, "search", 3.0), seen(100_000, "", 2.0)];
        assert_eq!(change(&all), (0.5, "search", 10_000));
        let mut report = Report::new("Operations");
        flat(&all, &mut report);
        assert!(!report.is_met());
        let [first, _, last] = all;
        assert_eq!(change(&[first, last]).0, 0.0);
    }

    #[test]
    fn what_was_not_seen_is_not_flat() {
        let (size, mut without) = seen(10_000, "", 2.0);
        without.remove("record of an undo");
        assert_eq!(change(&[seen(1_000, "", 2.0), (size, without)]).1, "record of an undo");
        assert!(change(&[]).0.is_infinite() && change(&[seen(1_000, "", 2.0)]).0.is_infinite());
    }

    #[test]
    fn the_most_stands_beside_the_median_where_it_is_more() {
        assert_eq!(shown(&taken(&[cost(2.0), cost(9.5), cost(2.0)])), "1 / 2 / 4 (1 / 9.5 / 4)");
        assert_eq!(shown(&taken(&[cost(2.0)])), "1 / 2 / 4");
    }

    #[test]
    fn the_bill_finds_every_operation_in_what_is_written() {
        let (_, all) = seen(1_000, "record of an import", 2.25);
        let written = units(&all).unwrap();
        assert!(
            written.contains("\"record of an import\" = { round_trips = 1.0, read_units = 2.25, write_units = 4.0 }")
        );
        assert_eq!(written.lines().filter(|line| line.contains(" = { ")).count(), OPERATIONS.len() + JOBS.len());
    }
}
