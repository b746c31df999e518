//! The one way in which business data changes.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use events::Document;
use kernel::{AnyId, Error, Result, Violations};

use crate::aws_error::{failed, is_busy};
use crate::changes::Action;
use crate::item::{Sort, key_item, to_document, to_item};
use crate::once::{KeptAnswer, Once};
use crate::{Changes, Key, Refused, TenantTable};

/// The most actions that DynamoDB takes in one transaction.
const MAX_ACTIONS: usize = 100;

/// How often a commit that met another one is tried in all.
const MAX_TRIES: u32 = 8;

/// The proof that everything was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed;

impl TenantTable {
    /// Writes everything in one transaction: all of it or nothing. One round trip, more only when it meets another
    /// writer and tries again.
    ///
    /// # Errors
    /// Why nothing was written. A repeated request comes back as [`Refused::Repeated`] before any other reason.
    pub async fn commit(&self, changes: &Changes) -> Result<Committed, Refused> {
        if changes.len() > MAX_ACTIONS {
            let detail = format!("this writes {} items and one request may write {MAX_ACTIONS}", changes.len());
            return Err(Error::from(Violations::one("", "too_many_items", detail)).into());
        }
        for action in &changes.actions {
            // A key's hash is found before its workspace is known, so that item is nobody's.
            if !matches!(action, Action::Create { sort: Sort::ApiKey, .. } | Action::Replace { sort: Sort::ApiKey, .. })
            {
                self.own(action.key())?;
            }
        }
        let mut tries = 1;
        loop {
            match self.try_commit(changes).await? {
                Attempt::Done => return Ok(Committed),
                Attempt::Refused(refused) => return Err(refused),
                Attempt::Met if tries == MAX_TRIES => {
                    return Err(Error::unavailable("a transaction kept meeting others").into());
                }
                Attempt::Met => tokio::time::sleep(kernel::backoff(tries)).await,
            }
            tries += 1;
        }
    }

    async fn try_commit(&self, changes: &Changes) -> Result<Attempt> {
        let actions: Vec<TransactWriteItem> =
            changes.actions.iter().map(|action| self.action(action)).collect::<Result<_>>()?;
        let kept = changes.once.as_ref().map(|(once, answer)| self.keep(once, answer)).transpose()?;
        let sent = self
            .client()
            .transact_write_items()
            .set_transact_items(Some(actions.into_iter().chain(kept).collect()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(answer) => {
                self.meter.write(answer.consumed_capacity());
                Ok(Attempt::Done)
            }
            Err(error) => {
                self.meter.write(&[]);
                attempt_of(changes, error)
            }
        }
    }

    fn action(&self, action: &Action) -> Result<TransactWriteItem> {
        match action {
            Action::Create { key, sort, document, catalog } => {
                let put = self.put(key, *sort, document, catalog.as_ref())?;
                build_put(put.condition_expression("attribute_not_exists(pk)"))
            }
            Action::Replace { key, sort, document, catalog, seen } => {
                let put = self.put(key, *sort, document, catalog.as_ref())?;
                build_put(
                    put.condition_expression("version = :seen")
                        .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
                )
            }
            Action::Append { key, sort, document, catalog } => {
                build_put(self.put(key, *sort, document, Some(catalog))?)
            }
            Action::Take { key, field, holder } => build_put(self.guard(key, field, *holder)),
            Action::Remove { key, seen } => build_delete(
                self.delete(key)
                    .condition_expression("version = :seen")
                    .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
            ),
            Action::Release { key, holder } => build_delete(
                self.delete(key)
                    .condition_expression("attribute_not_exists(pk) or holder = :holder")
                    .expression_attribute_values(":holder", AttributeValue::S(holder.to_string())),
            ),
            Action::Forget { key, record } => build_delete(
                self.delete(key)
                    .condition_expression("attribute_not_exists(pk) or id = :record")
                    .expression_attribute_values(":record", AttributeValue::S(record.to_string())),
            ),
        }
    }

    fn put(
        &self,
        key: &Key,
        sort: Sort,
        document: &Document,
        catalog: Option<&(String, String)>,
    ) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder> {
        let mut item = to_item(key, sort, document)?;
        if let Some((partition, id)) = catalog {
            item.insert("gsi1pk".to_owned(), AttributeValue::S(partition.clone()));
            item.insert("gsi1sk".to_owned(), AttributeValue::S(id.clone()));
        }
        Ok(Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld))
    }

