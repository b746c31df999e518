//! The schema as it is stored: all definitions of a workspace, and one item that counts their changes.
//!
//! A definition is sound or not by what the others say: a roll-up counts records of another object, a plural must differ from
//! all others. So every change of the schema moves the counter, on condition that it is where it was when the definitions were
//! read, and two administrators at once never make something together that neither would have been allowed to make.

use std::collections::BTreeMap;

use events::{Document, Event, FieldChange};
use kernel::{Error, Result, Version};
use records::{Cx, Definition, Object, Schema};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Sort};

/// The part of the configuration that counts changes, and what events of the schema are kept under.
const COUNTER: &str = "schema";

/// All definitions of a workspace at one moment.
pub(crate) struct Stored {
    /// How often the schema was changed.
    pub(crate) version: Version,
    pub(crate) definitions: BTreeMap<String, Definition>,
    pub(crate) schema: Schema,
}

impl Stored {
    /// Reads everything, strongly consistent. Two round trips.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn load(cx: &Cx) -> Result<Self> {
        // The counter first: a change between the two reads has moved it, and then nothing is written on the word of this.
        let counter = cx.table.get(&cx.table.keys().config(COUNTER)).await?;
        let version = counter.and_then(|counter| counter.get("version")?.as_u64()).unwrap_or(0);
        let documents = cx.table.config(Definition::PARTS).await?;
        let definitions: Vec<Definition> = documents.into_iter().map(Definition::read).collect::<Result<_>>()?;
        let schema = Schema::of(definitions.clone());
        let definitions = definitions.into_iter().map(|definition| (definition.object.clone(), definition)).collect();
        Ok(Self { version, definitions, schema })
    }

    /// An object by its name in the singular, given up or not.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub(crate) fn object(&self, name: &str) -> Result<&Object> {
        let found = self.schema.all().find(|object| object.name == name);
        found.map(|object| &**object).ok_or_else(|| Error::not_found("object"))
    }

    /// What the company has said about an object.
    pub(crate) fn definition(&self, cx: &Cx, name: &str) -> Definition {
        self.definitions.get(name).cloned().unwrap_or_else(|| Definition::empty(name, cx.clock.now()))
    }

    /// The schema with another definition of one object.
    pub(crate) fn with(&self, definition: &Definition) -> Schema {
        let mut definitions = self.definitions.clone();
        definitions.insert(definition.object.clone(), definition.clone());
        Schema::of(definitions.into_values().collect())
    }

    /// Everything that a change of one definition writes.
    ///
    /// # Errors
    /// None that can be met: definitions and events serialise.
    pub(crate) fn changes(&self, cx: &Cx, verb: &str, status: u16, after: &Definition) -> Result<Changes> {
        let keys = cx.table.keys();
        let before = self.definitions.get(&after.object);
        let mut changes = Changes::new();
        let key = keys.config(&after.part());
        match before {
            None => changes.create(key, Sort::Config, after.document()?),
            Some(before) => changes.replace(key, Sort::Config, after.document()?, before.version),
        }
        let counted = json!({ "version": self.version + 1, "updated_at": after.updated_at });
        let counted = counted.as_object().cloned().unwrap_or_default();
        match self.version {
            0 => changes.create(keys.config(COUNTER), Sort::Config, counted),
            seen => changes.replace(keys.config(COUNTER), Sort::Config, counted, seen),
        }
        let event = self.event(cx, verb, before, after)?;
        changes.event(keys, COUNTER, &event, cx.once.as_ref())?;
        keep_answer(cx, &mut changes, status, after);
        Ok(changes)
    }

    /// What happened, with every part of the definition that is different: `x_project.fields.budget`.
    fn event(&self, cx: &Cx, verb: &str, before: Option<&Definition>, after: &Definition) -> Result<Event> {
        let (was, is) = (before.map_or(Ok(BTreeMap::new()), parts)?, parts(after)?);
        let paths = was.keys().chain(is.keys());
        let value = |parts: &BTreeMap<String, Value>, path: &str| parts.get(path).cloned().unwrap_or(Value::Null);
        let changes = paths
            .filter(|path| was.get(*path) != is.get(*path))
            .map(|path| {
                let change = FieldChange { before: value(&was, path), after: value(&is, path) };
                ([after.object.as_str(), path].join("."), change)
            })
            .collect();
        let event = Event {
            id: cx.ids.next(),
            name: format!("schema.{verb}"),
            workspace: cx.caller.workspace,
            record: cx.caller.workspace.erase(),
            version: self.version + 1,
            at: after.updated_at,
            by: cx.caller.actor(),
            request_id: cx.request_id.clone(),
            job: cx.job,
            quiet: cx.quiet,
            changes,
            salt: None,
            digest: String::new(),
        };
        Ok(event.sealed(cx.ids.salt()))
    }
}

/// Notes for a repetition of this request which object it was about: it is answered with the object as it is then.
pub(crate) fn keep_answer(cx: &Cx, changes: &mut Changes, status: u16, after: &Definition) {
    if let Some(once) = &cx.once {
        let document = Document::from_iter([("object".to_owned(), json!(after.object))]);
        let answer = KeptAnswer::new(status, cx.caller.workspace.erase(), after.version, Some(&document));
        changes.answer(once.clone(), answer);
    }
}

/// The parts of a definition by their paths: each field is one, each setting of the object is one.
fn parts(definition: &Definition) -> Result<BTreeMap<String, Value>> {
    let mut parts = BTreeMap::new();
    for (name, value) in definition.document()? {
        match (name.as_str(), value) {
            ("object" | "version" | "updated_at", _) => {}
            ("fields", Value::Array(fields)) => {
                for field in fields {
                    let name = field.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                    parts.insert(["fields.custom", &name].join("."), field);
                }
            }
            ("built_in", Value::Object(fields)) => {
                parts.extend(fields.into_iter().map(|(name, different)| (["fields", &name].join("."), different)));
            }
            ("custom", Value::Object(members)) => parts.extend(members),
            (_, value) => drop(parts.insert(name, value)),
        }
    }
    Ok(parts)
}
