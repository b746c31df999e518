//! The settings of a function: the one place that reads Rapport's own environment variables.

use std::path::PathBuf;

use auth::{Emulator, Issuer, SignUp};
use cloud::{Clients, MissingVariable};

/// Where an emulator answers in the place of the issuer: set by `cargo xtask cloud` alone.
const EMULATOR: &str = "RAPPORT_ISSUER_EMULATOR";

/// Why the environment is not good enough to start.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Something is not said.
    #[error(transparent)]
    Missing(#[from] MissingVariable),
    /// The issuer's emulator is on another machine, where anybody could answer.
    #[error("{EMULATOR} is no origin on this machine: {0}")]
    Emulator(String),
}

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
    /// When something is missing that no function can do without, or an emulator is named that is not on this machine.
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
            issuer: issuer(variable)?,
            sign_up: SignUp::parse(&variable("RAPPORT_SIGN_UP").unwrap_or_default()),
            #[cfg(feature = "app")]
            rates: rates(),
            authorize_inline: variable("RAPPORT_AUTHORIZE").as_deref() == Some("inline"),
        })
    }
}

/// The issuer that the environment names, if it names one and what it calls Rapport.
fn issuer(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Issuer>, SettingsError> {
    let emulator =
        variable(EMULATOR).map(|origin| Emulator::at(&origin).ok_or(SettingsError::Emulator(origin))).transpose()?;
    let named = variable("RAPPORT_ISSUER").zip(variable("RAPPORT_CLIENT_ID"));
    Ok(named.map(|(url, client_id)| Issuer { url, client_id, audience: variable("RAPPORT_AUDIENCE"), emulator }))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer_of(pairs: &[(&str, &str)]) -> Result<Option<Issuer>, SettingsError> {
        issuer(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_issuer_is_one_with_what_it_calls_rapport() {
        let both = [("RAPPORT_ISSUER", "https://id.example"), ("RAPPORT_CLIENT_ID", "rapport")];
        let issuer = issuer_of(&both).unwrap().unwrap();
        assert_eq!((issuer.url.as_str(), issuer.client_id.as_str()), (both[0].1, both[1].1));
        assert_eq!((issuer.audience, issuer.emulator), (None, None));
        assert_eq!(issuer_of(&both[..1]).unwrap(), None);
        assert_eq!(issuer_of(&both[1..]).unwrap(), None);
    }

    #[test]
    fn nothing_starts_with_an_emulator_that_is_elsewhere() {
        let with = |emulator: &'static str| {
            issuer_of(&[
                ("RAPPORT_ISSUER", "https://id.example"),
                ("RAPPORT_CLIENT_ID", "rapport"),
                (EMULATOR, emulator),
            ])
        };
        assert!(with("http://127.0.0.1:4566").unwrap().unwrap().emulator.is_some());
        for elsewhere in ["http://id.example", "https://id.example", "http://169.254.169.254"] {
            assert!(matches!(with(elsewhere), Err(SettingsError::Emulator(_))), "{elsewhere}");
        }
    }
}
