//! Everything together.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use testkit::Engine;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::Aws;
use crate::aws::files::Files;
use crate::aws::queues::Queues;
use crate::config::{Config, Seed};
use crate::data_dir::DataDir;
use crate::gateway::{Gateway, SignedFiles};
use crate::invoke::{Functions, Installed};
use crate::issuer::Issuer;
use crate::mailbox::{self, Mailbox};
use crate::ports::Port;
use crate::pumps::Pumps;
use crate::state::State;
use crate::template::{Expiration, Template};
use crate::{first, functions, seed};

/// The table's name here.
pub const TABLE: &str = "rapport";
/// The bucket's name here.
pub const BUCKET: &str = "rapport";
/// The queue, by its logical name in the template, that asks for snapshots.
const SNAPSHOTS_QUEUE: &str = "SnapshotsQueue";
/// The queue, by its logical name in the template, that asks the worker of jobs.
const JOBS_QUEUE: &str = "JobsQueue";
/// The queue, by its logical name in the template, that asks the worker of mail.
const MAIL_QUEUE: &str = "MailQueue";
/// Who mails are from here. They reach the mailbox and nobody else.
pub(crate) const MAIL_FROM: &str = "rapport@localhost.example";

/// What stands for the services' address while they have no port.
const IN_PROCESS: &str = "http://in-process.invalid";
/// How long requests that are being answered may take once the stack is told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How often what has expired is removed: the stream's records and files, and, since the engine reads the whole table for it,
/// items of the table in one of so many rounds only. DynamoDB takes days.
const SWEEP: Duration = Duration::from_secs(60);
const ROUNDS: u32 = 60;
/// How long the stream is kept, as DynamoDB does.
const STREAM_RETENTION: Duration = Duration::from_secs(24 * 3600);

/// What functions are made from.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The transport of SDK clients to the services in this process.
    pub http: SharedHttpClient,
    /// The URL of the queue that asks for snapshots.
    pub snapshots_queue: String,
    /// The URL of the queue that asks the worker of jobs.
    pub jobs_queue: String,
    /// The URL of the queue that asks the worker of mail.
    pub mail_queue: String,
    /// Where the web app is; empty: mails lead nowhere.
    pub app_url: String,
    /// What this process has read of schemas. All functions are one process here, so a change is known to all of them at
    /// once; in Lambda it takes up to a minute.
    pub schemas: records::Schemas,
    /// Where people reach the files.
    pub files_url: String,
    /// Who signs people in; nobody, while other machines can reach the port for people.
    pub issuer: Option<Issuer>,
    /// How many requests callers may make.
    pub rates: api::Rates,
    pub(crate) files_secret: String,
    data_dir: PathBuf,
}

impl Parts {
    /// A folder for the replicas of one function: in Lambda each has its own, too.
    #[must_use]
    pub fn replicas(&self, artefact: &str) -> PathBuf {
        self.data_dir.join("replicas").join(artefact)
    }
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    data_dir: DataDir,
    aws: Aws,
    parts: Parts,
    gateway: Gateway,
    files: SignedFiles,
    pumps: Pumps,
    state: Arc<State>,
    expirations: Arc<[Expiration]>,
    api_key: String,
    host: IpAddr,
    address: Option<SocketAddr>,
    aws_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
    background: JoinSet<()>,
}

impl Stack {
    /// Starts Rapport: this repository's template with its functions, a workspace `demo`, and what `config.seed` says.
    ///
    /// # Errors
    /// When the data directory is in use, a port is taken, or the template has something that does not run here.
    pub async fn start(config: &Config) -> Result<Self> {
        Self::start_behind(config, |http| http).await
    }

