//! The totals that a test runner prints.

/// Tests by how they ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) run: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Totals {
    /// Takes in a line of nextest's or cargo's own runner; any other line changes nothing.
    ///
    /// Cargo's runner says it for each binary and without indent, nextest once for all and with.
    pub(crate) fn read(&mut self, line: &str) {
        let summary = line.trim_start().strip_prefix("Summary [");
        let Some(numbers) = summary.or_else(|| line.strip_prefix("test result:")) else { return };
        if summary.is_some() {
            *self = Self::default();
        }
        for part in numbers.split([',', ';', '.', ':', ']']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(what)) = (words.next().and_then(|word| word.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" | "timed" | "exec" => self.failed += count,
                "skipped" | "ignored" => self.skipped += count,
                _ => {}
            }
        }
        self.run = self.passed + self.failed;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.run += other.run;
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { run, passed, failed, skipped } = self;
        write!(f, "tests: {run} run, {passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(lines: &[&str]) -> String {
        let mut totals = Totals::default();
        lines.iter().for_each(|line| totals.read(line));
        totals.to_string()
    }

    #[test]
    fn nextest_says_it_once() {
        let line = "     Summary [  12.345s] 120 tests run: 117 passed (3 slow), 2 failed, 1 timed out, 4 skipped";
        // What a failing test printed stands above it, indented.
        let printed =
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 119 filtered out; finished in 0.24s";
        assert_eq!(totals(&[printed, line]), "tests: 120 run, 117 passed, 3 failed, 4 skipped");
    }

    #[test]
    fn cargo_says_it_for_each_binary() {
        let line = "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(totals(&["running 8 tests", line, line]), "tests: 14 run, 14 passed, 0 failed, 2 skipped");
    }
}
