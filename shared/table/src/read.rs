//! Reads by key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use events::Document;
use kernel::{Error, Result};

use crate::aws_error::failed;
use crate::item::{Item, key_item, to_document};
use crate::key::{place_in_catalog, text_of};
use crate::once::{KeptAnswer, Once};
use crate::{Key, TenantTable};

/// The most keys that one batch read takes.
const MAX_BATCH: usize = 100;

/// How often a batch read asks again for keys that the table had no capacity left for.
const MAX_BATCH_TRIES: u32 = 8;

/// Some documents, and where to go on if there are more.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The documents, in the order of their sort keys.
    pub documents: Vec<Document>,
    /// The sort key after which the next page starts.
    pub next: Option<String>,
}

/// Some ids of a catalog, and where to go on if there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// Ids in their order.
    pub ids: Vec<String>,
    /// The id after which the next page starts.
    pub next: Option<String>,
}

/// Which children of records a catalog lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// Links, each as the record that it was made from has it.
    Links,
    /// Shares.
    Shares,
}

/// Some keys of a catalog, and where to go on if there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CataloguedKeys {
    /// Keys in their order, as [`TenantTable::get_many`] takes them.
    pub keys: Vec<Key>,
    /// The key after which the next page starts.
    pub next: Option<Key>,
}

