//! `cargo xtask import`: files of rows into any Rapport, by its API and by nothing else.
//!
//! The files are uploaded and looked into, what was found is shown and can be corrected, the import is begun as a job and watched
//! to its end. Everything that is sent can be sent again: an import happens once, however often the network breaks.

mod arguments;
mod client;
mod credential;
mod detected;
mod mapping;
mod outcome;
mod pace;
#[cfg(test)]
mod played;
mod progress;
mod screen;
mod stop;
#[cfg(test)]
mod tests;
mod upload;
mod watch;

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};

use self::arguments::{Arguments, is_local};
use self::client::{Client, Refusal, Request};
use self::outcome::{ALL, COULD_NOT};
use self::pace::Pace;
use self::screen::Screen;
use self::stop::Stop;
use self::watch::watch;

const USAGE: &str = "\
cargo xtask import FILE… [options]
cargo xtask import --undo JOB [--address URL] [--key FILE]

Brings files of rows (CSV and its relatives, with headers) in as records, up to ten at once, which may refer to each other.

  --address URL         where the API is; http://localhost:4000 if nothing is said
  --key FILE            the file with the API key, or - for standard input; else the variable RAPPORT_API_KEY, else, on this
                        machine, .rapport/api-key
  --object NAME         the object in the singular: once, or once for each file; guessed from the headers if nothing is said
  --match-by FIELD,…    what records are found by that are there already: once, or once for each file
  --mode MODE           upsert (the usual), create (those that are there stay as they are), update (no new ones)
  --source WORD         where the external ids of the files are from
  --new-fields          make fields of columns that mean nothing known (for administrators)
  --skip-automations    no rules follow what is written
  --mapping FILE        what columns mean, as --save-mapping has written it and somebody has corrected it
  --save-mapping FILE   write what columns mean into a file
  --dry-run             only find out what would happen, row by row
  --yes                 do not ask
  --errors FOLDER       where files with the rows that failed go; beside the first file if nothing is said
  --undo JOB            take an import back, but for what somebody has changed since

Ctrl-C cancels the import. Ends with 0 if every row is in, 1 if some failed, 2 if it could not be done.";

/// Runs the command and answers how it ended.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let (mut out, mut progress) = (std::io::stdout(), std::io::stderr());
    let mut answers = std::io::stdin().lock();
    let (can_ask, can_draw) = (answers.is_terminal() && progress.is_terminal(), progress.is_terminal());
    let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
    (screen.can_ask, screen.can_draw) = (can_ask, can_draw);
    screen.fit(std::env::var("COLUMNS").ok().as_deref());
    let outcome = Arguments::parse(arguments).and_then(|arguments| {
        if arguments.help {
            screen.say(USAGE);
            return Ok(ALL);
        }
        let variable = std::env::var(credential::VARIABLE).ok();
        let local = is_local(&arguments.address);
        let key = credential::find(arguments.key.as_deref(), variable, &mut screen.answers, local)?;
        if !local && arguments.address.starts_with("http://") {
            screen.tell("without https:// the key and the rows can be read on their way");
        }
        let client = Client::new(&arguments.address, &key, Pace::USUAL);
        carry_out(&arguments, &client, &mut screen, &Stop::on_signals)
    });
    ExitCode::from(outcome.unwrap_or_else(|error| {
        screen.tell(&format!("error: {error:#}"));
        COULD_NOT
    }))
}

/// Does what was asked for. `stop` begins to listen for a wish to stop: before there is a job, that simply ends the command.
fn carry_out(
    arguments: &Arguments,
    client: &Client,
    screen: &mut Screen<'_>,
    stop: &dyn Fn() -> anyhow::Result<Stop>,
) -> anyhow::Result<u8> {
    match &arguments.undo {
        Some(job) => {
            screen.stop = stop()?;
            undo(job, client, screen)
        }
        None => import(arguments, client, screen, stop),
    }
}

