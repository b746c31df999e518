//! The one way in which anything but business data is written: journal entries, manifests, seals and claims.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use kernel::Result;

use crate::TenantTable;
use crate::aws_error::failed;
use crate::item::Item;

impl TenantTable {
    /// Puts an item if a condition holds, in which `:seen` stands for a value that was read before. `false`: it does not
    /// hold, and nothing was written by this attempt. The SDK sends again what was not answered, so it may be this very
    /// call whose first attempt was carried out and stands in the way of the second.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn put_if(&self, item: Item, condition: &str, seen: Option<AttributeValue>) -> Result<bool> {
        self.put_on(item, Some(condition), seen).await
    }

    /// Puts an item, whatever is there.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn put(&self, item: Item) -> Result<()> {
        self.put_on(item, None, None).await.map(drop)
    }

    async fn put_on(&self, item: Item, condition: Option<&str>, seen: Option<AttributeValue>) -> Result<bool> {
        #[expect(clippy::disallowed_methods, reason = "what follows from commits is not business data")]
        let sent = self
            .client()
            .put_item()
            .table_name(self.name())
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(seen.map(|seen| [(":seen".to_owned(), seen)].into()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(answer) => {
                self.meter.write(answer.consumed_capacity.as_slice());
                Ok(true)
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                self.meter.write(&[]);
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }
}
