//! `cargo xtask cloud`: proof that the stack deploys and works, without an account.
//!
//! The unchanged `template.yaml` is deployed by the real `sam` into `ministack`, which runs the functions' own binaries, checks every
//! call against the roles of the template, and feeds the stream and the queue to their consumers. What the API is asked, it
//! is asked over HTTP, as a customer would, and somebody signs in at its user pool. Then each right of each role is taken away and must be
//! missed, the stack is updated there and back, deleted, and a second stack takes over the table and the pool that stayed.
//!
//! It needs Rust, Python 3 and `strip`; every other tool comes in a virtual environment of its own (`tools`). Every step has a time
//! limit, only processes started here are ended, and nothing is left running.

mod answers;
mod artefacts;
mod ask;
mod caller;
mod child;
mod conform;
mod embedded;
mod emulator;
mod flows;
mod people;
mod refusal;
mod rights;
mod sign_in;
mod stack;
mod tools;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use self::answers::Api;
use self::artefacts::Built;
use self::ask::Asker;
use self::emulator::Emulator;
use self::stack::Stack;

pub(crate) use self::child::{end, forget_this_crate};
pub(crate) use self::conform::run as conform;
pub(crate) use self::sign_in::run as sign_in;
pub(crate) use self::watch::run as watch;

const USAGE: &str = "\
cargo xtask cloud [--tools | --lint | --keep]

  --tools   only make the virtual environments of the tools, and say where they are
  --lint    only check the templates
  --keep    keep the emulator's folder (logs, state) also when all went well";

/// Runs the whole proof, or the part that the arguments ask for.
///
/// # Errors
/// The first step that failed, with the end of the log that explains it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let flags: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match flags.as_slice() {
        [] => prove(root, false),
        ["--keep"] => prove(root, true),
        ["--lint"] => lint(root),
        ["--tools"] => {
            for tool in tools::ALL {
                crate::say(&format!("{:<14} {}", tool.name, tools::folder(tool)?.display()));
            }
            Ok(())
        }
        _ => anyhow::bail!("{USAGE}"),
    }
}

