//! What a change would do to the records that are there, counted.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use records::{Fate, Field, fate, normalised, parse_value};
use serde::Serialize;
use serde_json::Value;

/// How many records are shown as examples.
const SAMPLES: usize = 10;

/// What a change does to the values of a field.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Effect {
    /// How many records have a value, those in the trash included.
    pub(crate) with_value: u64,
    /// How many keep it, as it is or in another form.
    pub(crate) kept: u64,
    /// How many lose it, or a part of it.
    pub(crate) lost: u64,
    /// How many keep a value that could not be written now: too long, too great, an option that can no longer be chosen.
    pub(crate) not_writable: u64,
    /// How many share their value with another record.
    pub(crate) not_unique: u64,
    /// How many have no value, which new records must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) without_value: Option<u64>,
    /// Options that were left out and stay, archived, since records have them.
    pub(crate) archived_options: BTreeSet<String>,
    /// Some of the records that lose their value, keep one that could not be written, or share it.
    pub(crate) samples: Vec<Sample>,
}

/// A record as an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Sample {
    id: Value,
    value: Value,
    /// What it is read as; `null` when it is lost.
    becomes: Value,
    /// `lost`, `not_writable` or `not_unique`.
    why: &'static str,
}

/// Counts the records of an object, one after the other, by what a field was and is to be.
pub(crate) struct Tally<'a> {
    before: &'a Field,
    after: &'a Field,
    /// Values to be unique, and whose they are.
    holders: BTreeMap<String, Value>,
    /// Words that records have.
    words: BTreeSet<String>,
    effect: Effect,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(before: &'a Field, after: &'a Field) -> Self {
        Self { before, after, holders: BTreeMap::new(), words: BTreeSet::new(), effect: Effect::default() }
    }

    /// Counts one record.
    pub(crate) fn count(&mut self, document: &Document) {
        let Some(stored) = self.before.raw(document) else { return };
        let fate = fate(&self.before.kind, &self.after.kind, stored);
        if fate == Fate::Nothing {
            return;
        }
        self.effect.with_value += 1;
        let Fate::Kept(becomes) = fate else {
            self.effect.lost += 1;
            return self.sample(document, stored, Value::Null, "lost");
        };
        self.effect.kept += 1;
        if parse_value(self.after, &becomes, "").is_err() {
            self.effect.not_writable += 1;
            self.sample(document, stored, becomes.clone(), "not_writable");
        }
        self.note_words(&becomes);
        if self.after.unique && !self.before.unique && document.get("archived_at").is_none_or(Value::is_null) {
            self.note_unique(document, stored, &becomes);
        }
    }

    fn note_words(&mut self, value: &Value) {
        match value {
            Value::String(word) => drop(self.words.insert(word.clone())),
            Value::Array(words) => self.words.extend(words.iter().filter_map(|word| word.as_str().map(str::to_owned))),
            _ => {}
        }
    }

    fn note_unique(&mut self, document: &Document, stored: &Value, value: &Value) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = normalised(&self.after.kind, &text);
        let id = document.get("id").cloned().unwrap_or_default();
        if self.holders.insert(text, id).is_some() {
            self.effect.not_unique += 1;
            self.sample(document, stored, value.clone(), "not_unique");
        }
    }

    fn sample(&mut self, document: &Document, value: &Value, becomes: Value, why: &'static str) {
        if self.effect.samples.len() < SAMPLES {
            let id = document.get("id").cloned().unwrap_or_default();
            self.effect.samples.push(Sample { id, value: value.clone(), becomes, why });
        }
    }

    /// What was counted, and the words that records have.
    pub(crate) fn finish(self) -> (Effect, BTreeSet<String>) {
        (self.effect, self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Choice, FieldType};
    use serde_json::json;

    fn field(kind: FieldType) -> Field {
        Field::new("tier", kind, "").custom()
    }

    fn counted(before: &Field, after: &Field, values: &[Value]) -> (Effect, BTreeSet<String>) {
        let mut tally = Tally::new(before, after);
        for (number, value) in values.iter().enumerate() {
            let document = json!({ "id": number, "custom": { "tier": value } });
            tally.count(document.as_object().unwrap());
        }
        tally.finish()
    }

    #[test]
    fn texts_that_become_numbers_are_kept_or_lost() {
        let number = FieldType::Number { decimals: 0, min: None, max: Some(100.0) };
        let values = [json!("1"), json!("many"), json!(null), json!("500")];
        let (effect, _) = counted(&field(FieldType::text(9)), &field(number), &values);
        assert_eq!((effect.with_value, effect.kept, effect.lost, effect.not_writable), (3, 2, 1, 1));
        let shown = json!(effect.samples);
        assert_eq!(shown[0], json!({ "id": 1, "value": "many", "becomes": null, "why": "lost" }));
        assert_eq!(shown[1], json!({ "id": 3, "value": "500", "becomes": 500, "why": "not_writable" }));
    }

    #[test]
    fn words_that_records_have_are_known_and_ten_examples_are_enough() {
        let all = field(FieldType::MultiSelect { options: ["a", "b", "c"].map(Choice::new).into() });
        let less = field(FieldType::MultiSelect { options: ["a", "b"].map(Choice::new).into() });
        let (effect, words) = counted(&all, &all, &[json!(["a", "b"]), json!(["c"])]);
        assert_eq!((effect.lost, words.into_iter().collect::<Vec<_>>().join("")), (0, "abc".to_owned()));
        let (effect, _) = counted(&all, &less, &vec![json!(["c"]); 30]);
        assert_eq!((effect.lost, effect.samples.len()), (30, SAMPLES));
    }

    #[test]
    fn values_that_are_to_be_unique_are_compared_as_their_guards_are() {
        let (before, after) = (field(FieldType::Email {}), field(FieldType::Email {}).unique());
        let (effect, _) = counted(&before, &after, &[json!("Ada@b.co"), json!("bea@b.co"), json!("ada@b.co")]);
        assert_eq!((effect.kept, effect.not_unique), (3, 1));
    }
}
