//! `rapport`: the whole of Rapport on this machine.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use api::Rates;
use clap::{Arg, ArgMatches, Command, value_parser};
use identity::FirstUser;
use local::{Config, Issuer, Seed, Stack};
use mimalloc::MiMalloc;
use table::Rate;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// An answer is many small pieces of JSON, and all functions share this process: the C library's allocator was a third of what
/// a list took.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is logged unless `RAPPORT_LOG` says otherwise.
const LOG: &str = "warn";

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let filter = std::env::var("RAPPORT_LOG").unwrap_or_else(|_| LOG.to_owned());
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr).init();
    let outcome = match arguments.subcommand() {
        Some(("audit", arguments)) => return audit(arguments),
        Some(("workspace", arguments)) => workspace(arguments),
        Some(("journal", arguments)) => journal(arguments),
        _ => run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = std::io::stderr();
            // There is nobody left to tell when this fails.
            let _ = writeln!(message, "rapport: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("rapport")
        .about("The whole of Rapport on this machine: API, table, queues and files in one process")
        .version(env!("CARGO_PKG_VERSION"))
        .arg(
            Arg::new("data-dir")
                .long("data-dir")
                .value_name("FOLDER")
                .default_value(".rapport")
                .value_parser(value_parser!(PathBuf))
                .help("Where everything is kept"),
        )
        .arg(
            Arg::new("host")
                .long("host")
                .value_name("ADDRESS")
                .default_value("127.0.0.1")
                .value_parser(value_parser!(IpAddr))
                .help("The address to listen on for people; 0.0.0.0 lets other machines in"),
        )
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .default_value("4000")
                .value_parser(value_parser!(u16))
                .help("The port for people; 0 takes any that is free"),
        )
        .arg(
            Arg::new("aws-port")
                .long("aws-port")
                .value_name("PORT")
                .default_value("4566")
                .value_parser(value_parser!(u16))
                .help("The port for AWS clients, on this machine only; 0 takes any that is free"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("DATA")
                .default_value("demo")
                .value_parser(["demo", "empty"])
                .help("What the workspace starts with: a few hundred made-up contacts, or nothing"),
        )
        .args(limits())
        .subcommand(workspace_command())
        .subcommand(journal_command())
        .subcommand(audit_command())
}

/// `workspace create`: for operators, after the first deployment.
fn workspace_command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    Command::new("workspace").about("Workspaces of a deployed table").subcommand_required(true).subcommand(
        Command::new("create")
            .about("Make a workspace and print its administrator's API key; AWS settings come from the environment")
            .arg(text("table", "The table's name: the output TableName of the stack").required(true))
            .arg(text("name", "The workspace's name").required(true))
            .arg(text("admin-name", "The administrator's name").default_value("Administrator"))
            .arg(text("admin-email", "The administrator's email address").default_value("admin@example.com")),
    )
}

/// Who may call, and how often.
fn limits() -> [Arg; 2] {
    [
        Arg::new("cors-origins")
            .long("cors-origins")
            .value_name("ORIGINS")
            .value_delimiter(',')
            .help("Where web apps may call from, separated by commas; anywhere unless said"),
        Arg::new("requests-per-second")
            .long("requests-per-second")
            .value_name("NUMBER")
            .value_parser(value_parser!(u32).range(1..=i64::from(Rate::MAX)))
            .help("How many requests a second each API key and each user may make; more than the machine answers unless said"),
    ]
}

/// `journal mark`: for operators, after changes were lost.
fn journal_command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    Command::new("journal").about("The journals of a deployed table").subcommand_required(true).subcommand(
        Command::new("mark")
            .about("Mark a workspace's journal as broken: every replica builds itself from the table")
            .arg(text("table", "The table's name: the output TableName of the stack").required(true))
            .arg(text("workspace", "The workspace's id, wsp_…").required(true)),
    )
}

/// `audit verify`: for operators, who want to know whether somebody has changed what happened.
fn audit_command() -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    Command::new("audit").about("The audit logs of a table").subcommand_required(true).subcommand(
        Command::new("verify")
            .about("Tell whether a workspace's events are still those that were sealed; AWS settings come from the environment")
            .arg(text("table", "The table's name: the output TableName of the stack").required(true))
            .arg(text("workspace", "The workspace's id, wsp_…").required(true))
            .arg(text("from", "The first day in UTC; the one on which the workspace was made, if nobody says"))
            .arg(text("to", "The last day in UTC; today, if nobody says")),
    )
}