fn import(
    arguments: &Arguments,
    client: &Client,
    screen: &mut Screen<'_>,
    stop: &dyn Fn() -> anyhow::Result<Stop>,
) -> anyhow::Result<u8> {
    let asks = !arguments.yes && !arguments.dry_run;
    ensure!(!asks || screen.can_ask, "nobody is there to be asked: say --yes, or --dry-run");
    let sources = upload::sources(&arguments.files)?;
    let mapping = arguments.mapping.as_deref().map(read).transpose()?;
    let said = mapping::said(arguments, mapping.as_ref(), &sources)?;

    let uploads = upload::upload(client, &sources, screen)?;
    let asked = mapping::preview(&said, &sources, &uploads, arguments.new_fields);
    let previewed = client.insist(&Request::post("/v1/imports/preview", &asked), screen)?;
    let import = mapping::corrected(&previewed["import"], &said, arguments, mapping.as_ref())?;
    screen.say(&detected::tables(&previewed, &import));
    if let Some(path) = &arguments.save_mapping {
        let kept = serde_json::to_string_pretty(&mapping::kept(&import, &previewed))?;
        std::fs::write(path, kept + "\n").with_context(|| path.display().to_string())?;
        screen.say(&format!("what the columns mean is in {}: correct it and come back with --mapping", path.display()));
    }
    if asks && !screen.ask("bring these rows in?")? {
        screen.say("nothing was brought in");
        return Ok(COULD_NOT);
    }

    screen.stop = stop()?;
    let started = Instant::now();
    // An upload has no second import by this command, so its id says which one this is.
    let once = uploads.first().map(|upload| format!("import-{upload}")).context("no upload")?;
    let job = client.insist(&Request::once("/v1/imports", &import, &once), screen).map_err(begun)?;
    let id = id(&job)?;
    screen.tell(&format!("the import is {id}"));
    let job = watch(client, &id, screen).map_err(|why| anyhow!("{why:#}; {}", taken_back(&id, client)))?;
    outcome::tell_import(&job, started.elapsed(), screen);
    let beside = arguments.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
    tell_failed(&job, &id, client, arguments.errors.as_deref().unwrap_or(beside), screen);
    if !arguments.dry_run && progress::count(&job, "done") > 0 {
        screen.say(&taken_back(&id, client));
    }
    Ok(outcome::code(&job))
}

/// What is to be known when nobody answers whether an import has begun.
fn begun(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Passing(why, _) => anyhow!("{why}; the import may have begun: GET /v1/jobs lists those that have"),
        told => told.into(),
    }
}

fn undo(undone: &str, client: &Client, screen: &mut Screen<'_>) -> anyhow::Result<u8> {
    // An undo that came to nothing can be asked for again, and is another one then.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let once = format!("undo-{undone}-{now}-{}", std::process::id());
    let job = client.insist(&Request::once(&format!("/v1/jobs/{undone}/undo"), &json!({}), &once), screen)?;
    let id = id(&job)?;
    screen.tell(&format!("the undo is {id}"));
    let job = watch(client, &id, screen)?;
    outcome::tell_undo(&job, screen);
    if outcome::code(&job) != ALL
        && let Err(why) = outcome::tell_failures(client, &id, screen)
    {
        screen.tell(&format!("what was kept cannot be told: {why:#}"));
    }
    Ok(outcome::code(&job))
}

/// Tells what failed, and gets the files with those rows. The import is what it is, whether or not that works.
fn tell_failed(job: &Value, id: &str, client: &Client, folder: &Path, screen: &mut Screen<'_>) {
    if progress::count(job, "failed") + progress::count(job, "kept") == 0 {
        return;
    }
    if let Err(why) = outcome::tell_failures(client, id, screen) {
        screen.tell(&format!("what failed cannot be told: {why:#}"));
    }
    if let Err(why) = outcome::get_files(client, id, folder, screen) {
        let later = format!("GET /v1/jobs/{id}/files has them for 30 days");
        screen.tell(&format!("the rows that failed cannot be had: {why:#}; {later}"));
    }
}

fn taken_back(id: &str, client: &Client) -> String {
    format!("to take it back: cargo xtask import --undo {id} --address {}", client.base())
}

fn id(job: &Value) -> anyhow::Result<String> {
    Ok(job["id"].as_str().context("a job is answered without its id")?.to_owned())
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let about = || format!("the mapping {}", path.display());
    serde_json::from_str(&std::fs::read_to_string(path).with_context(about)?).with_context(about)
}
