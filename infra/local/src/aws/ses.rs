//! SES on the wire: the one operation by which Rapport's functions send mails, in the AWS query protocol. What is sent goes into the
//! mailbox and nowhere else.

use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode, request};

use crate::mailbox::{Incoming, Mailbox};

const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";
/// The most recipients of one mail.
const MOST_RECIPIENTS: usize = 50;
/// The largest mail, in bytes.
const LARGEST: usize = 10 * 1024 * 1024;

/// A refusal: code and message.
struct Refusal(&'static str, String);

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal("InvalidParameterValue", message.into())
}

/// Whether a request speaks the query protocol.
pub(crate) fn is_meant(parts: &request::Parts) -> bool {
    let media = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    parts.method == Method::POST && parts.uri.path() == "/" && media.starts_with(b"application/x-www-form-urlencoded")
}

/// Answers one operation.
pub(crate) fn answer(mailbox: &Mailbox, body: &[u8]) -> Response<SdkBody> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let request_id = uuid::Uuid::new_v4();
    let told = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    match send(mailbox, &Fields(&fields)) {
        Ok(id) => xml(
            StatusCode::OK,
            format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult><MessageId>{id}</MessageId></SendRawEmailResult>\
                 {told}</SendRawEmailResponse>"
            ),
        ),
        Err(Refusal(code, message)) => {
            let (status, kind) = match code {
                "InternalFailure" => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
                _ => (StatusCode::BAD_REQUEST, "Sender"),
            };
            // Every message here is written in this file.
            let error = format!("<Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            xml(
                status,
                format!(
                    "<ErrorResponse xmlns=\"{NAMESPACE}\">{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
                ),
            )
        }
    }
}

fn send(mailbox: &Mailbox, fields: &Fields<'_>) -> Result<String, Refusal> {
    match fields.of("Action") {
        Some("SendRawEmail") => {}
        _ => return Err(Refusal("InvalidAction", "This operation is not done here.".to_owned())),
    }
    let data = fields.of("RawMessage.Data").and_then(|data| STANDARD.decode(data).ok());
    let raw = data.filter(|raw| !raw.is_empty()).ok_or_else(|| invalid("RawMessage.Data is needed, in base64."))?;
    if raw.len() > LARGEST {
        return Err(invalid("The message is too long."));
    }
    let source = fields.of("Source").ok_or_else(|| invalid("Source is needed."))?;
    let to = fields.list("Destinations.member.");
    if to.is_empty() || to.len() > MOST_RECIPIENTS {
        return Err(invalid("Between 1 and 50 Destinations are needed."));
    }
    for address in to.iter().copied().chain([source]) {
        judge(address)?;
    }
    let incoming = Incoming { source, to: &to, raw: &raw };
    mailbox.keep(&incoming).map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "the mailbox failed");
        Refusal("InternalFailure", "The mailbox failed.".to_owned())
    })
}

/// What SES says of addresses that are none, in its words as far as they name nobody.
fn judge(address: &str) -> Result<(), Refusal> {
    let Some((local, domain)) =
        address.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty())
    else {
        return Err(invalid("Missing final '@domain'"));
    };
    if !domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        return Err(invalid("Domain contains illegal character"));
    }
    if !local.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("Local address contains control or whitespace"));
    }
    Ok(())
}

/// The fields of a request.
struct Fields<'a>(&'a [(String, String)]);

impl<'a> Fields<'a> {
    fn of(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    fn list(&self, prefix: &str) -> Vec<&'a str> {
        self.0.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value.as_str()).collect()
    }
}

fn xml(status: StatusCode, body: String) -> Response<SdkBody> {
    let mut response = Response::new(SdkBody::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}