/// Ends with 1 if something is wrong with the log, and with 2 if that could not be found out.
fn audit(arguments: &ArgMatches) -> ExitCode {
    match verify(arguments) {
        Ok(verdict) if verdict.wrong == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            // There is nobody left to tell when this fails.
            let _ = writeln!(std::io::stderr(), "rapport: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn verify(arguments: &ArgMatches) -> Result<privacy::Verdict> {
    let (_, arguments) = arguments.subcommand().context("audit verify")?;
    let text = |name: &str| arguments.get_one::<String>(name).cloned();
    let tables = local::deployed_table(&text("table").context("--table")?)?;
    let workspace = text("workspace").context("--workspace")?.parse().context("--workspace")?;
    let (from, to) = (text("from"), text("to"));
    local::verify_audit(&tables, workspace, from.as_deref(), to.as_deref(), &mut std::io::stdout()).await
}

#[tokio::main]
async fn journal(arguments: &ArgMatches) -> Result<()> {
    let (_, arguments) = arguments.subcommand().context("journal mark")?;
    let text = |name: &str| arguments.get_one::<String>(name).cloned().context(name.to_owned());
    let workspace = text("workspace")?.parse().context("--workspace")?;
    let number = local::mark_journal(&local::deployed_table(&text("table")?)?, workspace).await?;
    writeln!(std::io::stdout(), "The journal of {workspace} is marked at {number}: replicas are built anew.")?;
    Ok(())
}

#[tokio::main]
async fn workspace(arguments: &ArgMatches) -> Result<()> {
    let (_, arguments) = arguments.subcommand().context("workspace create")?;
    let text = |name: &str| arguments.get_one::<String>(name).cloned().context(name.to_owned());
    let first = FirstUser { name: text("admin-name")?, email: text("admin-email")? };
    let made = local::create_workspace(&text("table")?, &text("name")?, &first).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "Workspace {}, administrator {}. The API key is shown this once:", made.workspace, made.user)?;
    writeln!(out, "{}", made.secret.reveal())?;
    Ok(())
}

fn config(arguments: &ArgMatches) -> Result<Config> {
    let data_dir = arguments.get_one::<PathBuf>("data-dir").context("--data-dir")?;
    let seed = arguments.get_one::<String>("seed").context("--seed")?;
    let usual = Config::new(data_dir);
    let rate = arguments.get_one::<u32>("requests-per-second").copied().and_then(Rate::of);
    Ok(Config {
        cors_origins: arguments.get_many::<String>("cors-origins").map(|origins| origins.cloned().collect()),
        rates: rate.map_or(usual.rates, |rate| Rates { key: rate, user: rate }),
        host: *arguments.get_one("host").context("--host")?,
        port: arguments.get_one("port").copied(),
        aws_port: arguments.get_one("aws-port").copied(),
        files_url: std::env::var("RAPPORT_FILES_URL").ok().filter(|url| !url.is_empty()),
        app_url: std::env::var("RAPPORT_APP_URL").ok().filter(|url| !url.is_empty()),
        seed: if seed == "demo" { Seed::Demo } else { Seed::Empty },
        ..usual
    })
}

#[tokio::main]
async fn run(arguments: &ArgMatches) -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let config = config(arguments)?;
    let _ = announce(&config);
    let stack = Stack::start(&config).await?;
    // Who does not read this, or no longer, can still use what is running.
    let _ = tell(&stack);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::select! {
        () = stack.stop() => {}
        // Asked twice: whoever asks does not want to wait. Nothing that was acknowledged is lost.
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// A first start takes a moment: says why.
fn announce(config: &Config) -> std::io::Result<()> {
    if config.seed == Seed::Demo && !config.data_dir.exists() {
        writeln!(std::io::stdout(), "First start: making the demonstration data ...")?;
    }
    Ok(())
}

/// Says where everything is and how to get in.
fn tell(stack: &Stack) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let base = stack.base_url().unwrap_or_default();
    let folder = stack.data_dir().display();
    writeln!(out, "Rapport is running. Stop it with Ctrl-C; everything is kept.")?;
    writeln!(out)?;
    writeln!(out, "  API          {base}/v1")?;
    writeln!(out, "  How to ask   {base}/docs")?;
    match stack.issuer() {
        Some(issuer) => {
            writeln!(out, "  Sign-in      {} (OpenID Connect, client {})", issuer.url(), Issuer::CLIENT_ID)?
        }
        None => writeln!(out, "  Sign-in      off: it asks for no proof, so it is for --host 127.0.0.1 only")?,
    }
    if let Some(mailbox) = stack.mailbox_url() {
        writeln!(out, "  Mailbox      {mailbox} (what was sent; nothing leaves this machine)")?;
    }
    writeln!(out, "  AWS clients  {}", stack.aws_url().unwrap_or_default())?;
    writeln!(out, "  Data         {folder}")?;
    writeln!(out, "  API key      {folder}/api-key (an administrator of the workspace demo)")?;
    writeln!(out)?;
    writeln!(out, "Try it:")?;
    writeln!(out, "  curl -H \"Authorization: Bearer $(cat {folder}/api-key)\" {base}/v1/contacts?limit=3")?;
    writeln!(out)?;
    writeln!(out, "Functions of your own process (cargo lambda watch) find table, queues and files with:")?;
    writeln!(out, "  set -a; . {folder}/aws.env; set +a")?;
    out.flush()
}