/// The steps in their order. What they share: the emulator and the folder of this run.
fn prove(root: &Path, keep: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    step("lint the templates", || lint(root))?;
    let built = step("build the functions", || artefacts::build(root))?;
    crate::say(&format!("      {}", built.names.join(", ")));

    let folder = RunFolder::new(keep)?;
    let outcome = prove_in(root, &folder.path, &built);
    if let Err(error) = outcome {
        folder.keep();
        return Err(error.context(format!("logs and state are in {}", folder.path.display())));
    }
    crate::say(&format!("cloud: all well in {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}

fn prove_in(root: &Path, folder: &Path, built: &Built) -> anyhow::Result<()> {
    let emulator = step("start the emulator", || Emulator::start(folder))?;
    let asker = Asker::start(&emulator, folder)?;
    let stack = Stack::new(root, folder, (&emulator, &asker), &built.rapport);
    let outcome = prove_deployed(&stack);
    if outcome.is_err() {
        crate::complain(&emulator.log_tail(20));
        crate::complain(&stack.logged(&built.names));
    }
    drop(asker);
    // Ended here and not by Drop alone, so that an emulator that will not end is an error.
    step("stop the emulator", || emulator.stop())?;
    outcome
}

fn prove_deployed(stack: &Stack<'_>) -> anyhow::Result<()> {
    let outputs = step("deploy", || stack.deploy())?;
    let keys =
        step("make two workspaces", || Ok([stack.workspace(&outputs, "demo")?, stack.workspace(&outputs, "other")?]))?;
    let api = Api::new(&outputs, &keys[0])?;
    let other = Api::new(&outputs, &keys[1])?;

    step("credentials", || flows::credentials(&api))?;
    let kept = step("a contact's life", || flows::contact(&api))?;
    step("lists and search", || flows::lists(&api, &kept))?;
    step("two workspaces", || flows::isolation(&api, &other, &kept))?;
    step("users and API keys", || flows::people(&api))?;
    step("a snapshot by the worker", || flows::snapshot(stack, &outputs, &api))?;
    step("an erasure", || flows::erasure(stack, &outputs, &api))?;

    let person = step("a person signs in", || people::first(stack, &outputs))?;

    step("every right is missed", || rights::prove(stack, &outputs, &person))?;
    step("an update that loses a right", || refusal::prove(stack, &outputs, &api))?;
    step("update the stack back", || {
        stack.deploy()?;
        flows::create(&api, "after-update@example.com").map(drop)
    })?;

    step("delete; table, bucket and people stay", || {
        stack.delete()?;
        stack.ask("s3", "head_bucket", &json!({"Bucket": outputs.bucket}))?;
        stack.ask("cognito-idp", "describe_user_pool", &json!({"UserPoolId": outputs.pool()?}))?;
        ensure!(stack.holds(&outputs, &kept.id)?, "the table {} lost its data with the stack", outputs.table);
        Ok(())
    })?;
    let second = stack.named("rapport-again");
    step("a new stack takes table and people over", || {
        let outputs = second.deploy_over(&outputs)?;
        flows::read_back(&Api::new(&outputs, &keys[0])?, &kept)?;
        people::again(&second, &outputs, person).map(drop)
    })?;
    step("an issuer that is not made here", || people::elsewhere(&second, &keys[0]))?;
    second.delete()
}

/// Both linters: each knows rules that the other does not.
fn lint(root: &Path) -> anyhow::Result<()> {
    let limit = Duration::from_secs(120);
    let linter = tools::program(&tools::CFN_LINT, "cfn-lint")?;
    let mut command = child::command(&linter, root);
    command.args(["template.yaml", "infra/table.yaml", "infra/alarms.yaml"]);
    child::run(&mut command, limit).context("cfn-lint")?;

    let sam = tools::program(&tools::SAM, "sam")?;
    let mut command = child::command(&sam, root);
    command.args(["validate", "--lint", "--template-file", "template.yaml", "--region", emulator::REGION]);
    child::run(&mut command, limit).context("sam validate --lint")?;
    Ok(())
}

/// Tells a step's name before and its duration after.
fn step<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    crate::say(&format!("cloud: {name} ..."));
    let started = Instant::now();
    let result = work().with_context(|| format!("step `{name}`"));
    let sign = if result.is_ok() { "ok" } else { "FAILED" };
    crate::say(&format!("cloud: {name}: {sign} ({:.1} s)", started.elapsed().as_secs_f64()));
    result
}

/// Where one run keeps the emulator's state and every log; gone afterwards unless something failed.
struct RunFolder {
    path: PathBuf,
    keep: std::cell::Cell<bool>,
}

impl RunFolder {
    fn new(keep: bool) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("rapport-cloud-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, keep: std::cell::Cell::new(keep) })
    }

    fn keep(&self) {
        self.keep.set(true);
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.keep.get() {
            // A folder in the system's temporary directory is no reason to fail a green run.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    /// How often a line (without its indentation) stands in the templates.
    fn count(line: &str) -> usize {
        let templates = [
            include_str!("../../../template.yaml"),
            include_str!("../../table.yaml"),
            include_str!("../../alarms.yaml"),
        ];
        templates.iter().flat_map(|template| template.lines()).filter(|found| found.trim() == line).count()
    }

    /// An idle stack costs by the alarm and by the polled queue, and CloudFormation and API Gateway have limits.
    #[test]
    fn the_stack_stays_within_its_budgets() {
        assert!(count("Type: AWS::CloudWatch::Alarm") <= 10);
        // The table's stream is polled for nothing; every other source is a queue.
        let streams = count("StartingPosition: TRIM_HORIZON");
        assert!(count("Type: AWS::Lambda::EventSourceMapping") - streams <= 5);
        assert!(count("Type: AWS::ApiGatewayV2::Route") < 300);
        let resources = include_str!("../../../template.yaml").matches("\n    Type: AWS::").count();
        assert!(resources < 400, "{resources} resources in one stack");
    }

    #[test]
    fn every_log_group_is_kept_as_long_as_the_parameter_says() {
        assert_eq!(count("Type: AWS::Logs::LogGroup"), count("RetentionInDays: !Ref LogRetentionDays"));
    }

    #[test]
    fn every_route_but_the_public_ones_asks_for_a_credential() {
        let routes = count("Type: AWS::ApiGatewayV2::Route");
        assert_eq!(count("AuthorizationType: CUSTOM") + count("AuthorizationType: NONE"), routes);
        assert_eq!(count("AuthorizationType: NONE"), 3);
    }
}
