//! The whole command against an API that is played.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::arguments::Arguments;
use super::client::Client;
use super::outcome::{ALL, COULD_NOT, SOME};
use super::pace::Pace;
use super::played::{JOB, KEY, Play, Played, Trouble, UNDO};
use super::screen::Screen;
use super::stop::Stop;

/// Nobody waits, and no failure is the last one too early.
const PACE: Pace = Pace {
    tries: 4,
    pause: Duration::ZERO,
    look: Duration::ZERO,
    line: Duration::ZERO,
    silence: Duration::from_secs(60),
    still: Duration::from_secs(60),
    given_up: Duration::from_secs(60),
};

const ROWS: &str = "Mail,Tier\nada@example.com,gold\nbob,gold\n";

/// A folder with `people.csv`, and what is done with it.
struct Scene {
    folder: TempDir,
    api: Played,
    stop: Stop,
    /// What is answered to questions; nobody is there if nothing is.
    answers: &'static str,
    can_draw: bool,
    pace: Pace,
}

struct Ended {
    code: Result<u8, String>,
    out: String,
    progress: String,
}

impl Scene {
    fn of(play: Play) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("people.csv"), ROWS).unwrap();
        Self { folder, api: Played::start(play), stop: Stop::default(), answers: "", can_draw: false, pace: PACE }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of what is in the folder.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the command; `@` stands for the folder.
    fn run(&self, line: &str) -> Ended {
        let folder = format!("{}/", self.folder.path().display());
        let mut words: Vec<String> = line.split_whitespace().map(|word| word.replace('@', &folder)).collect();
        words.extend(["--address".to_owned(), self.api.base()]);
        let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), self.answers.as_bytes());
        let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
        (screen.can_ask, screen.can_draw) = (!self.answers.is_empty(), self.can_draw);
        let client = Client::new(&self.api.base(), KEY, self.pace);
        let arguments = Arguments::parse(&words).unwrap();
        let code = super::carry_out(&arguments, &client, &mut screen, &|| Ok(self.stop.clone()));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: code.map_err(|error| format!("{error:#}")), out: text(out), progress: text(progress) }
    }
}

fn job(state: &str, counts: &Value) -> Value {
    json!({ "id": JOB, "state": state, "counts": counts, "input": {}, "rate": 2.0, "remaining_seconds": 1 })
}

/// A job of two rows, of which so many fail.
fn play(failed: u64) -> Play {
    let column = |number: u64, header: &str, looks: &str| json!({ "column": number, "header": header, "looks": { "type": looks }, "is_sure": true, "filled": 2, "samples": ["ada@example.com"] });
    let preview = json!({
        "files": [{
            "upload": "upl_1", "name": "people.csv", "bytes": ROWS.len(), "encoding": "utf-8", "delimiter": ",", "header_row": 0,
            "system": null, "object": "contact", "columns": [column(0, "Mail", "email"), column(1, "Tier", "choice")], "rows": [],
        }],
        "import": { "files": [{
            "upload": "upl_1", "name": "people.csv", "object": "contact", "encoding": "utf-8", "delimiter": ",", "header_row": 0,
            "match_by": ["email"], "columns": [{ "column": 0, "field": "email" }],
        }] },
    });
    let looks = [
        job("waiting", &json!({ "done": 0 })),
        job("running", &json!({ "total": 2, "done": 1 })),
        job("done", &json!({ "total": 2, "done": 2, "changed": 2 - failed, "created": 1, "failed": failed })),
    ];
    Play { preview, looks: VecDeque::from(looks), ..Play::default() }
}

fn failing() -> Play {
    let mut play = play(1);
    play.errors = vec![
        json!({ "file": "people.csv", "line": 3, "column": "Mail", "field": "email", "code": "not_an_email", "detail": "must be an email address" }),
    ];
    let content = "Mail,Tier,rapport_error\nbob,gold,no\n";
    play.files = vec![("people-errors.csv", content, content.len())];
    play
}

