//! What all AWS clients share: region, credentials, endpoint, HTTP client.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{self, TlsContext};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

/// An environment variable that Rapport cannot run without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable(pub &'static str);

impl std::fmt::Display for MissingVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the environment variable {} is not set", self.0)
    }
}
impl std::error::Error for MissingVariable {}

/// Settings from which the clients of all AWS services are made.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    /// Whether everything goes to one address that is not AWS: S3 then needs paths instead of host names.
    own_endpoint: bool,
}

impl Clients {
    /// Clients as the environment says: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN` and, for anything that is not AWS itself, `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// When a variable is missing.
    pub fn from_env() -> Result<Self, MissingVariable> {
        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let (region, endpoint) = (required("AWS_REGION")?, variable("AWS_ENDPOINT_URL"));
        let http = https(crate::roots::trusted(&region, endpoint.as_deref()));
        Ok(Self::new(&region, credentials, http, endpoint.as_deref()))
    }

    /// Clients that reach everything through an HTTP client of the caller's: engines inside the process.
    #[must_use]
    pub fn in_process(http: SharedHttpClient) -> Self {
        Self::in_process_with(http, "local")
    }

    /// The same, with a secret for what outlives a request: addresses of files that are signed by it.
    #[must_use]
    pub fn in_process_with(http: SharedHttpClient, secret: &str) -> Self {
        let credentials = Credentials::new("local", secret, None, None, "in process");
        Self::new("eu-central-1", credentials, http, Some("http://in-process.invalid"))
    }

    fn new(region: &str, credentials: Credentials, http: SharedHttpClient, endpoint: Option<&str>) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            // A request has 30 seconds in the gateway: better two quick tries than one that hangs.
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(2))
                    .operation_attempt_timeout(Duration::from_secs(8))
                    .build(),
            );
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self { config: config.build(), own_endpoint: endpoint.is_some() }
    }

    /// The settings that the clients of the services are made from.
    #[must_use]
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    pub(crate) const fn own_endpoint(&self) -> bool {
        self.own_endpoint
    }
}

/// A client of HTTP with and without TLS.
pub(crate) fn https(trusted: TlsContext) -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .tls_context(trusted)
        .build_https()
}

#[expect(clippy::disallowed_methods, reason = "AWS settings come from the environment, and are read here only")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> Result<String, MissingVariable> {
    variable(name).ok_or(MissingVariable(name))
}
