//! Small documents from elsewhere: what an identity provider says of itself and of a person.

use std::convert::Infallible;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;
use kernel::{Error, Result, Secret};

use crate::clients::https;
use crate::roots::trusted_at;

/// How long an answer may take: whoever signs in waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest document that is taken, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Somebody who gets documents over HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Web {
    http: SharedHttpClient,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The status (RFC 9110).
    pub status: u16,
    /// What was answered.
    pub body: Bytes,
}

/// What is asked for: a path with its query, and in whose name.
#[derive(Debug)]
struct Asked {
    path: String,
    bearer: Option<Secret>,
}

impl Web {
    /// For documents of one address. It trusts Amazon's roots where Amazon answers, as in a user pool, and else the system's.
    #[must_use]
    pub fn of(address: &str) -> Self {
        Self { http: https(trusted_at(address)) }
    }

    /// Gets a document, in the name of whoever has a token (RFC 6750). Tried once, within five seconds; redirections are not followed.
    ///
    /// # Errors
    /// When the address is not absolute, when nobody answers, and when the document is larger than any that is meant to be read.
    pub async fn get(&self, url: &str, bearer: Option<&Secret>) -> Result<Got> {
        let (origin, path) = split(url).ok_or_else(|| Error::bug(format!("{url} is no address")))?;
        let asked = Asked { path: path.to_owned(), bearer: bearer.cloned() };
        let timeouts = TimeoutConfig::builder().connect_timeout(PATIENCE).operation_timeout(PATIENCE).build();
        let operation = Operation::builder()
            .service_name("web")
            .operation_name("get")
            .http_client(self.http.clone())
            .endpoint_url(origin)
            .no_auth()
            .no_retry()
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts)
            .serializer(|asked: Asked| request(&asked))
            .deserializer::<Got, Infallible>(|response| {
                let body = Bytes::copy_from_slice(response.body().bytes().unwrap_or_default());
                Ok(Got { status: response.status().as_u16(), body })
            })
            .build();
        let got = operation.invoke(asked).await;
        let got = got.map_err(|error| Error::unavailable(format!("{origin}: {}", DisplayErrorContext(error))))?;
        if got.body.len() > MAX_BYTES {
            return Err(Error::unavailable(format!("{origin} answers more than {MAX_BYTES} bytes")));
        }
        Ok(got)
    }
}

fn request(asked: &Asked) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::empty();
    request.set_uri(asked.path.as_str())?;
    request.headers_mut().try_insert("accept", "application/json")?;
    if let Some(bearer) = &asked.bearer {
        request.headers_mut().try_insert("authorization", ["Bearer ", bearer.reveal()].concat())?;
    }
    Ok(request)
}

/// The origin of an address, and its path with the query.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let is_web = ["http", "https"].contains(&scheme) && authority > 0 && !rest.contains(['#', ' ', '\\']);
    let (origin, path) = url.split_at_checked(scheme.len() + 3 + authority)?;
    is_web.then_some((origin, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_origin_and_a_path() {
        let address = "https://id.example:8443/a/b?c=d";
        assert_eq!(split(address), Some(("https://id.example:8443", "/a/b?c=d")));
        assert_eq!(split("http://localhost:4000"), Some(("http://localhost:4000", "/")));
        for wrong in ["id.example/a", "ftp://id.example/", "https:///a", "https://id.example/#a", "https://a b/"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
