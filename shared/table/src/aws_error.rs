//! How errors of the SDK become errors of Rapport.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use kernel::Error;

/// Codes after which the same call may go through: the table is busy, not wrong.
const BUSY: &[&str] = &[
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// An error of a call that has no condition: either the table is busy or out of reach, or Rapport asked wrongly.
pub(crate) fn failed<E>(error: SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let busy = match &error {
        SdkError::ServiceError(service) => is_busy(service.err().code()),
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    };
    let source = aws_smithy_error(error);
    if busy { Error::unavailable(source) } else { Error::bug(source) }
}

/// Whether an error code says "later" rather than "no".
pub(crate) fn is_busy(code: Option<&str>) -> bool {
    code.is_some_and(|code| BUSY.contains(&code))
}

/// The SDK's own text of an error is only its outermost layer: this one names the cause as well.
fn aws_smithy_error<E>(error: SdkError<E>) -> Box<dyn std::error::Error + Send + Sync>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().map(str::to_owned);
    let message = error.message().map(str::to_owned);
    match (code, message) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()).into(),
        (None, _) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                text.push_str(": ");
                text.push_str(&inner.to_string());
                cause = inner.source();
            }
            text.into()
        }
    }
}
