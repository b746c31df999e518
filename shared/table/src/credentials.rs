//! What is read before any workspace is known: who a credential is, and where that one may enter.

use aws_sdk_dynamodb::types::AttributeValue;
use events::Document;
use kernel::Result;

use crate::aws_error::failed;
use crate::item::{key_item, to_document};
use crate::key::{domain as domain_partition, email as email_partition, person as person_partition};
use crate::{Tables, api_key};

impl Tables {
    /// The workspaces that a person may enter, at most so many. Strongly consistent, as [`Self::api_key`]. One round trip.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn memberships(&self, person: &str, limit: u16) -> Result<Vec<Document>> {
        self.entries(person_partition(person), limit).await
    }

    /// What is known of an email address in all workspaces, by its hash: whose it is there, that it is asked in, that it has left. At
    /// most so many. Strongly consistent. One round trip.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_email(&self, hash: &str, limit: u16) -> Result<Vec<Document>> {
        self.entries(email_partition(hash), limit).await
    }

    /// The workspaces that whoever has an address of a mail domain may come into, at most so many. One round trip.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_domain(&self, domain: &str, limit: u16) -> Result<Vec<Document>> {
        self.entries(domain_partition(domain), limit).await
    }

    async fn entries(&self, pk: String, limit: u16) -> Result<Vec<Document>> {
        let answer = self
            .client
            .query()
            .table_name(&*self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .consistent_read(true)
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(failed)?;
        answer.items.unwrap_or_default().into_iter().map(to_document).collect()
    }

    /// An API key's item by the hash of its secret. Strongly consistent, so that a revoked key is refused as soon as the
    /// gateway's cached answer runs out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn api_key(&self, hash: &str) -> Result<Option<Document>> {
        let answer = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(&api_key(hash))))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        answer.item.map(to_document).transpose()
    }
}