impl TenantTable {
    /// One item, strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn get(&self, key: &Key) -> Result<Option<Document>> {
        self.own(key)?;
        self.read(key).await
    }

    /// The same for a key that has been looked at.
    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Document>> {
        let answer = self
            .client()
            .get_item()
            .table_name(self.name())
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        answer.item.map(to_document).transpose()
    }

    /// Several items, strongly consistent, in no order; what is not there is left out.
    ///
    /// # Errors
    /// When the table does not answer, or keeps having no capacity.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Document>> {
        keys.iter().try_for_each(|key| self.own(key))?;
        self.get_items(keys, &[]).await?.into_iter().map(to_document).collect()
    }

    /// Some members of several items, eventually consistent, in no order: for much of what has not changed for long.
    ///
    /// # Errors
    /// As [`TenantTable::get_many`].
    pub(crate) async fn get_members(&self, keys: &[Key], members: &[&str]) -> Result<Vec<Document>> {
        keys.iter().try_for_each(|key| self.own(key))?;
        self.get_items(keys, members).await?.into_iter().map(to_document).collect()
    }

    /// The same by their keys, for items whose documents do not say which one they are.
    ///
    /// # Errors
    /// As [`TenantTable::get_many`].
    pub async fn get_each(&self, keys: &[Key]) -> Result<HashMap<Key, Document>> {
        keys.iter().try_for_each(|key| self.own(key))?;
        self.read_each(keys).await
    }

    /// The same for keys whose workspace has been checked, or that are nobody's as an API key's is.
    pub(crate) async fn read_each(&self, keys: &[Key]) -> Result<HashMap<Key, Document>> {
        let items = self.get_items(keys, &[]).await?.into_iter();
        let keyed = items.filter_map(|item| Some((Key { pk: text(&item, "pk")?, sk: text(&item, "sk")? }, item)));
        keyed.map(|(key, item)| Ok((key, to_document(item)?))).collect()
    }

    /// Whole items, strongly consistent, or some members of them.
    async fn get_items(&self, keys: &[Key], members: &[&str]) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(keys.len());
        for batch in keys.chunks(MAX_BATCH) {
            let mut wanted: Vec<Item> = batch.iter().map(key_item).collect();
            let mut tries = 0;
            while !wanted.is_empty() {
                if tries == MAX_BATCH_TRIES {
                    return Err(Error::unavailable("a batch read found no capacity"));
                }
                if tries > 0 {
                    tokio::time::sleep(kernel::backoff(tries)).await;
                }
                tries += 1;
                let (found, left) = self.get_batch(wanted, members).await?;
                items.extend(found);
                wanted = left;
            }
        }
        Ok(items)
    }

    async fn get_batch(&self, keys: Vec<Item>, members: &[&str]) -> Result<(Vec<Item>, Vec<Item>)> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(members.is_empty());
        // Most of these words are the table's own.
        let names = members.iter().map(|name| (["#", name].concat(), (*name).to_owned()));
        let names = Some(names.collect::<HashMap<_, _>>()).filter(|names| !names.is_empty());
        let projection = names.as_ref().map(|names| names.keys().cloned().collect::<Vec<_>>().join(", "));
        let wanted = wanted.set_projection_expression(projection).set_expression_attribute_names(names);
        let wanted = wanted.build().map_err(Error::bug)?;
        let answer = self
            .client()
            .batch_get_item()
            .request_items(self.name(), wanted)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity());
        let found = answer.responses.and_then(|mut tables| tables.remove(self.name())).unwrap_or_default();
        let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(self.name()));
        Ok((found, left.map(|keys| keys.keys).unwrap_or_default()))
    }

    /// The children of an item whose sort keys begin with a prefix, newest last or, when `backwards`, newest first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn children(
        &self,
        parent: &Key,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
        backwards: bool,
    ) -> Result<Page> {
        self.own(parent)?;
        let start = after.map(|sk| key_item(&Key { pk: parent.pk.clone(), sk: sk.to_owned() }));
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression("pk = :pk and begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(parent.pk.clone()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .set_exclusive_start_key(start)
            .scan_index_forward(!backwards)
            .consistent_read(true)
            .limit(i32::from(limit))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        let next = answer.last_evaluated_key.and_then(|key| text(&key, "sk"));
        let documents = answer.items.unwrap_or_default().into_iter().map(to_document).collect::<Result<_>>()?;
        Ok(Page { documents, next })
    }

    /// The ids of one object's records as the catalog index has them, so many at most: eventually consistent, in the order of the
    /// ids.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn catalog(&self, object: &str, after: Option<&str>, limit: u16) -> Result<Catalogued> {
        let partition = self.keys().catalog(object);
        let start = after.map(|id| self.catalog_start(object, &partition, id)).transpose()?;
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .index_name("gsi1")
            .key_condition_expression("gsi1pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .set_exclusive_start_key(start)
            .limit(i32::from(limit))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        let ids = answer.items.unwrap_or_default().iter().filter_map(|item| text(item, "gsi1sk")).collect();
        let next = answer.last_evaluated_key.and_then(|key| text(&key, "gsi1sk"));
        Ok(Catalogued { ids, next })
    }

    /// The keys of a workspace's links or shares as the catalog index has them, so many at most: eventually consistent, by record.
    /// A link is there once, as the record that it was made from has it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn catalogued_children(
        &self,
        children: Children,
        after: Option<&Key>,
        limit: u16,
    ) -> Result<CataloguedKeys> {
        let partition = match children {
            Children::Links => self.keys().link_catalog(),
            Children::Shares => self.keys().share_catalog(),
        };
        after.map_or(Ok(()), |key| self.own(key))?;
        let start = after.map(|key| {
            let mut start = key_item(key);
            start.insert("gsi1pk".to_owned(), AttributeValue::S(partition.clone()));
            start.insert("gsi1sk".to_owned(), AttributeValue::S(place_in_catalog(key)));
            start
        });
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .index_name("gsi1")
            .key_condition_expression("gsi1pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .set_exclusive_start_key(start)
            .limit(i32::from(limit))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        let keys = answer.items.unwrap_or_default().iter().filter_map(key_of).collect();
        let next = answer.last_evaluated_key.as_ref().and_then(key_of);
        Ok(CataloguedKeys { keys, next })
    }

    /// The parts of the workspace's configuration whose names begin with a prefix, all of them, by name: `object.` for
    /// the definitions of objects, an empty one for everything. Strongly consistent. Each document has the member
    /// `part`, which is taken from the item's key: a stored member of that name does not count.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn config(&self, prefix: &str) -> Result<Vec<Document>> {
        let Key { pk, sk } = self.keys().config(prefix);
        // The table takes no empty text in a condition on a key.
        let (condition, prefix) = match sk.is_empty() {
            true => ("pk = :pk", None),
            false => ("pk = :pk and begins_with(sk, :prefix)", Some((":prefix".to_owned(), AttributeValue::S(sk)))),
        };
        let values = prefix.into_iter().chain([(":pk".to_owned(), AttributeValue::S(pk))]).collect::<Item>();
        let (mut parts, mut start) = (Vec::new(), None);
        loop {
            let answer = self
                .client()
                .query()
                .table_name(self.name())
                .key_condition_expression(condition)
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(start)
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed)?;
            self.meter.read(answer.consumed_capacity.as_slice());
            for item in answer.items.unwrap_or_default() {
                let part = text_of(&text(&item, "sk").unwrap_or_default());
                let mut document = to_document(item)?;
                document.insert("part".to_owned(), part.into());
                parts.push(document);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(parts);
            }
        }
    }

    fn catalog_start(&self, object: &str, partition: &str, id: &str) -> Result<Item> {
        let record = id.parse().map_err(Error::bug)?;
        let mut start = key_item(&self.keys().record(object, record));
        start.insert("gsi1pk".to_owned(), AttributeValue::S(partition.to_owned()));
        start.insert("gsi1sk".to_owned(), AttributeValue::S(id.to_owned()));
        Ok(start)
    }

    /// What a request was answered before, if it was: asked only when it fails, since a commit finds it by itself.
    ///
    /// # Errors
    /// [`Error::KeyReused`] when the key was used for another request, or when the table does not answer.
    pub async fn kept_answer(&self, once: &Once, now: kernel::Timestamp) -> Result<Option<KeptAnswer>> {
        let key = self.keys().once(once.hash());
        let Some(document) = self.get(&key).await? else { return Ok(None) };
        // The table removes expired items late, by days at times.
        let kept_until = document.get("kept_until").and_then(serde_json::Value::as_i64).unwrap_or(0);
        if kept_until <= now.as_seconds() { Ok(None) } else { once.read(document).map(Some) }
    }
}

pub(crate) fn text(item: &Item, attribute: &str) -> Option<String> {
    item.get(attribute)?.as_s().ok().cloned()
}

/// The key that an item of an index names.
pub(crate) fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: text(item, "pk")?, sk: text(item, "sk")? })
}