    fn guard(&self, key: &Key, field: &str, holder: AnyId) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        let mut item = key_item(key);
        item.insert("item".to_owned(), AttributeValue::S(Sort::Guard.as_str().to_owned()));
        item.insert("field".to_owned(), AttributeValue::S(field.to_owned()));
        item.insert("holder".to_owned(), AttributeValue::S(holder.to_string()));
        Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) or holder = :holder")
            .expression_attribute_values(":holder", AttributeValue::S(holder.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn delete(&self, key: &Key) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        Delete::builder()
            .table_name(self.name())
            .set_key(Some(key_item(key)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// The item that keeps an answer. It may overwrite one that has expired and is not removed yet.
    fn keep(&self, once: &Once, answer: &KeptAnswer) -> Result<TransactWriteItem> {
        let mut document = once.document(answer)?;
        let expires_at = once.expires_at().as_seconds();
        document.insert("kept_until".to_owned(), expires_at.into());
        let mut item = to_item(&self.keys().once(once.hash()), Sort::Once, &document)?;
        item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        let now = once.now().as_seconds();
        build_put(
            Put::builder()
                .table_name(self.name())
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk) or kept_until <= :now")
                .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld),
        )
    }
}

enum Attempt {
    Done,
    Refused(Refused),
    /// Another transaction was at one of the items: the same one may go through in a moment.
    Met,
}

fn build_put(put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem> {
    Ok(TransactWriteItem::builder().put(put.build().map_err(Error::bug)?).build())
}

fn build_delete(delete: aws_sdk_dynamodb::types::builders::DeleteBuilder) -> Result<TransactWriteItem> {
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(Error::bug)?).build())
}

fn attempt_of(changes: &Changes, error: SdkError<TransactWriteItemsError>) -> Result<Attempt> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Err(failed(error));
    };
    let reasons = cancelled.cancellation_reasons();
    // The kept answer comes last in the transaction and first in what it means: if the request was carried out
    // before, every other refusal is only its own trace.
    if let Some((once, _)) = &changes.once
        && let Some(reason) = reasons.get(changes.actions.len())
        && is_condition(reason)
    {
        let document = document_of(reason)?.unwrap_or_default();
        return Ok(Attempt::Refused(Refused::Repeated(once.read(document)?)));
    }
    for (action, reason) in changes.actions.iter().zip(reasons) {
        if is_condition(reason) {
            return refusal(action, reason).map(Attempt::Refused);
        }
    }
    let code = reasons.iter().filter_map(CancellationReason::code).find(|code| *code != "None");
    match code {
        Some("TransactionConflict") => Ok(Attempt::Met),
        Some("ThrottlingError" | "ProvisionedThroughputExceeded") => Ok(Attempt::Met),
        Some("ItemCollectionSizeLimitExceeded" | "ValidationError") => {
            Err(Error::invalid("", "too_large", "what this would write is larger than one record may be"))
        }
        other if is_busy(other) => Ok(Attempt::Met),
        _ => Err(failed(error)),
    }
}

fn is_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

fn document_of(reason: &CancellationReason) -> Result<Option<Document>> {
    reason.item().filter(|item| !item.is_empty()).cloned().map(to_document).transpose()
}

fn refusal(action: &Action, reason: &CancellationReason) -> Result<Refused> {
    let stored = document_of(reason)?;
    Ok(match action {
        Action::Create { .. } => Refused::Exists,
        Action::Take { field, .. } => Refused::Taken {
            field: field.clone(),
            holder: stored.as_ref().and_then(|guard| guard.get("holder")?.as_str()?.parse().ok()),
        },
        Action::Replace { .. } | Action::Remove { .. } => Refused::Stale(stored),
        Action::Release { .. } => return Err(Error::bug("a unique value is held by another record than its own")),
        // The key was used for another record in between: that answer stays, and the caller looks again.
        Action::Forget { .. } => Refused::Stale(stored),
        Action::Append { .. } => return Err(Error::bug("an unconditional action failed its condition")),
    })
}