    /// As [`Self::start`], with something of the caller's between the functions and the services: `testkit::Faults`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_behind(
        config: &Config,
        wrap: impl FnOnce(SharedHttpClient) -> SharedHttpClient,
    ) -> Result<Self> {
        let template = Template::of_this_build()?;
        let mut stack = Self::start_with(config, &template, |parts| {
            let parts = Parts { http: wrap(parts.http.clone()), ..parts.clone() };
            Ok(functions::all(&parts))
        })
        .await?;
        let app = stack.app();
        let key = first::api_key(&app, stack.data_dir()).await?;
        if config.seed == Seed::Demo {
            seed::demo(&app, &stack.state, &key).await?;
        }
        stack.api_key = key;
        stack.write_environment()?;
        Ok(stack)
    }

    /// Starts a stack of this template with these functions.
    ///
    /// # Errors
    /// When the data directory is in use, a port is taken, or the template has something that does not run here.
    pub async fn start_with(
        config: &Config,
        template: &Template,
        functions: impl FnOnce(&Parts) -> Result<Functions>,
    ) -> Result<Self> {
        let data_dir = DataDir::take(&config.data_dir)?;
        let template = &mailbox::told_of_removals(template.with_origins(config.cors_origins.as_deref()))?;
        // Both ports before any work, so that a message about them comes at once and alone.
        let port = open(config.host, config.port, "--port").await?;
        let aws_port = open(IpAddr::V4(Ipv4Addr::LOCALHOST), config.aws_port, "--aws-port").await?;
        let [address, aws_address] = [&port, &aws_port].map(|port| port.as_ref().map(Port::address));
        let endpoint = aws_address.map_or_else(|| IN_PROCESS.to_owned(), |address| format!("http://{address}"));

        let state = Arc::new(State::open(&data_dir.join("state.sqlite"))?);
        let files_secret = first::files_secret(data_dir.path())?;
        let queues = Queues::new(state.clone(), template.queues.clone())?;
        let aws = aws_in(&data_dir, queues, &files_secret, &endpoint)?;
        let people = address.map(|address| address.port());
        let parts = Parts {
            http: aws.http_client(),
            snapshots_queue: aws.queue_url(SNAPSHOTS_QUEUE),
            jobs_queue: aws.queue_url(JOBS_QUEUE),
            mail_queue: aws.queue_url(MAIL_QUEUE),
            app_url: config.app_url.clone().unwrap_or_default(),
            schemas: records::Schemas::default(),
            issuer: Issuer::behind(config.host, people, data_dir.path(), &state)?,
            files_url: config.files_url.clone().unwrap_or_else(|| here(address)),
            rates: config.rates,
            files_secret,
            data_dir: data_dir.path().to_owned(),
        };
        let installed = Installed::new(template, &aws.mailbox().among(functions(&parts)?))?;
        let gateway = Gateway::new(template, installed.clone());
        let pumps = Pumps::new(template, &aws, &state, TABLE, &installed);

        let (stop, stopped) = watch::channel(false);
        let mut stack = Self {
            data_dir,
            parts,
            gateway,
            files: SignedFiles::new(&aws, template.files_cors.as_ref()),
            aws,
            pumps,
            state,
            expirations: template.expirations.clone().into(),
            api_key: String::new(),
            host: config.host,
            address,
            aws_address,
            stop,
            servers: JoinSet::new(),
            background: JoinSet::new(),
        };
        stack.serve(port, aws_port, &stopped);
        if config.background {
            stack.pumps.start(&stack.aws, &mut stack.background);
            stack.keep_house();
        }
        Ok(stack)
    }

    fn serve(&mut self, port: Option<Port>, aws_port: Option<Port>, stopped: &watch::Receiver<bool>) {
        if let Some(port) = port {
            port.serve(self.router(), stopped.clone(), &mut self.servers);
        }
        if let Some(port) = aws_port {
            port.serve(self.aws.router(), stopped.clone(), &mut self.servers);
        }
    }

    fn keep_house(&mut self) {
        let (engine, pumps) = (self.aws.engine().clone(), self.pumps.clone());
        let (aws, expirations) = (self.aws.clone(), Arc::clone(&self.expirations));
        self.background.spawn(async move {
            let mut rounds = (0..ROUNDS).cycle().peekable();
            while let Some(&round) = rounds.peek() {
                let (engine, done) = (engine.clone(), pumps.done().await);
                let (aws, expirations) = (aws.clone(), Arc::clone(&expirations));
                let work = move || -> [Result<usize>; 3] {
                    let swept = if round == 0 { engine.sweep_ttl() } else { Ok(0) };
                    let expired = aws.expire(BUCKET, &expirations);
                    // Nothing is trimmed before every consumer has read something.
                    let trimmed = done.map_or(Ok(0), |done| engine.trim_stream(TABLE, STREAM_RETENTION, &done));
                    [swept.map_err(Into::into), expired, trimmed.map_err(Into::into)]
                };
                match tokio::task::spawn_blocking(work).await {
                    Ok(done) => {
                        // A table that could not be swept is tried again in a minute and not in an hour.
                        if let [Ok(_), ..] = done {
                            rounds.next();
                        }
                        for error in done.into_iter().filter_map(Result::err) {
                            tracing::warn!(%error, "what has expired could not be removed");
                        }
                    }
                    Err(error) => tracing::error!(%error, "what has expired could not be removed"),
                }
                tokio::time::sleep(SWEEP).await;
            }
        });
    }

    /// What a capability works with, for tests that call one directly.
    #[must_use]
    pub fn app(&self) -> api::App {
        functions::app(&self.parts, "app")
    }

    /// The administrator's API key; empty for a stack of other functions than Rapport's.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Writes the variables with which functions in processes of their own find this stack, for a shell to read.
    fn write_environment(&self) -> Result<()> {
        let Some(endpoint) = self.aws_url() else { return Ok(()) };
        let (snapshots, jobs, mail) = (&self.parts.snapshots_queue, &self.parts.jobs_queue, &self.parts.mail_queue);
        let replicas = self.parts.replicas("watch");
        let Parts { files_url, files_secret, app_url, rates, .. } = &self.parts;
        let text = format!(
            "AWS_ENDPOINT_URL={endpoint}\nAWS_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=local\nAWS_SECRET_ACCESS_KEY={files_secret}\n\
             RAPPORT_TABLE={TABLE}\nRAPPORT_BUCKET={BUCKET}\nRAPPORT_SNAPSHOTS_QUEUE={snapshots}\n\
             RAPPORT_JOBS_QUEUE={jobs}\nRAPPORT_MAIL_QUEUE={mail}\nRAPPORT_MAIL_FROM={MAIL_FROM}\nRAPPORT_APP_URL='{app_url}'\nRAPPORT_FILES_URL={files_url}\n\
             RAPPORT_KEY_RATE={}\nRAPPORT_USER_RATE={}\n\
             RAPPORT_REPLICA_DIR='{}'\nRAPPORT_AUTHORIZE=inline",
            rates.key.per_second(),
            rates.user.per_second(),
            replicas.display()
        );
        first::keep(&self.data_dir.join("aws.env"), &text).context("cannot write aws.env")
    }

    /// What functions are made from, for clients of one's own.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Where everything is kept.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// The address for people on this machine, `http://127.0.0.1:4000`, if the stack has that port.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        self.address.map(|address| here(Some(address)))
    }

    /// The address for AWS clients, `http://127.0.0.1:4566`, if the stack has that port.
    #[must_use]
    pub fn aws_url(&self) -> Option<String> {
        self.aws_address.map(|address| format!("http://{address}"))
    }

    /// Who signs people in, if somebody does.
    #[must_use]
    pub fn issuer(&self) -> Option<&Issuer> {
        self.parts.issuer.as_ref()
    }

    /// What the port for people serves, without a socket: the gateway, files for whoever has a signed address, the sign-in, and the
    /// mailbox.
    pub fn router(&self) -> axum::Router {
        let router = self.gateway.router().merge(self.files.router(BUCKET));
        let here = self.issuer().map(Issuer::router).into_iter().chain(self.aws.mailbox().router(self.host));
        here.fold(router, axum::Router::merge)
    }

    /// Where people on this machine read what was sent, if the stack has a port for them and nobody else can reach it.
    #[must_use]
    pub fn mailbox_url(&self) -> Option<String> {
        let port = self.address?.port();
        crate::issuer::is_localhost(self.host).then(|| format!("http://localhost:{port}/mailbox"))
    }

    /// The engine behind the table.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.aws.engine()
    }

    /// Makes the gateway ask the authorizer again, as it does after a minute.
    pub fn forget_callers(&self) {
        self.gateway.forget_callers();
    }

    /// Carries streams and queues until nothing is left to do now.
    ///
    /// # Errors
    /// When the stack itself fails; functions that fail are tried again, and given up as the template says.
    pub async fn drain(&self) -> Result<()> {
        self.pumps.drain().await
    }

    /// Runs every function that runs by the clock, now.
    pub async fn run_schedules(&self) {
        self.pumps.run_schedules().await;
    }

    /// Removes what has expired, as DynamoDB does within days.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn sweep_ttl(&self) -> Result<usize> {
        self.aws.engine().sweep_ttl().context("the sweep")
    }

    /// Stops: no more requests, those under way are answered, background work ends where it is and goes on at the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let served = async { while self.servers.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, served).await.is_err() {
            tracing::warn!("some requests were not answered in time");
        }
        self.servers.shutdown().await;
        self.background.shutdown().await;
    }
}

/// The services with the table and the bucket.
fn aws_in(data_dir: &DataDir, queues: Queues, files_secret: &str, endpoint: &str) -> Result<Aws> {
    let engine = Engine::open(&data_dir.join("table.sqlite"))?;
    engine.create_table(TABLE)?;
    let files = Files::new(&data_dir.join("files"), files_secret)?;
    let mailbox = Mailbox::open(&data_dir.join("mailbox.sqlite"))?;
    let aws = Aws::new(engine, queues, files, mailbox, endpoint);
    aws.create_bucket(BUCKET)?;
    Ok(aws)
}

/// An address on this machine; without a port, one that nobody can reach but by [`Stack::router`].
fn here(address: Option<SocketAddr>) -> String {
    let Some(mut address) = address else { return "http://localhost".to_owned() };
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

async fn open(host: IpAddr, port: Option<u16>, flag: &str) -> Result<Option<Port>> {
    match port {
        Some(port) => Port::open(host, port, flag).await.map(Some),
        None => Ok(None),
    }
}