#[test]
fn a_file_is_uploaded_shown_brought_in_and_watched_to_its_end() {
    let scene = Scene::of(play(0));
    let ended = scene.run("@people.csv --yes --skip-automations");
    assert_eq!(ended.code, Ok(ALL), "{}", ended.progress);
    let put = scene.api.asked("PUT /put/upl_1");
    assert_eq!(put.len(), 1);
    assert_eq!(String::from_utf8(put[0].body.clone()).unwrap(), ROWS);
    assert_eq!((put[0].headers.get("transfer-encoding"), put[0].headers.get("authorization")), (None, None));
    assert_eq!(scene.api.asked("POST /v1/uploads")[0].json(), json!({ "name": "people.csv", "bytes": ROWS.len() }));
    let begun = scene.api.asked("POST /v1/imports")[0].json();
    assert_eq!((&begun["automations"], &begun["dry_run"]), (&json!("skip"), &json!(false)));
    assert_eq!(begun["files"], scene.api.play().preview["import"]["files"]);
    for part in ["0  Mail    email       ada@example.com  email\n", "one that is there already, by email, is changed"] {
        assert!(ended.out.contains(part), "{}", ended.out);
    }
    assert!(
        ended.out.contains("2 rows in") && ended.out.contains("1 made\n  1 changed\n  0 as they were\n  0 failed\n")
    );
    assert!(ended.out.contains(&format!("--undo {JOB} --address http://127.0.0.1")), "{}", ended.out);
    assert!(ended.progress.contains("50 %  1 of 2, 2/s, 1 s left\n"), "{}", ended.progress);
    assert!(!ended.progress.contains('\r'));
    assert!(scene.api.asked(&format!("GET /v1/jobs/{JOB}/files")).is_empty());
}

#[test]
fn rows_that_failed_are_told_and_their_file_is_got() {
    let scene = Scene::of(failing());
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(SOME));
    assert!(ended.out.contains("  people.csv, line 3, Mail: must be an email address\n"), "{}", ended.out);
    assert_eq!(scene.text("people-errors.csv"), "Mail,Tier,rapport_error\nbob,gold,no\n");
    let elsewhere = Scene::of(failing()).run(&format!("@people.csv --yes --errors {}", scene.path("out").display()));
    assert_eq!(elsewhere.code, Ok(SOME));
    assert!(scene.path("out/people-errors.csv").exists());
}

#[test]
fn half_a_file_of_errors_is_none() {
    let mut play = failing();
    play.files = vec![("people-errors.csv", "Mail", 400)];
    let scene = Scene::of(play);
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(SOME));
    let later = format!("before its end; GET /v1/jobs/{JOB}/files has them for 30 days");
    assert!(ended.progress.contains("cannot be had") && ended.progress.contains(&later), "{}", ended.progress);
    assert_eq!(scene.files(), ["people.csv"]);
}

#[test]
fn a_file_that_breaks_off_is_got_from_its_beginning() {
    let mut play = failing();
    play.troubles.insert("GET /get/people-errors.csv", [Trouble::Cut, Trouble::Dropped, Trouble::Cut].into());
    let scene = Scene::of(play);
    assert_eq!(scene.run("@people.csv --yes").code, Ok(SOME));
    assert_eq!(scene.text("people-errors.csv"), "Mail,Tier,rapport_error\nbob,gold,no\n");
    assert_eq!(scene.files(), ["people-errors.csv", "people.csv"]);
}

#[test]
fn whoever_stops_while_a_file_is_got_has_no_half_of_it() {
    let scene = Scene::of(failing());
    let done = scene.api.play().looks.pop_back().unwrap();
    scene.api.play().looks = VecDeque::from([done]);
    scene.api.play().stops = Some(scene.stop.clone());
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(SOME));
    assert_eq!(ended.progress.matches("cancelling").count(), 1, "{}", ended.progress);
    assert_eq!(scene.files(), ["people.csv"]);
    assert!(scene.api.asked(&format!("POST /v1/jobs/{JOB}/cancel")).is_empty());
}

