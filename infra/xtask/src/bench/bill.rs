//! `cargo xtask bench bill`: a month's bill, idle and with people at work.

use std::path::Path;

use anyhow::{bail, ensure};
use bill::{Bill, Given, IDLE_TARGET};
use report::Report;

/// Whether an idle month costs more than was promised: a step of `cargo xtask test`.
///
/// # Errors
/// When it does, or cannot be computed.
pub(crate) fn idle(root: &Path) -> anyhow::Result<()> {
    let bill = bill::idle(&Given::read(root)?)?;
    for line in &bill.lines {
        crate::complain(&format!("{:>8.4} USD  {}", line.usd, line.what));
    }
    let total = bill.total();
    ensure!(total < IDLE_TARGET, "an idle month costs {total:.2} USD, and {IDLE_TARGET:.2} was promised");
    Ok(())
}

/// Computes, tells and writes the section.
pub(super) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("usage: cargo xtask bench bill [--check]"),
    };
    let report = section(&Given::read(root)?)?;
    report::write(&root.join(super::PAGE), "bill", &report.section())?;
    crate::say(&report.figures());
    crate::say(&report.table());
    ensure!(report.is_met() || !check, "an idle month costs more than was promised");
    Ok(())
}

fn section(given: &Given) -> anyhow::Result<Report> {
    let mut report = Report::new("A month's bill");
    let (from, to) = given.prices.dates();
    let dates = if from == to { from.to_owned() } else { format!("{from} to {to}") };
    let activity = &given.activity;
    report.fact(format!(
        "List prices of {} without any free allowance, of {dates}: `infra/prices.toml`, each with its page. What people are assumed \
         to do is in `infra/activity.toml`, what that takes of the table in `infra/units.toml`, as measured.",
        given.prices.region
    ));
    report.fact(
        "Computed from the template and those nested in it; whatever depends on a condition is counted. A resource whose price is \
         not known, and an idle month beyond the target, fail `cargo xtask test`.",
    );
    let idle = bill::idle(given)?;
    let total = idle.total();
    let wanted = format!("under {IDLE_TARGET:.2} USD");
    report.target("a month in which nobody does anything", &wanted, format!("{total:.2} USD"), total < IDLE_TARGET);
    let text = "Queues are taken to be polled by five pollers at all times, which is what Lambda begins with.";
    report.part("An idle month", text, &["what", "how much", "counted in", "USD"], rows(&idle));
    let deeds = activity.done.iter().map(|deed| vec![deed.what.clone(), number(deed.a_day), deed.units.clone()]);
    let text = format!(
        "On {} days of the month, and for {} months before. Mails and files are assumed as they are planned.",
        activity.working_days, activity.months_kept
    );
    let columns = ["what", "times a day", "as expensive as"];
    report.part("What one user does", &text, &columns, deeds.collect());
    let bills: Vec<(u32, Bill)> =
        activity.users.iter().map(|users| Ok((*users, bill::month(given, *users)?))).collect::<anyhow::Result<_>>()?;
    months(&bills, &mut report);
    Ok(report)
}

fn rows(bill: &Bill) -> Vec<Vec<String>> {
    let row = |line: &bill::Line| {
        vec![line.what.clone(), number(line.quantity), line.unit.clone(), format!("{:.4}", line.usd)]
    };
    let mut rows: Vec<Vec<String>> = bill.lines.iter().map(row).collect();
    rows.push(vec!["**in all**".to_owned(), String::new(), String::new(), format!("**{:.2}**", bill.total())]);
    rows
}

/// The bills side by side.
fn months(bills: &[(u32, Bill)], report: &mut Report) {
    let Some((_, first)) = bills.first() else { return };
    let usd = |bill: &Bill, at: usize| bill.lines.get(at).map_or(0.0, |line| line.usd);
    let mut rows: Vec<Vec<String>> = first
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let sums = bills.iter().map(|(_, bill)| format!("{:.2}", usd(bill, at)));
            [vec![line.what.clone()], sums.collect()].concat()
        })
        .collect();
    let totals = bills.iter().map(|(_, bill)| format!("**{:.2}**", bill.total()));
    rows.push([vec!["**in all**".to_owned()], totals.collect()].concat());
    let each = bills.iter().map(|(users, bill)| format!("{:.2}", bill.total() / f64::from(*users)));
    rows.push([vec!["each user".to_owned()], each.collect()].concat());
    let heads: Vec<String> = bills.iter().map(|(users, _)| format!("{users} users")).collect();
    let columns: Vec<&str> = std::iter::once("USD").chain(heads.iter().map(String::as_str)).collect();
    report.part("A month with people at work", "Of one workspace, in US dollars.", &columns, rows);
}

/// A number with as many digits as it needs.
fn number(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
