//! Mail: handing a message to SES.
//!
//! What SES says in words about a mail it does not take names addresses, so only its codes go further.

use aws_sdk_ses::Client;
use aws_sdk_ses::config::Builder;
use aws_sdk_ses::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use aws_smithy_types::retry::RetryConfig;
use kernel::{Error, Result};

use crate::Clients;
use crate::lazy::{Lazy, lazy};

/// What SES says of a mail that it will not take later either: of its address or of what is in it.
const REFUSALS: [&str; 4] =
    ["InvalidParameterCombination", "InvalidParameterValue", "MessageRejected", "ValidationError"];
/// How SES's words begin when it knows the sender not yet, or, in its sandbox, the recipient: then it rejects the message, but it
/// is the account that has to be set up.
const NOT_VERIFIED: &str = "Email address is not verified";
/// What it says when it is busy or fails.
const BUSY: [&str; 7] = [
    "InternalFailure",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The way out for mails.
#[derive(Debug, Clone)]
pub struct Mail {
    client: Lazy<Client>,
    from: String,
    configuration_set: Option<String>,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// SES has taken it, under this id.
    Taken(String),
    /// SES does not take it, now or later: its recipient's address is none, is known not to exist, or something in it is not
    /// allowed. With SES's code.
    Refused(String),
}

impl Mail {
    /// `from` is the address that mails are from, which SES has to know; empty where none are sent. `configuration_set` may be empty.
    #[must_use]
    pub fn new(clients: &Clients, from: &str, configuration_set: &str) -> Self {
        // One try: SES does not know a mail again, so whoever asks decides whether it may go out twice.
        let config = Builder::from(clients.config()).retry_config(RetryConfig::disabled());
        let configuration_set = Some(configuration_set.to_owned()).filter(|name| !name.is_empty());
        Self { client: lazy(move || Client::from_conf(config.build())), from: from.to_owned(), configuration_set }
    }

    /// The address that mails are from; `None`: nobody has said, and none can be sent.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        Some(self.from.as_str()).filter(|from| !from.is_empty())
    }

    /// Hands a whole message (RFC 5322) for one recipient to SES, once. It is sent as it is, but for `Message-ID` and `Date`, which
    /// SES writes anew.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when SES is busy or does not answer, and the mail may go out later, or has gone out; [`Error::Bug`] when
    /// the account has to be set up before it can: the sender is not verified, sending is paused, a right is missing.
    pub async fn post(&self, to: &str, message: Vec<u8>) -> Result<Posted> {
        let message = RawMessage::builder().data(Blob::new(message)).build().map_err(Error::bug)?;
        let sent = self
            .client
            .send_raw_email()
            .source(&self.from)
            .destinations(to)
            .raw_message(message)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(Posted::Taken(answer.message_id)),
            Err(error) => refused(error),
        }
    }
}

/// What an error means.
fn refused<R>(error: SdkError<SendRawEmailError, R>) -> Result<Posted>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let service = match &error {
        SdkError::ServiceError(service) => service,
        // The whole answer would be told, and whatever stands in it.
        SdkError::ResponseError(_) => return Err(Error::unavailable("an answer that is none of SES's")),
        _ => return Err(Error::unavailable(DisplayErrorContext(error).to_string())),
    };
    let code = service.err().code().unwrap_or("Unknown").to_owned();
    let is_not_verified = service.err().message().is_some_and(|message| message.starts_with(NOT_VERIFIED));
    match code.as_str() {
        "MessageRejected" if is_not_verified => Err(Error::bug("MessageRejected: not verified")),
        refusal if REFUSALS.contains(&refusal) => Ok(Posted::Refused(code)),
        // Without a code it is no answer of SES's own: something between has failed.
        busy if BUSY.contains(&busy) || busy == "Unknown" => Err(Error::unavailable(code)),
        _ => Err(Error::bug(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ses::error::ErrorMetadata;

    fn judged(code: Option<&str>, message: &str) -> Result<Posted> {
        let mut meta = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            meta = meta.code(code);
        }
        refused(SdkError::service_error(SendRawEmailError::generic(meta.build()), ()))
    }

    #[test]
    fn a_mail_that_will_never_be_taken_is_told_from_one_that_may_be_later() {
        for code in REFUSALS {
            assert_eq!(judged(Some(code), "Missing final '@domain'").unwrap(), Posted::Refused(code.to_owned()));
        }
        for code in BUSY.map(Some).into_iter().chain([None]) {
            assert!(matches!(judged(code, ""), Err(Error::Unavailable { .. })), "{code:?}");
        }
        let not_reached = SdkError::<SendRawEmailError, ()>::timeout_error("late");
        assert!(matches!(refused(not_reached), Err(Error::Unavailable { .. })));
    }

    #[test]
    fn what_the_operator_has_to_set_up_is_no_refusal_of_the_mail() {
        let set_up = ["AccessDenied", "AccountSendingPausedException", "ConfigurationSetDoesNotExist"];
        for code in set_up.into_iter().chain(["MailFromDomainNotVerifiedException", "SignatureDoesNotMatch"]) {
            assert!(matches!(judged(Some(code), ""), Err(Error::Bug { .. })), "{code}");
        }
        let words = "Email address is not verified. The following identities failed the check: ada@example.com";
        let error = judged(Some("MessageRejected"), words).unwrap_err();
        assert!(matches!(error, Error::Bug { .. }));
        assert!(!format!("{error:?}").contains("ada"), "a log names nobody");
        let unreadable = SdkError::<SendRawEmailError, _>::response_error("no XML", "<Html>ada@example.com");
        let error = refused(unreadable).unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }));
        assert!(!format!("{error:?}").contains("ada"), "a log names nobody");
    }
}
