//! The page and its sections.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The parts of `cargo xtask bench`, in the order of their sections.
pub const PARTS: [&str; 6] = ["functions", "operations", "stack", "import", "bill", "replica"];

const HEAD: &str = "# Performance\n\n\
    Written by `cargo xtask bench`: figures as they were seen, not rounded in anybody's favour. Run it to have those of your machine.\n\
    Each section is written by its own part of it (`cargo xtask bench functions`), and says of which day and commit it is.\n";

/// Writes one section of the page anew. The others stay as they are.
///
/// # Errors
/// When the page cannot be read or written, or there is no such part.
pub fn write(path: &Path, part: &str, section: &str) -> Result<()> {
    let page = match std::fs::read_to_string(path) {
        Ok(page) => page,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    std::fs::write(path, with(&page, part, section)?).with_context(|| path.display().to_string())
}

/// The page with one section in the place of what it was.
fn with(page: &str, part: &str, section: &str) -> Result<String> {
    ensure!(PARTS.contains(&part), "the page has no section {part}");
    let mut text = HEAD.to_owned();
    for name in PARTS {
        let kept = if name == part { Some(section) } else { section_of(page, name) };
        if let Some(kept) = kept {
            text.push_str(&format!("\n{}\n{}\n{}\n", begin(name), kept.trim_end(), end(name)));
        }
    }
    Ok(text)
}

/// What a page has between the markers of a part.
fn section_of<'a>(page: &'a str, part: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&begin(part))?;
    Some(rest.split_once(&end(part))?.0.trim_start_matches('\n'))
}

fn begin(part: &str) -> String {
    format!("<!-- {part}: begin -->")
}

fn end(part: &str) -> String {
    format!("<!-- {part}: end -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_section_is_written_and_the_others_stay() {
        let first = with("", "bill", "## Bill\nfour\n").unwrap();
        let both = with(&first, "functions", "## Functions\nsmall\n").unwrap();
        assert!(both.find("small").unwrap() < both.find("four").unwrap(), "the order is that of the parts");
        let anew = with(&both, "bill", "## Bill\nfive\n").unwrap();
        assert_eq!(anew, both.replace("four", "five"));
        assert_eq!(with(&anew, "bill", "## Bill\nfive\n").unwrap(), anew);
        assert!(with(&anew, "wishes", "").is_err());
    }

    #[test]
    fn the_page_has_a_section_of_every_part() {
        let page = include_str!("../../../docs/PERFORMANCE.md");
        for part in PARTS {
            assert!(
                section_of(page, part).is_some_and(|section| section.starts_with("## ")),
                "{part} is not on the page"
            );
        }
    }
}
