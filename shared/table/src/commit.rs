//! The one way in which business data changes.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use events::Document;
use kernel::{Error, Result};

use crate::aws_error::{failed, is_busy};
use crate::changes::{Action, Write};
use crate::item::{Sort, key_item, to_document, to_item};
use crate::once::{KeptAnswer, Once};
use crate::{Changes, Key, Refused, TenantTable};

/// The most actions that DynamoDB takes in one transaction.
const MAX_ACTIONS: usize = 100;

/// The most that the items of one transaction may have together, in bytes of JSON: DynamoDB takes 4 MB, and its own
/// writing of some values is a little longer.
const MAX_BYTES: usize = 3_500_000;
/// The fewest actions that can be more: an item has 400 KB at most.
const MIN_LARGE: usize = 9;

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
        self.admit(changes)?;
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

    /// Passes if the table can take all of it in one transaction, whatever is stored. Refused as stale where it was decided
    /// by two versions of one item, of which at most one is stored.
    pub(crate) fn admit(&self, changes: &Changes) -> Result<(), Refused> {
        if changes.len() > MAX_ACTIONS {
            let detail = format!("this writes {} items and one request may write {MAX_ACTIONS}", changes.len());
            return Err(Error::invalid("", "too_many_items", detail).into());
        }
        if changes.len() >= MIN_LARGE {
            let bytes: usize = changes.actions.iter().filter_map(Action::document).map(json_len).sum();
            if bytes > MAX_BYTES {
                let detail = format!("this writes {bytes} bytes and one request may write {MAX_BYTES}");
                return Err(Error::invalid("", "too_large", detail).into());
            }
        }
        let kept = changes.once.as_ref().map(|(once, _)| self.keys().once(once.hash()));
        let mut known: HashMap<&Key, Option<&Action>> = kept.iter().map(|key| (key, None)).collect();
        for action in &changes.actions {
            // A key's hash is found before its workspace is known, so that item is nobody's.
            if !matches!(action, Action::Create { sort: Sort::ApiKey, .. } | Action::Replace { sort: Sort::ApiKey, .. })
            {
                self.own(action.key())?;
            }
            match known.insert(action.key(), Some(action)) {
                None => {}
                // Somebody has written it between the two reads: one of the versions is not the stored one.
                Some(Some(other)) if action.contradicts(other) => return Err(Refused::Stale(None)),
                Some(_) => return Err(Error::bug("two actions of one commit are about the same item").into()),
            }
        }
        Ok(())
    }

    async fn try_commit(&self, changes: &Changes) -> Result<Attempt> {
        let actions: Vec<TransactWriteItem> =
            changes.actions.iter().map(|action| self.transacted(action)).collect::<Result<_>>()?;
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

    fn transacted(&self, action: &Action) -> Result<TransactWriteItem> {
        let (words, values) = action.condition().map(|condition| condition.expression()).unzip();
        let (values, table) = (values.flatten(), self.name());
        let shown = ReturnValuesOnConditionCheckFailure::AllOld;
        let builder = TransactWriteItem::builder();
        let builder = match action.write()? {
            Write::Put(item) => {
                let put = Put::builder().table_name(table).set_item(Some(item)).set_condition_expression(words);
                let put = put.set_expression_attribute_values(values).return_values_on_condition_check_failure(shown);
                builder.put(put.build().map_err(Error::bug)?)
            }
            Write::Delete => {
                let delete = Delete::builder().table_name(table).set_key(Some(key_item(action.key())));
                let delete = delete.set_condition_expression(words).set_expression_attribute_values(values);
                builder.delete(delete.return_values_on_condition_check_failure(shown).build().map_err(Error::bug)?)
            }
            Write::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(Some(key_item(action.key())));
                let check = check.set_condition_expression(words).set_expression_attribute_values(values);
                let check = check.return_values_on_condition_check_failure(shown);
                builder.condition_check(check.build().map_err(Error::bug)?)
            }
        };
        Ok(builder.build())
    }

    /// The item that keeps an answer. It may overwrite one that has expired and is not removed yet.
    fn keep(&self, once: &Once, answer: &KeptAnswer) -> Result<TransactWriteItem> {
        let mut document = once.document(answer)?;
        let expires_at = once.expires_at().as_seconds();
        document.insert("kept_until".to_owned(), expires_at.into());
        let mut item = to_item(&self.keys().once(once.hash()), Sort::Once, &document)?;
        item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        let now = once.now().as_seconds();
        let put = Put::builder()
            .table_name(self.name())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) or kept_until <= :now")
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().put(put.build().map_err(Error::bug)?).build())
    }
}

fn json_len(document: &Document) -> usize {
    serde_json::to_vec(document).map_or(0, |json| json.len())
}

enum Attempt {
    Done,
    Refused(Refused),
    /// Another transaction was at one of the items: the same one may go through in a moment.
    Met,
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
            return Ok(Attempt::Refused(action.refusal(document_of(reason)?)));
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
