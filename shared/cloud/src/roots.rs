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
    context(needs_system(region, endpoint, chosen()))
}

/// The same for an address outside AWS's own interfaces: an identity provider's.
pub(crate) fn trusted_at(address: &str) -> TlsContext {
    context(!is_amazons(address) || chosen().is_some())
}

/// Which certificates somebody says are to be used.
fn chosen() -> Option<String> {
    variable("SSL_CERT_FILE").or_else(|| variable("SSL_CERT_DIR"))
}

fn context(by_system: bool) -> TlsContext {
    let store = if by_system { TrustStore::default() } else { TrustStore::empty().with_pem_certificate(AMAZON) };
    TlsContext::builder().with_trust_store(store).build().expect("a trust store is all that it takes")
}

/// Whether Amazon answers at an address: an issuer of Cognito's, or the sign-in domain of one.
fn is_amazons(address: &str) -> bool {
    let host = address.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    [".amazonaws.com", ".amazoncognito.com"].iter().any(|domain| host.ends_with(domain))
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
    fn a_user_pool_is_amazons() {
        assert!(is_amazons("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCd"));
        assert!(is_amazons("https://rapport.auth.eu-central-1.amazoncognito.com/oauth2/userInfo"));
        for other in [
            "http://x.amazonaws.com/",
            "https://id.example/.amazonaws.com",
            "https://amazonaws.com.example/",
            "https://id.example:443/?x=.amazonaws.com",
        ] {
            assert!(!is_amazons(other), "{other}");
        }
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
