//! `cargo xtask`: the house's own commands.
//!
//! `tidy` checks the rules of `CONTRIBUTING.md`, `new` starts a capability, `test` runs everything CI runs, and of its parts `conform`
//! compares the API with its document and `cloud` proves the deployed stack in an emulator. `import` is for those who use Rapport.
//! Each command is a module with a `run(root, arguments)`; nothing here is linked into a function.

mod audit;
mod bench;
mod cloud;
mod import;
mod new;
mod openapi;
mod suite;
mod tidy;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  tidy               check the house rules over the work tree
  new <capability>   start a capability: crate, member, code map row
  test [--no-cloud]  format, clippy, tidy, tests, documentation, and the deployed stack in an emulator
  import FILE…       bring files of rows into any Rapport, by its API (`--help`)
  openapi            write what follows from the routers: docs/openapi.json, docs/operations.txt, docs/permissions.txt, the
                     route table of docs/API.md, the routes of template.yaml and Cargo.toml, and events/domain
  workspace create --table NAME --name NAME
                     make the first workspace of a deployed table, and print its admin's API key
  audit verify --workspace ID
                     tell whether a workspace's events are still those that were sealed (`audit` alone says more)
  conform            ask the API everything that its OpenAPI document allows, and much that it does not
  sign-in            sign in by the development issuer with an OpenID Connect client that others have written
  watch              run the functions under `cargo lambda watch` and call each
  bench [PART]       measure functions, operations, stack, import, bill, replica or all, and write the sections of
                     docs/PERFORMANCE.md (`--check`: fail when a target is missed; other numbers than the usual write nothing)
  cloud              deploy the template into an emulator and use it over HTTP (`--tools`, `--lint`, `--keep`)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    let outcome = match command.as_str() {
        "tidy" => tidy::run(&root(), rest),
        "new" => new::run(&root(), rest),
        "test" => suite::run(&root(), rest),
        "cloud" => cloud::run(&root(), rest),
        "conform" => cloud::conform(&root(), rest),
        "sign-in" => cloud::sign_in(&root(), rest),
        "watch" => cloud::watch(&root(), rest),
        "openapi" => openapi::run(&root(), rest),
        "workspace" => workspace::run(&root(), rest),
        // Their ends have three codes, and scripts ask which.
        "import" => return import::run(rest),
        "audit" => return audit::run(&root(), rest),
        "bench" => bench::run(&root(), rest),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(())
        }
        unknown => Err(anyhow::anyhow!("no command `{unknown}`\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: this crate lives two folders below it. Asked of cargo as it runs this, since clones in several folders
/// may share one folder of what is built.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).ancestors().nth(2).expect("infra/xtask is two folders below the root").to_path_buf()
}

/// Tells the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command's answer goes to the terminal")]
fn say(line: &str) {
    println!("{line}");
}

/// Tells the person at the terminal what is wrong or going on, apart from the answer.
#[expect(clippy::print_stderr, reason = "a command's complaints go to the terminal")]
fn complain(line: &str) {
    eprintln!("{line}");
}
