//! What was wanted and what was seen: for the terminal and as a page of the documentation.

use std::fmt::Write;

use crate::Plan;
use crate::machine::{Machine, load};

/// One target and what came of it.
#[derive(Debug, Clone)]
struct Target {
    what: String,
    wanted: String,
    measured: String,
    met: bool,
}

/// A part of the page: what was measured, how, and the figures.
#[derive(Debug, Clone)]
struct Part {
    heading: String,
    text: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Everything that a run has seen.
#[derive(Debug)]
pub(crate) struct Report {
    plan: Plan,
    machine: Machine,
    load_before: String,
    targets: Vec<Target>,
    parts: Vec<Part>,
}

impl Report {
    pub(crate) fn new(plan: &Plan) -> Self {
        let (targets, parts) = (Vec::new(), Vec::new());
        Self { plan: plan.clone(), machine: Machine::here(), load_before: load(), targets, parts }
    }

    /// Notes a target.
    pub(crate) fn target(&mut self, what: &str, wanted: &str, measured: String, met: bool) {
        self.targets.push(Target { what: what.to_owned(), wanted: wanted.to_owned(), measured, met });
    }

    /// Notes figures: a heading, how they were come by, and a table.
    pub(crate) fn part(&mut self, heading: &str, text: &str, columns: &[&str], rows: Vec<Vec<String>>) {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.parts.push(Part { heading: heading.to_owned(), text: text.to_owned(), columns, rows });
    }

    /// Whether every target was met.
    pub(crate) fn is_met(&self) -> bool {
        self.targets.iter().all(|target| target.met)
    }

    /// The targets for the terminal.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for Target { what, wanted, measured, met } in &self.targets {
            let _ = writeln!(text, "{:<7}{what}: {measured} ({wanted})", if *met { "ok" } else { "MISSED" });
        }
        text
    }

    /// The page.
    pub(crate) fn page(&self) -> String {
        let mut page = self.head();
        let rows: Vec<Vec<String>> = self
            .targets
            .iter()
            .map(|target| {
                let verdict = if target.met { "met" } else { "**missed**" };
                [&target.what, &target.wanted, &target.measured, verdict].map(str::to_owned).into()
            })
            .collect();
        table(&mut page, &["what".into(), "target".into(), "measured".into(), "verdict".into()], &rows);
        for part in &self.parts {
            let _ = write!(page, "\n## {}\n{}\n\n", part.heading, part.text);
            table(&mut page, &part.columns, &part.rows);
        }
        page
    }

    fn head(&self) -> String {
        let Machine { processor, cores, memory, system, date, commit, rustc } = &self.machine;
        let Plan { sizes, seed, .. } = &self.plan;
        format!(
            "# Performance\n\n\
             Written by `cargo xtask bench replica`: figures as they were seen, not rounded in anybody's favour. Run it to have \
             those of your machine.\n\n\
             - Machine: {processor}, {cores} cores, {memory}, {system}. Load average when it began {before}, when it ended {after}: \
             above {cores} somebody else was using the cores as well.\n\
             - {date}, commit {commit}, {rustc}, release profile, seed {seed}.\n\
             - Large: {contacts} contacts and {companies} companies. Small: {small_contacts} and {small_companies}. 12 custom fields \
             on each of both objects, among them formulas, a reference and roll-ups; contacts are private, so that a caller who \
             is no administrator sees only their own.\n\n\
             ## Targets\n",
            before = self.load_before,
            after = load(),
            contacts = sizes.contacts,
            companies = sizes.companies,
            small_contacts = sizes.small().contacts,
            small_companies = sizes.small().companies,
        )
    }
}

fn table(page: &mut String, columns: &[String], rows: &[Vec<String>]) {
    let mut line = |cells: &[String]| {
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    };
    line(columns);
    line(&vec!["---".to_owned(); columns.len()]);
    rows.iter().for_each(|row| line(row));
}

/// Milliseconds as they are shown.
pub(crate) fn ms(millis: f64) -> String {
    format!("{millis:.1} ms")
}
