//! What was wanted and what was seen: for the terminal, and as sections of `docs/PERFORMANCE.md`.
//!
//! The page has one section for each part of `cargo xtask bench`, between markers that nobody sees. Whoever measures one part
//! writes its section anew and leaves the others as they are, with the machine, day and commit that they are of.

mod machine;
mod page;

pub use machine::Machine;
pub use page::{PARTS, write};

use std::fmt::Write;

use self::machine::{Processor, load};

/// One target and what came of it.
#[derive(Debug, Clone)]
struct Target {
    what: String,
    wanted: String,
    measured: String,
    met: bool,
}

/// A part of the section: what was measured, how, and the figures.
#[derive(Debug, Clone)]
struct Part {
    heading: String,
    text: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Everything that a run has seen of one part.
#[derive(Debug)]
pub struct Report {
    title: String,
    machine: Machine,
    load_before: String,
    began: Processor,
    facts: Vec<String>,
    targets: Vec<Target>,
    parts: Vec<Part>,
}

impl Report {
    /// Begins one: notes the machine and how busy it is.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            machine: Machine::here(),
            load_before: load(),
            began: Processor::now(),
            facts: Vec::new(),
            targets: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Notes what must be known to read the figures.
    pub fn fact(&mut self, text: impl Into<String>) {
        self.facts.push(text.into());
    }

    /// Notes a target.
    pub fn target(&mut self, what: &str, wanted: &str, measured: String, met: bool) {
        self.targets.push(Target { what: what.to_owned(), wanted: wanted.to_owned(), measured, met });
    }

    /// Notes figures: a heading, how they were come by, and a table.
    pub fn part(&mut self, heading: &str, text: &str, columns: &[&str], rows: Vec<Vec<String>>) {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.parts.push(Part { heading: heading.to_owned(), text: text.to_owned(), columns, rows });
    }

    /// Whether every target was met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.targets.iter().all(|target| target.met)
    }

    /// The targets for the terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        for Target { what, wanted, measured, met } in &self.targets {
            let _ = writeln!(text, "{:<7}{what}: {measured} ({wanted})", if *met { "ok" } else { "MISSED" });
        }
        text
    }

    /// The figures for the terminal.
    #[must_use]
    pub fn figures(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            let _ = writeln!(text, "{}", part.heading);
            table(&mut text, &part.columns, &part.rows);
        }
        text
    }

    /// The section of the page.
    #[must_use]
    pub fn section(&self) -> String {
        let mut section = self.head();
        let rows: Vec<Vec<String>> = self
            .targets
            .iter()
            .map(|target| {
                let verdict = if target.met { "met" } else { "**missed**" };
                [&target.what, &target.wanted, &target.measured, verdict].map(str::to_owned).into()
            })
            .collect();
        table(&mut section, &["what".into(), "target".into(), "measured".into(), "verdict".into()], &rows);
        for part in &self.parts {
            let _ = write!(section, "\n### {}\n{}\n\n", part.heading, part.text);
            table(&mut section, &part.columns, &part.rows);
        }
        section
    }

    fn head(&self) -> String {
        let Machine { processor, cores, memory, system, date, commit, rustc } = &self.machine;
        let mut head = format!(
            "## {}\n\
             - {processor}, {cores} cores, {memory}, {system}. Load average when it began {before}: above {cores} somebody else was \
             using the cores as well. Of the processors' time somebody else on the host took {earlier} from the machine's start until \
             then, and {meanwhile} from then on.\n\
             - {date}, commit {commit}, {rustc}, release profile.\n",
            self.title,
            before = self.load_before,
            earlier = percent(self.began.stolen_since(Processor::default())),
            meanwhile = percent(Processor::now().stolen_since(self.began)),
        );
        for fact in &self.facts {
            let _ = writeln!(head, "- {fact}");
        }
        head.push('\n');
        head
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

/// A share as it is shown.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "nobody knows how much".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Milliseconds as they are shown.
#[must_use]
pub fn ms(millis: f64) -> String {
    format!("{millis:.1} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_was_missed_is_told_and_counts() {
        let mut report = Report::new("Things");
        report.target("a thing", "under 2", "1".to_owned(), true);
        assert!(report.is_met());
        report.target("another", "under 2", "3".to_owned(), false);
        report.part("How many", "Counted.", &["what", "number"], vec![vec!["things".to_owned(), "4".to_owned()]]);
        assert!(!report.is_met());
        assert!(report.table().contains("MISSED another: 3 (under 2)"));
        let section = report.section();
        assert!(section.starts_with("## Things\n- ") && section.contains("| another | under 2 | 3 | **missed** |"));
        assert!(section.ends_with("\n### How many\nCounted.\n\n| what | number |\n| --- | --- |\n| things | 4 |\n"));
    }
}
