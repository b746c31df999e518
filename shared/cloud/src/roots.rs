//! Whom a TLS connection trusts.
//!
//! All services of AWS show certificates that lead to one of the five roots of Amazon Trust Services. To read all roots of the
//! system instead, about 140 in one file and once more in 150, is more than half of what a function does before its first call.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

use crate::clients::variable;

/// The roots of Amazon Trust Services, as its repository publishes them: Amazon Root CA 1 to 4 and Starfield Services G2. The
/// first of them ends in 2037.
const AMAZON: &str = include_str!("roots.pem");

/// Amazon's roots for AWS itself, those of the system for everything else.
pub(crate) fn trusted(region: &str, endpoint: Option<&str>) -> TlsContext {
    let store = match needs_system(region, endpoint, variable("SSL_CERT_FILE").or_else(|| variable("SSL_CERT_DIR"))) {
        true => TrustStore::default(),
        false => TrustStore::empty().with_pem_certificate(AMAZON),
    };
    TlsContext::builder().with_trust_store(store).build().expect("a trust store is all that it takes")
}

/// Whether other roots than Amazon's are wanted: for an endpoint that is not AWS, in partitions that have roots of their own,
/// and where somebody says which certificates to use.
fn needs_system(region: &str, endpoint: Option<&str>, chosen: Option<String>) -> bool {
    let elsewhere = endpoint.is_some_and(|endpoint| endpoint.starts_with("https:"));
    let other_partition = region.starts_with("cn-") || region.contains("-iso");
    elsewhere || other_partition || chosen.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_are_trusted_where_amazon_answers() {
        assert_eq!(AMAZON.matches("BEGIN CERTIFICATE").count(), 5);
        assert!(!needs_system("eu-central-1", None, None));
        assert!(!needs_system("us-gov-west-1", None, None));
        assert!(needs_system("cn-north-1", None, None) && needs_system("us-iso-east-1", None, None));
        assert!(needs_system("eu-central-1", Some("https://dynamodb.example"), None));
        assert!(needs_system("eu-central-1", None, Some("/etc/roots.pem".to_owned())));
    }

    #[test]
    fn the_roots_can_be_read() {
        let context = trusted("eu-central-1", None);
        // Reads them, and panics over one that is none.
        let provider = aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        );
        drop(aws_smithy_http_client::Connector::builder().tls_provider(provider).tls_context(context).build());
    }
}
