//! One row as a record: its members, what it refers to, and what it is found by.

use std::collections::BTreeMap;

use events::Document;
use kernel::{AnyId, Violations, pointer};
use records::{Field, FieldType, Object, insert_value};
use serde_json::{Value, json};

use super::ask::Empty;
use super::cell::{self, wrong};
use super::plan::{Column, File};

/// The name of somebody as one text, which is a first name and a last name.
pub(crate) const FULL_NAME: &str = "full_name";

/// Something that a row refers to, told by other things than its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Told {
    /// The object in the singular.
    pub(crate) object: String,
    /// The unique field, or the field of the title, that it is told by.
    pub(crate) by: String,
    pub(crate) value: String,
}

/// A row as a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Made {
    /// Its members, but for what has to be looked up.
    pub(crate) input: Document,
    /// What lists get besides what they have, by path.
    pub(crate) adds: BTreeMap<String, Vec<Value>>,
    /// References that have to be looked up, by path.
    pub(crate) references: BTreeMap<String, Told>,
    /// What the record is found by, in the order in which it is tried: field and value.
    pub(crate) keys: Vec<(String, String)>,
    /// What cannot be read.
    pub(crate) violations: Violations,
}

/// Makes a record of the cells of a row.
pub(crate) fn make(object: &Object, file: &File, cells: &[&str]) -> Made {
    let mut made = Made::default();
    let mut items = Items::default();
    let mut keys = BTreeMap::new();
    for column in &file.columns {
        let cell = cells.get(column.index).copied().unwrap_or_default();
        let cell = tabular::unguard_cell(cell);
        let text = cell.trim();
        if file.match_by.contains(&column.field) && !text.is_empty() {
            keys.insert(column.field.as_str(), key_text(object, column, text));
        }
        made.take(object, file, column, text, &mut items);
    }
    // What no header says anything of would be lost, and what stands before it is in the wrong columns, most likely.
    if cells.iter().skip(file.headers.len()).any(|cell| !cell.trim().is_empty()) {
        let detail =
            format!("has more cells than the {} headers: one may lack its quotation marks", file.headers.len());
        made.violations.add("", "too_many_cells", detail);
    }
    items.finish(object, &mut made);
    let mut found = file.match_by.iter().filter_map(|path| Some((path.clone(), keys.remove(path.as_str())?)));
    made.keys.extend(&mut found);
    made
}

/// What a record is found by, as a path of the API has it: the value that the cell says, however it is written there.
fn key_text(object: &Object, column: &Column, text: &str) -> String {
    let kind = object.field(&column.field).map(|field| &field.kind);
    let value = kind.filter(|kind| !matches!(kind, FieldType::ExternalId {}) && kind.refers_to().is_none());
    match value.and_then(|kind| cell::value(kind, column, text).ok()) {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => told_text(column, text),
    }
}

/// What another system calls something, with its source where the column has one.
fn told_text(column: &Column, text: &str) -> String {
    match &column.source {
        Some(source) => [source, ":", text].concat(),
        None => text.to_owned(),
    }
}

impl Made {
    fn take(&mut self, object: &Object, file: &File, column: &Column, text: &str, items: &mut Items) {
        let path = column.field.as_str();
        match path {
            "id" => {}
            FULL_NAME if object.field(FULL_NAME).is_none() => self.full_name(text),
            "owner_id" if text.is_empty() && file.empty == Empty::Clear => {
                self.input.insert("owner_id".to_owned(), Value::Null);
            }
            "owner_id" => self.owner(text),
            _ => {
                let Some(field) = object.field(path) else { return };
                match (&column.part, text.is_empty()) {
                    (Some(part), false) => items.add(path, &part.item, &part.member, text),
                    (Some(_), true) => {}
                    (None, true) if file.empty == Empty::Clear => self.set(field, Value::Null),
                    (None, true) => {}
                    (None, false) => self.read(field, column, text),
                }
            }
        }
    }