#[test]
fn whoever_stops_while_an_import_is_begun_is_heard_and_has_it_cancelled() {
    let mut play = play(0);
    play.troubles.insert("POST /v1/imports", [Trouble::Unheard].into());
    let mut scene = Scene::of(play);
    scene.pace.pause = Duration::from_secs(600);
    scene.stop.ask();
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(COULD_NOT), "{}", ended.progress);
    assert_eq!(ended.progress.matches("cancelling").count(), 1, "{}", ended.progress);
    assert_eq!((scene.api.asked("POST /v1/imports").len(), scene.api.play().begun.len()), (2, 1));
    assert_eq!(scene.api.asked(&format!("POST /v1/jobs/{JOB}/cancel")).len(), 1);
    assert!(ended.out.contains("it was cancelled"), "{}", ended.out);
}

#[test]
fn a_job_that_stands_still_is_left_with_how_to_look_and_how_to_undo() {
    let mut play = play(0);
    play.looks.pop_back();
    let mut scene = Scene::of(play);
    (scene.pace.look, scene.pace.still) = (Duration::from_millis(5), Duration::from_millis(20));
    scene.pace.given_up = Duration::from_millis(100);
    let ended = scene.run("@people.csv --yes");
    let error = ended.code.unwrap_err();
    let parts = ["nothing has moved for".to_owned(), format!("GET /v1/jobs/{JOB} says"), format!("--undo {JOB}")];
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    assert!(ended.progress.contains("1 of 2, 2/s, 1 s left\n"), "{}", ended.progress);
    assert!(ended.progress.contains("1 of 2; nothing has moved for 0 s; it waits"), "{}", ended.progress);
}

#[test]
fn whatever_breaks_on_the_way_an_import_happens_once() {
    use Trouble::{Busy, Dropped, Unheard};
    let mut play = failing();
    let look: &'static str = "GET /v1/jobs/job_00000000000000000000000000000001";
    for (what, troubles) in [
        ("POST /v1/uploads", [Unheard, Dropped, Busy]),
        ("POST /v1/imports/preview", [Dropped, Unheard, Busy]),
        ("POST /v1/imports", [Unheard, Busy, Dropped]),
        ("GET /get/people-errors.csv", [Busy, Dropped, Unheard]),
        (look, [Busy, Dropped, Unheard]),
    ] {
        play.troubles.insert(what, troubles.into());
    }
    // The upload that is heard of is the fourth.
    play.troubles.insert("PUT /put/upl_4", [Dropped, Busy, Unheard].into());
    let scene = Scene::of(play);
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(SOME), "{}", ended.progress);
    assert_eq!(scene.api.asked("POST /v1/imports").len(), 4);
    assert_eq!(scene.api.play().begun.len(), 1, "the same key each time");
    assert!(scene.api.asked("PUT /put/upl_4").iter().all(|put| put.body == ROWS.as_bytes()));
    assert!(scene.path("people-errors.csv").exists());
    assert!(ended.progress.contains("no answer at the moment"), "{}", ended.progress);
}

#[test]
fn what_does_not_come_back_is_given_up() {
    let mut play = play(0);
    play.troubles.insert("POST /v1/imports", [Trouble::Busy; 4].into());
    let error = Scene::of(play).run("@people.csv --yes").code.unwrap_err();
    assert!(error.contains("503") && error.contains("may have begun"), "{error}");
}

#[test]
fn a_wish_to_stop_cancels_the_job_and_says_how_to_take_it_back() {
    let mut scene = Scene::of(play(0));
    scene.api.play().stops = Some(scene.stop.clone());
    scene.can_draw = true;
    let ended = scene.run("@people.csv --yes");
    assert_eq!(ended.code, Ok(COULD_NOT));
    assert_eq!(scene.api.asked(&format!("POST /v1/jobs/{JOB}/cancel")).len(), 1);
    assert!(ended.out.contains("it was cancelled") && ended.out.contains(&format!("--undo {JOB}")), "{}", ended.out);
    assert!(ended.progress.contains("\rwaiting for a worker\x1b[K\ncancelling"), "{:?}", ended.progress);
}

#[test]
fn a_job_that_is_done_before_it_is_cancelled_is_done() {
    let mut play = play(0);
    play.troubles.insert("POST /v1/jobs/job_00000000000000000000000000000001/cancel", [Trouble::Refused].into());
    let scene = Scene::of(play);
    scene.api.play().stops = Some(scene.stop.clone());
    assert_eq!(scene.run("@people.csv --yes").code, Ok(ALL));
}

