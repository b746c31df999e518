//! What can be chosen about a stack.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use api::Rates;
use table::Rate;

/// What a new data directory starts with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Seed {
    /// The workspace `demo` with people, and a few hundred contacts.
    Demo,
    /// The workspace `demo` with its administrator and nothing else.
    #[default]
    Empty,
}

/// What can be chosen about a stack.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The address that people's port listens on.
    pub host: IpAddr,
    /// The port for people: 0 for any that is free, `None` for no port.
    pub port: Option<u16>,
    /// Where people reach that port, if that is not this machine's own address: what addresses of files begin with.
    pub files_url: Option<String>,
    /// Where the web app is, to which mails lead.
    pub app_url: Option<String>,
    /// The port for AWS clients, always on the loopback address: 0 for any that is free, `None` for no port.
    pub aws_port: Option<u16>,
    /// Where web apps may call from, as the template's parameter `CorsOrigins` says; `None`: as it says by itself.
    pub cors_origins: Option<Vec<String>>,
    /// How many requests callers may make: as many as nobody makes on one machine, unless something else is said.
    pub rates: Rates,
    /// What a new data directory starts with.
    pub seed: Seed,
    /// Whether streams and queues are carried in the background, or only by `drain`.
    pub background: bool,
}

/// Far more than the stack answers: whoever develops, tests or measures on it is not to meet a limit.
const FREELY: Rate = match Rate::of(Config::REQUESTS_PER_SECOND) {
    Some(rate) => rate,
    None => panic!("a rate has to be at least 1"),
};

impl Config {
    /// How many requests a second a caller may make unless something else is said.
    pub const REQUESTS_PER_SECOND: u32 = 100_000;
    /// The port that people use unless they choose another.
    pub const PORT: u16 = 4000;
    /// The port that AWS clients use unless another is chosen, as of emulators everywhere.
    pub const AWS_PORT: u16 = 4566;

    /// A stack on two ports of its own choice, empty, that works in the background.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: Some(0),
            files_url: None,
            app_url: None,
            aws_port: Some(0),
            cors_origins: None,
            rates: Rates { key: FREELY, user: FREELY },
            seed: Seed::Empty,
            background: true,
        }
    }

    /// A stack for a test: no ports, and nothing happens behind the test's back.
    #[must_use]
    pub fn quiet(data_dir: impl Into<PathBuf>) -> Self {
        Self { port: None, aws_port: None, background: false, ..Self::new(data_dir) }
    }
}