    fn read(&mut self, field: &Field, column: &Column, text: &str) {
        let is_told = column.by.as_deref() != Some("id") && id(text).is_none();
        if let Some(object) = field.kind.refers_to().filter(|_| is_told) {
            let usual = if object == "user" && text.contains('@') { "email" } else { "name" };
            let by =
                column.by.clone().filter(|by| object != "user" || by != "email").unwrap_or_else(|| usual.to_owned());
            let told = Told { object: object.to_owned(), by, value: told_text(column, text) };
            self.references.insert(field.path.clone(), told);
            return;
        }
        match cell::value(&field.kind, column, text) {
            Ok(Value::Array(values)) if !column.replace && is_list(&field.kind) => {
                self.adds.entry(field.path.clone()).or_default().extend(values);
            }
            Ok(value) => self.set(field, value),
            Err(found) => cell::add(&mut self.violations, field.pointer(), found),
        }
    }

    fn set(&mut self, field: &Field, value: Value) {
        insert_value(&mut self.input, &field.path, value);
    }

    /// An owner by email, or by id.
    fn owner(&mut self, text: &str) {
        match id(text) {
            _ if text.is_empty() => {}
            Some(id) => drop(self.input.insert("owner_id".to_owned(), json!(id))),
            None => {
                // Many systems write what the owner is called instead.
                let by = if text.contains('@') { "email" } else { "name" };
                let told = Told { object: "user".to_owned(), by: by.to_owned(), value: text.to_owned() };
                self.references.insert("owner_id".to_owned(), told);
            }
        }
    }

    /// `Ada Lovelace` and `Lovelace, Ada` are the same person. Who has one name has it as the last one.
    fn full_name(&mut self, text: &str) {
        let (first, last) = match text.split_once(',') {
            Some((last, first)) => (first, last),
            None => text.rsplit_once(char::is_whitespace).unwrap_or(("", text)),
        };
        for (name, part) in [("first_name", first.trim()), ("last_name", last.trim())] {
            if !part.is_empty() && !self.input.contains_key(name) {
                self.input.insert(name.to_owned(), json!(part));
            }
        }
    }
}

fn id(text: &str) -> Option<AnyId> {
    text.parse().ok()
}

const fn is_list(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Tags {} | FieldType::MultiSelect { .. } | FieldType::Items { .. })
}

/// Items that several columns make together: by path, and by what those columns call the item.
#[derive(Debug, Default)]
struct Items(BTreeMap<(String, String), BTreeMap<String, String>>);

/// The most values that are looked at in one cell: no list has room for more.
const MAX_SEVERAL: usize = 50;
/// What parts values where a cell has several.
const SEVERAL: &str = " ::: ";

impl Items {
    fn add(&mut self, path: &str, item: &str, member: &str, text: &str) {
        let members = self.0.entry((path.to_owned(), item.to_owned())).or_default();
        members.insert(member.to_owned(), text.to_owned());
    }

