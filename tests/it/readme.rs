//! README's tour, run as it is pasted, and what it promises after a `kill -9`.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::json;

use crate::contract::text;
use crate::process::{Rapport, eventually};

/// The tour's heading.
const TOUR: &str = "## A tour of five minutes";
/// The one line of the tour that is not run as it stands: where Rapport is.
const ADDRESS: &str = "RAPPORT=http://localhost:4000";
/// What separates the output of one block from the next.
const MARK: &str = "--- the next block ---";

/// A block of the tour: what is pasted, and what it is said to answer.
struct Step {
    script: String,
    answer: Option<String>,
}

/// The tour's blocks: `sh` is run; `text` right after it is its answer.
fn tour() -> Vec<Step> {
    let readme = text("README.md");
    let (_, tour) = readme.split_once(TOUR).expect("README.md has a tour");
    let tour = tour.split("\n## ").next().unwrap();
    let mut steps: Vec<Step> = Vec::new();
    for block in tour.split("```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap();
        match (kind, steps.last_mut()) {
            ("sh", _) => steps.push(Step { script: content.to_owned(), answer: None }),
            ("text", Some(step)) if step.answer.is_none() => step.answer = Some(content.to_owned()),
            (kind, _) => panic!("the tour has a block `{kind}` that this test does not know"),
        }
    }
    steps
}

/// Whether a line is what is shown, where `…` stands for anything.
fn fits(shown: &str, line: &str) -> bool {
    let parts: Vec<&str> = shown.trim_end().split('…').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let line = line.trim_end();
    if parts.len() == 1 {
        return line == first;
    }
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn the_tour_works_as_pasted_and_answers_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path(), &[]);
    let steps = tour();
    assert!(steps.len() >= 6, "the tour has {} blocks", steps.len());
    assert_eq!(steps[0].script.lines().next(), Some(ADDRESS), "the first line says where Rapport is");
    let pasted: Vec<&str> = steps.iter().map(|step| step.script.as_str()).collect();
    let script = pasted.join(&format!("echo '{MARK}'\n")).replacen(ADDRESS, &format!("RAPPORT={}", rapport.base), 1);
    let output = bash(folder.path(), &script);
    let answers: Vec<&str> = output.split(&format!("{MARK}\n")).collect();
    assert_eq!(answers.len(), steps.len(), "{output}");
    let mut compared = 0;
    for (step, answer) in steps.iter().zip(answers) {
        let Some(shown) = &step.answer else { continue };
        let (shown, lines): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), answer.lines().collect());
        let good = shown.len() == lines.len() && shown.iter().zip(&lines).all(|(shown, line)| fits(shown, line));
        assert!(good, "after\n{}\nthe tour shows\n{}\nand this came\n{answer}", step.script, shown.join("\n"));
        compared += 1;
    }
    assert!(compared >= 5, "the tour shows {compared} answers");
}

/// Runs a script that stops at the first command that fails.
fn bash(folder: &Path, script: &str) -> String {
    let file = folder.join("tour.sh");
    std::fs::write(&file, script).unwrap();
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail"]).arg(&file).current_dir(folder).env("NO_PROXY", "127.0.0.1,localhost");
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the tour failed\n{out}\n{err}\nin\n{script}");
    out.into_owned()
}

#[test]
fn a_shown_line_fits_where_it_leaves_out() {
    assert!(fits("con_…  1  Berlin", "con_0199ab  1  Berlin"));
    assert!(fits("…", "anything"));
    assert!(fits("HTTP/1.1 201 Created", "HTTP/1.1 201 Created\r"));
    assert!(!fits("con_…  1  Berlin", "con_0199ab  2  Berlin"));
    assert!(!fits("a…b…c", "acb"));
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_in_the_middle_of_writing() {
    const WRITERS: usize = 4;
    const ENOUGH: usize = 80;
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path(), &["--seed", "empty"]);
    let acknowledged = Mutex::new(Vec::new());
    let pid = rapport.id().to_string();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (rapport, acknowledged, pid) = (&rapport, &acknowledged, &pid);
            scope.spawn(move || {
                for number in 0.. {
                    let body =
                        json!({ "first_name": format!("Writer {writer}"), "last_name": format!("Contact {number}") });
                    // An error means that it is dead: whether this one was written nobody has promised.
                    let Ok(reply) = rapport.try_send("POST", "/v1/contacts", &[], Some(&body)) else { return };
                    let id = reply.expect(201)["id"].as_str().unwrap().to_owned();
                    let mut acknowledged = acknowledged.lock().unwrap();
                    acknowledged.push(id);
                    if acknowledged.len() == ENOUGH {
                        // The others are in the middle of a request now.
                        let killed = Command::new("kill").args(["-KILL", pid]).status().unwrap();
                        assert!(killed.success());
                    }
                }
            });
        }
    });
    rapport.kill();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= ENOUGH, "{}", acknowledged.len());

    let again = Rapport::start(folder.path(), &["--seed", "empty"]);
    for id in &acknowledged {
        assert_eq!(again.get(&format!("/v1/contacts/{id}"))["id"], id.as_str());
    }
    eventually("every acknowledged contact is listed", || {
        let listed = again.ids("/v1/contacts");
        let missing = acknowledged.iter().filter(|id| !listed.contains(id)).count();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} of {} are missing", acknowledged.len())) }
    });
    // Those whose answer the kill cut off may be there too, but never more than one a writer.
    assert!(again.ids("/v1/contacts").len() <= acknowledged.len() + WRITERS);
}