#[test]
fn nothing_is_brought_in_without_a_yes() {
    let mut scene = Scene::of(play(0));
    let nobody = scene.run("@people.csv").code.unwrap_err();
    assert!(nobody.contains("--yes") && scene.api.play().asked.is_empty(), "{nobody}");
    scene.answers = "n\n";
    let declined = scene.run("@people.csv");
    assert_eq!(declined.code, Ok(COULD_NOT));
    assert!(declined.out.contains("becomes") && declined.out.contains("nothing was brought in"), "{}", declined.out);
    assert!(scene.api.asked("POST /v1/imports").is_empty());
    scene.answers = "y\n";
    assert_eq!(scene.run("@people.csv").code, Ok(ALL));
}

#[test]
fn a_dry_run_asks_nobody_and_takes_nothing_back() {
    let mut play = play(0);
    play.looks.iter_mut().for_each(|look| look["input"] = json!({ "dry_run": true }));
    let scene = Scene::of(play);
    let ended = scene.run("@people.csv --dry-run");
    assert_eq!(ended.code, Ok(ALL));
    assert_eq!(scene.api.asked("POST /v1/imports")[0].json()["dry_run"], true);
    assert!(ended.out.contains("1 would be made\n") && !ended.out.contains("--undo"), "{}", ended.out);
}

#[test]
fn a_mapping_is_saved_corrected_and_used() {
    let mut scene = Scene::of(play(0));
    scene.answers = "no\n";
    scene.run("@people.csv --save-mapping @map.json");
    let mut mapping: Value = serde_json::from_str(&scene.text("map.json")).unwrap();
    assert_eq!(mapping["files"][0]["columns"][0]["column"], "Mail");
    mapping["files"][0]["object"] = json!("x_lead");
    let tier = json!({ "column": "Tier", "field": "custom.tier", "new_field": { "type": "select" } });
    mapping["files"][0]["columns"].as_array_mut().unwrap().push(tier);
    std::fs::write(scene.path("map.json"), mapping.to_string()).unwrap();
    let ended = scene.run("@people.csv --mapping @map.json --match-by custom.mail --yes");
    assert_eq!(ended.code, Ok(ALL));
    assert_eq!(scene.api.asked("POST /v1/imports/preview")[1].json()["files"][0]["object"], "x_lead");
    let begun = &scene.api.asked("POST /v1/imports")[0].json()["files"][0];
    assert_eq!(begun["columns"], mapping["files"][0]["columns"]);
    assert_eq!((&begun["upload"], &begun["match_by"]), (&json!("upl_1"), &json!(["custom.mail"])));
    assert!(ended.out.contains("custom.tier, a new field (select)"), "{}", ended.out);
}

#[test]
fn an_undo_tells_what_was_kept() {
    let mut play = play(0);
    play.looks = VecDeque::from([job("done", &json!({ "total": 2, "done": 2, "changed": 1, "kept": 1 }))]);
    play.errors =
        vec![json!({ "record": "con_1", "code": "kept", "field": "city", "detail": "somebody has changed it since" })];
    let scene = Scene::of(play);
    let ended = scene.run(&format!("--undo {JOB}"));
    assert_eq!(ended.code, Ok(SOME));
    assert!(
        ended.progress.contains(UNDO) && ended.out.contains("con_1, city: somebody"),
        "{}{}",
        ended.progress,
        ended.out
    );
    assert_eq!(scene.run(&format!("--undo {JOB}")).code, Ok(SOME));
    assert_eq!(scene.api.play().begun.len(), 2, "asked again it is another undo");
}

#[test]
fn what_the_api_refuses_is_told_in_its_words() {
    let mut play = play(0);
    play.troubles.insert("POST /v1/imports", [Trouble::Refused].into());
    let error = Scene::of(play).run("@people.csv --yes").code.unwrap_err();
    assert!(error.contains("409: not in this state"), "{error}");
    let scene = Scene::of(Play::default());
    let client = Client::new(&scene.api.base(), "rk_other", PACE);
    let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), std::io::empty());
    let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
    let refused = client.insist(&super::Request::get("/v1/jobs/a"), &mut screen).unwrap_err().to_string();
    assert!(refused.contains("401") && !refused.contains("rk_other"), "{refused}");
}
