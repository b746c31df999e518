//! How long things get.

use super::{Finding, House};

/// Lines of a source file. A longer one holds two subjects.
const FILE: usize = 400;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 60;
/// Lines of a function's `main.rs`.
const MAIN: usize = 20;

const SOURCES: [&str; 9] = [".rs", ".ts", ".tsx", ".js", ".css", ".py", ".sh", ".yaml", ".yml"];

/// Longer for a reason.
const LONGER: [(&str, &str); 1] = [("template.yaml", "every route is spelled out in the one file that is deployed")];

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &house.files {
        let lines = text.lines().count();
        let longer = LONGER.iter().any(|(exempt, _)| exempt == path);
        if lines > FILE && !longer && SOURCES.iter().any(|ending| path.ends_with(ending)) {
            let message = format!("{lines} lines, at most {FILE}");
            findings.push(Finding::new(path, 1, message, "a file holds one subject"));
        }
        if lines > MAIN && path.starts_with("functions/") && path.ends_with("/src/main.rs") {
            let message = format!("{lines} lines, at most {MAIN}");
            findings.push(Finding::new(path, 1, message, "binaries are thin: the library is what the tests run"));
        }
    }
    for (path, _, code) in house.rust() {
        for function in code.functions.iter().filter(|function| function.lines > FUNCTION) {
            let message = format!("`fn {}` has {} lines, at most {FUNCTION}", function.name, function.lines);
            findings.push(Finding::new(path, function.line, message, "a function is read in one look"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&House::of(&[(path, text)])).len()
    }

    #[test]
    fn files_end_at_four_hundred_lines() {
        assert_eq!(findings("infra/table.yaml", &"a:\n".repeat(400)), 0);
        assert_eq!(findings("infra/table.yaml", &"a:\n".repeat(401)), 1);
        assert_eq!(findings("template.yaml", &"a:\n".repeat(900)), 0);
        assert_eq!(findings("docs/openapi.json", &"{\n".repeat(900)), 0);
    }

    #[test]
    fn functions_end_at_sixty_lines() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "a();\n".repeat(lines - 2));
        assert_eq!(findings("a.rs", &function(60)), 0);
        assert_eq!(findings("a.rs", &function(61)), 1);
    }

    #[test]
    fn binaries_of_functions_are_thin() {
        assert_eq!(findings("functions/views/src/main.rs", &"//\n".repeat(21)), 1);
        assert_eq!(findings("functions/views/src/main.rs", &"//\n".repeat(20)), 0);
        assert_eq!(findings("infra/local/src/main.rs", &"//\n".repeat(21)), 0);
    }
}
