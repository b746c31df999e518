//! The settings of a function: the one place that reads Rapport's own environment variables.

use std::path::PathBuf;

use auth::{Issuer, SignUp};
use cloud::{Clients, MissingVariable};

/// Why the environment is not good enough to start.
pub type SettingsError = MissingVariable;

/// Everything that the environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which entry point of the binary this is: `http`, `worker`, `stream` …
    pub entry: String,
    /// AWS: region, credentials, endpoint.
    pub clients: Clients,
    /// The table's name.
    pub table: String,
    /// The bucket; empty where the function uses no files.
    pub bucket: String,
    /// Where others reach the bucket; empty where that is AWS's own address.
    pub files_url: String,
    /// The URL of the snapshot worker's queue; empty where the function sends to none.
    pub snapshots_queue: String,
    /// The URL of the queue of the worker of jobs; empty where the function sends to none.
    pub jobs_queue: String,
    /// The URL of the queue of the worker of mail; empty where the function sends to none.
    pub mail_queue: String,
    /// Who mails are from, an address that SES knows; empty: no mail is sent.
    pub mail_from: String,
    /// The configuration set by which mails are sent; empty: by none.
    pub mail_configuration_set: String,
    /// Where the web app is; empty: mails lead nowhere.
    pub app_url: String,
    /// Where replicas are kept: the only place that a function may write to is `/tmp`.
    pub replica_dir: PathBuf,
    /// Whom people sign in at; `None`: only API keys get in.
    pub issuer: Option<Issuer>,
    /// Who may begin a workspace of their own.
    pub sign_up: SignUp,
    /// How many requests callers may make; `None`: nobody is limited.
    #[cfg(feature = "app")]
    pub rates: Option<api::Rates>,
    /// Whether the function verifies credentials itself, since no gateway does it.
    pub authorize_inline: bool,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When something is missing that no function can do without.
    pub fn from_env() -> Result<Self, SettingsError> {
        let entry = variable("RAPPORT_ENTRY").or_else(|| variable("_HANDLER")).unwrap_or_default();
        Ok(Self {
            entry,
            clients: Clients::from_env()?,
            table: variable("RAPPORT_TABLE").ok_or(MissingVariable("RAPPORT_TABLE"))?,
            bucket: variable("RAPPORT_BUCKET").unwrap_or_default(),
            files_url: variable("RAPPORT_FILES_URL").unwrap_or_default(),
            snapshots_queue: variable("RAPPORT_SNAPSHOTS_QUEUE").unwrap_or_default(),
            jobs_queue: variable("RAPPORT_JOBS_QUEUE").unwrap_or_default(),
            mail_queue: variable("RAPPORT_MAIL_QUEUE").unwrap_or_default(),
            mail_from: variable("RAPPORT_MAIL_FROM").unwrap_or_default(),
            mail_configuration_set: variable("RAPPORT_MAIL_CONFIGURATION_SET").unwrap_or_default(),
            app_url: variable("RAPPORT_APP_URL").unwrap_or_default(),
            replica_dir: variable("RAPPORT_REPLICA_DIR").map_or_else(|| PathBuf::from("/tmp/replicas"), PathBuf::from),
            issuer: issuer(),
            sign_up: SignUp::parse(&variable("RAPPORT_SIGN_UP").unwrap_or_default()),
            #[cfg(feature = "app")]
            rates: rates(),
            authorize_inline: variable("RAPPORT_AUTHORIZE").as_deref() == Some("inline"),
        })
    }
}

/// The issuer that the environment names, if it names one and what it calls Rapport.
fn issuer() -> Option<Issuer> {
    let (url, client_id) = (variable("RAPPORT_ISSUER")?, variable("RAPPORT_CLIENT_ID")?);
    Some(Issuer { url, client_id, audience: variable("RAPPORT_AUDIENCE") })
}

/// How many requests a second the environment lets callers make, if it says so of keys and of users.
#[cfg(feature = "app")]
fn rates() -> Option<api::Rates> {
    let rate = |name| variable(name)?.parse().ok().and_then(table::Rate::of);
    Some(api::Rates { key: rate("RAPPORT_KEY_RATE")?, user: rate("RAPPORT_USER_RATE")? })
}

#[expect(clippy::disallowed_methods, reason = "settings come from the environment, and are read here only")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