    /// What was put together, as further items of their lists.
    fn finish(self, object: &Object, made: &mut Made) {
        for ((path, item), members) in self.0 {
            let Some(FieldType::Items { fields, .. }) = object.field(&path).map(|field| &field.kind) else { continue };
            let has = |name: &str| fields.iter().any(|field| field.name == name);
            let label = ["label", "network"].into_iter().find(|name| has(name) && !members.contains_key(*name));
            let count = members.values().map(|text| text.split(SEVERAL).count()).max().unwrap_or(1);
            if count > MAX_SEVERAL {
                let detail = format!("must have at most {MAX_SEVERAL} values");
                made.violations.add(kernel::path_pointer(&path), "too_many", detail);
                continue;
            }
            for number in 0..count {
                let mut one = Document::new();
                for (name, text) in &members {
                    let Some(field) = fields.iter().find(|field| field.name == *name) else {
                        let detail = "is no member of these items";
                        cell::add(&mut made.violations, pointer(&path), wrong("unknown_field", detail));
                        continue;
                    };
                    // A label that is said once is that of all of them.
                    let part = text.split(SEVERAL).nth(number).or_else(|| text.split(SEVERAL).next());
                    let part = part.unwrap_or_default().trim();
                    let value = match field.kind {
                        FieldType::Url {} => cell::url(part),
                        _ => part.to_owned(),
                    };
                    one.insert(name.clone(), json!(value));
                }
                // A number tells items apart and says nothing about them.
                let says = item.chars().any(|char| !char.is_ascii_digit());
                if let Some(label) = label.filter(|_| says) {
                    one.insert(label.to_owned(), json!(item));
                }
                made.adds.entry(path.clone()).or_default().push(Value::Object(one));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ask::{Mode, Part};
    use super::*;
    use records::Schema;
    use tabular::NumberFormat;

    fn column(index: usize, field: &str) -> Column {
        Column {
            index,
            field: field.to_owned(),
            part: None,
            by: None,
            source: None,
            currency: None,
            calling_code: None,
            number: NumberFormat::Point,
            date: None,
            replace: false,
            optional: false,
            new_field: None,
            new_options: false,
        }
    }

    fn file(columns: Vec<Column>) -> File {
        File {
            upload: kernel::Ids::seeded(kernel::Clock::manual(), 1).next(),
            name: String::new(),
            bytes: 0,
            e_tag: String::new(),
            object: "contact".to_owned(),
            encoding: "UTF-8".to_owned(),
            delimiter: b',',
            line_end: b'\n',
            names_its_delimiter: false,
            header_row: 0,
            headers: vec![String::new(); 10],
            match_by: vec!["external_id".to_owned(), "email".to_owned()],
            mode: Mode::Upsert,
            empty: Empty::Keep,
            columns,
        }
    }

    fn part(index: usize, field: &str, item: &str, member: &str) -> Column {
        let part = Part { item: item.to_owned(), member: member.to_owned() };
        Column { part: Some(part), ..column(index, field) }
    }

    #[test]
    fn a_row_becomes_a_record_and_what_it_is_found_by() {
        let source = |index, field: &str| Column { source: Some("hubspot".to_owned()), ..column(index, field) };
        let by = Column { by: Some("name".to_owned()), ..column(3, "company_id") };
        let code = Column { calling_code: Some("49".to_owned()), ..column(4, "phone") };
        let columns = vec![
            column(0, FULL_NAME),
            column(1, "email"),
            source(2, "external_id"),
            by,
            code,
            column(5, "tags"),
            column(6, "birthday"),
            part(7, "phones", "work", "phone"),
            part(8, "addresses", "home", "city"),
            part(9, "addresses", "home", "street"),
        ];
        let cells = [
            "Lovelace, Ada",
            "Ada@Example.com",
            "42",
            "Engines",
            "030 901820",
            "vip; early",
            "12.10.1815",
            "+49301 ::: +49302",
            "London",
            "'=St James",
        ];
        let made = make(&Schema::built_in_object("contact"), &file(columns), &cells);
        assert_eq!(
            Value::Object(made.input),
            json!({
                "first_name": "Ada", "last_name": "Lovelace", "email": "Ada@Example.com", "phone": "+49 30 901820",
                "external_id": { "source": "hubspot", "key": "42" },
            })
        );
        let keys = [("external_id", "hubspot:42"), ("email", "Ada@Example.com")];
        assert_eq!(made.keys, keys.map(|(field, value)| (field.to_owned(), value.to_owned())));
        assert_eq!(made.references["company_id"].value, "Engines");
        assert_eq!(made.adds["tags"], [json!("vip"), json!("early")]);
        assert_eq!(made.adds["phones"].len(), 2);
        let address = json!({ "label": "home", "city": "London", "street": "=St James" });
        assert_eq!(made.adds["addresses"], [address]);
        assert_eq!(made.violations.iter().map(|found| found.code).collect::<Vec<_>>(), ["not_a_date"]);
    }

    #[test]
    fn an_empty_cell_leaves_what_is_there_unless_it_is_to_clear_it() {
        let mut file = file(vec![column(0, "city"), column(1, "tags"), column(2, "owner_id")]);
        let object = Schema::built_in_object("contact");
        assert_eq!(make(&object, &file, &[" ", ""]).input, Document::new());
        file.empty = Empty::Clear;
        let cleared = json!({ "city": null, "tags": null, "owner_id": null });
        assert_eq!(Value::Object(make(&object, &file, &[" ", ""]).input), cleared);
    }
}
