//! The types of fields that a company may make, with their settings: how they are read from a body, and how an admin screen
//! is told of them.

use events::Document;
use kernel::{Violations, pointer};
use records::{Aggregate, Choice, Field, FieldType, RollUp, formula};
use serde_json::{Value, json};

use crate::body::Body;
use crate::limits;

/// A setting of a type of field.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// How it is read.
    pub(crate) kind: FieldType,
    pub(crate) required: bool,
    /// What it is when nobody says.
    pub(crate) default: Option<Value>,
}

/// A type of field that a company may make.
pub(crate) struct Sort {
    /// One with the least settings.
    pub(crate) sample: FieldType,
    pub(crate) help: &'static str,
    pub(crate) settings: Vec<Setting>,
}

const fn setting(name: &'static str, help: &'static str, kind: FieldType) -> Setting {
    Setting { name, help, kind, required: false, default: None }
}

fn whole(min: usize, max: usize) -> FieldType {
    FieldType::Number { decimals: 0, min: Some(min as f64), max: Some(max as f64) }
}

impl Setting {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn or(mut self, default: impl Into<Value>) -> Self {
        self.default = Some(default.into());
        self
    }
}

/// Every type that a company may make, in the order in which people look for them.
pub(crate) fn sorts() -> Vec<Sort> {
    let plain = |sample, help| Sort { sample, help, settings: Vec::new() };
    let sort = |sample, help, settings| Sort { sample, help, settings };
    vec![
        sort(
            FieldType::text(255),
            "A line of text.",
            vec![setting("max", "The most characters.", whole(1, limits::TEXT)).or(255)],
        ),
        sort(
            FieldType::LongText { max: 10_000 },
            "Text of several lines.",
            vec![setting("max", "The most characters.", whole(1, limits::LONG_TEXT)).or(10_000)],
        ),
        sort(FieldType::Number { decimals: 0, min: None, max: None }, "A number.", number()),
        plain(FieldType::Money {}, "An amount in minor units of a currency."),
        plain(FieldType::Date {}, "A day."),
        plain(FieldType::DateTime {}, "A moment, in UTC."),
        plain(FieldType::Boolean {}, "True or false."),
        sort(FieldType::Select { options: Vec::new() }, "One of several words.", vec![options()]),
        sort(FieldType::MultiSelect { options: Vec::new() }, "Any of several words.", vec![options()]),
        plain(FieldType::Tags {}, "Words that nobody has to agree on beforehand."),
        plain(FieldType::Email {}, "An email address."),
        plain(FieldType::Phone {}, "A phone number, kept as E.164."),
        plain(FieldType::Url {}, "A web address."),
        plain(FieldType::Domain {}, "The name of an internet domain."),
        plain(FieldType::User {}, "A user of the workspace."),
        sort(FieldType::reference(""), "A record of another object, or of the same.", reference()),
        sort(
            FieldType::Formula { expression: String::new() },
            "What an expression over the record's other fields gives.",
            vec![setting("expression", "The expression.", FieldType::LongText { max: formula::MAX_SOURCE }).required()],
        ),
        sort(FieldType::RollUp(sample()), "What is known of the records that refer to this one.", roll_up()),
    ]
}

fn sample() -> RollUp {
    let (object, via) = (String::new(), String::new());
    RollUp { object, via, function: Aggregate::Count, field: None, only: Vec::new() }
}

fn number() -> Vec<Setting> {
    let any = || FieldType::Number { decimals: 6, min: None, max: None };
    vec![
        setting("decimals", "How many decimals; what has more is rounded.", whole(0, 6)).or(0),
        setting("min", "The least value.", any()),
        setting("max", "The greatest value.", any()),
    ]
}

fn reference() -> Vec<Setting> {
    let help =
        "Whether no record may be above itself over any number of steps. Only where records refer to their own object.";
    vec![
        setting("object", "The object in the singular.", FieldType::text(limits::OBJECT_NAME)).required(),
        setting("acyclic", help, FieldType::Boolean {}),
    ]
}

fn options() -> Setting {
    let fields = vec![
        Field::new("value", FieldType::text(limits::WORD), "What is stored and compared.").required(),
        Field::new("label", FieldType::text(limits::LABEL), "What people see; the value if nobody says."),
        Field::new("archived", FieldType::Boolean {}, "Whether it can no longer be chosen."),
        Field::new(
            "replaced_by",
            FieldType::text(limits::WORD),
            "The word that records with this one are read as having.",
        ),
    ];
    let kind = FieldType::Items { fields, max: limits::OPTIONS };
    setting("options", "The words in the order in which people choose. A text alone is a word without a label.", kind)
        .required()
}

fn roll_up() -> Vec<Setting> {
    let functions = [Aggregate::Count, Aggregate::Sum, Aggregate::Avg, Aggregate::Min, Aggregate::Max];
    let words = functions.iter().filter_map(|function| json!(function).as_str().map(Choice::new)).collect();
    // What it is compared with may be of several types, which `read_conditions` looks at.
    let conditions = vec![
        Field::new("field", FieldType::text(100), "The path of a field of those records.").required(),
        Field::new("equals", FieldType::Json { max: 300 }, "The value that it must have.").required(),
    ];
    vec![
        setting("object", "The object of the records that refer to this one.", FieldType::text(limits::OBJECT_NAME))
            .required(),
        setting("via", "The path of the field in which they do.", FieldType::text(100)).required(),
        setting("function", "What is made of them.", FieldType::Select { options: words }).required(),
        setting("field", "The path of the field that it is made of. Not for count.", FieldType::text(100)),
        setting(
            "only",
            "Which of them count: all of these equalities hold.",
            FieldType::Items { fields: conditions, max: limits::CONDITIONS },
        ),
    ]
}

/// The settings of a type as they stand in a body.
pub(crate) fn settings_of(kind: &FieldType) -> Document {
    let mut settings = json!(kind).as_object().cloned().unwrap_or_default();
    settings.remove("type");
    settings
}

/// The options of the two types that have some, to be changed.
pub(crate) const fn options_mut(kind: &mut FieldType) -> Option<&mut Vec<Choice>> {
    match kind {
        FieldType::Select { options } | FieldType::MultiSelect { options } => Some(options),
        _ => None,
    }
}

/// Reads a type and its settings. `None` when something is wrong, which is noted.
pub(crate) fn read(word: &str, settings: &Document, violations: &mut Violations) -> Option<FieldType> {
    let Some(sort) = sorts().into_iter().find(|sort| sort.sample.word() == word) else {
        let words: Vec<&str> = sorts().iter().map(|sort| sort.sample.word()).collect();
        violations.add("/type", "unknown_type", format!("must be one of {}", words.join(", ")));
        return None;
    };
    let plain = plain(settings);
    let mut body = Body::new(&plain);
    let mut read = Document::from_iter([("type".to_owned(), json!(word))]);
    for Setting { name, kind, required, .. } in sort.settings {
        let value = match name {
            "only" => read_conditions(&mut body),
            _ => body.value(name, kind).flatten(),
        };
        let refused = body.violations.iter().any(|violation| violation.pointer.starts_with(&pointer(name)));
        match value {
            Some(value) => drop(read.insert(name.to_owned(), value)),
            None if required && !refused => body.violations.add(pointer(name), "required", "must have a value"),
            None => {}
        }
    }
    let found = body.finish();
    let is_sound = found.is_empty();
    violations.extend(found);
    if !is_sound {
        return None;
    }
    match serde_json::from_value::<FieldType>(Value::Object(read)) {
        Ok(kind) => sound(&kind, violations).then_some(kind),
        Err(_) => {
            violations.add("/type", "wrong_type", "has settings that do not fit together");
            None
        }
    }
}

/// The settings with options as objects: a text alone is one without a label.
fn plain(settings: &Document) -> Document {
    let mut settings = settings.clone();
    if let Some(Value::Array(options)) = settings.get_mut("options") {
        for option in options.iter_mut().filter(|option| option.is_string()) {
            *option = json!({ "value": option });
        }
    }
    settings
}

fn read_conditions(body: &mut Body<'_>) -> Option<Value> {
    let conditions = match body.raw("only")? {
        Value::Null => return None,
        Value::Array(conditions) => conditions,
        _ => {
            body.violations.add("/only", "wrong_type", "must be a list of conditions or null");
            return None;
        }
    };
    if conditions.len() > limits::CONDITIONS {
        let detail = format!("must have at most {} entries", limits::CONDITIONS);
        body.violations.add("/only", "too_many", detail);
        return None;
    }
    for (index, condition) in conditions.iter().enumerate() {
        let is_plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let members = condition.as_object();
        let is_good = members.is_some_and(|members| {
            members.len() == 2
                && members.get("field").is_some_and(Value::is_string)
                && members.get("equals").is_some_and(is_plain)
        });
        if !is_good {
            let detail = "must be a path as field, and as equals a text, a number, or true or false";
            body.violations.add(format!("/only/{index}"), "wrong_type", detail);
        }
    }
    Some(Value::Array(conditions.clone()))
}

/// Whether the settings of a type fit together.
fn sound(kind: &FieldType, violations: &mut Violations) -> bool {
    let before = violations.iter().count();
    match kind {
        FieldType::Number { min: Some(min), max: Some(max), .. } if min > max => {
            violations.add("/min", "out_of_range", "must not be greater than max");
        }
        FieldType::Select { options } | FieldType::MultiSelect { options } => {
            sound_options(options, violations);
        }
        _ => {}
    }
    violations.iter().count() == before
}

fn sound_options(options: &[Choice], violations: &mut Violations) {
    // Case does not tell words apart where a text has become a choice.
    let words: Vec<String> = options.iter().map(|option| option.value.to_lowercase()).collect();
    for (index, option) in options.iter().enumerate() {
        if words[..index].contains(&words[index]) {
            let detail = "must differ from the others in more than case";
            violations.add(format!("/options/{index}/value"), "given_twice", detail);
        }
        let Some(place) = &option.replaced_by else { continue };
        let is_there = options.iter().any(|other| other.value == *place && other.replaced_by.is_none());
        if !option.archived || !is_there {
            let detail = "must be another option, of one that can no longer be chosen";
            violations.add(format!("/options/{index}/replaced_by"), "unknown_option", detail);
        }
    }
    if options.iter().all(|option| option.archived) {
        violations.add("/options", "required", "must have one that can be chosen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(word: &str, settings: Value) -> Result<FieldType, Vec<String>> {
        let mut violations = Violations::new();
        let kind = read(word, settings.as_object().unwrap(), &mut violations);
        let found = violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect();
        kind.ok_or(found)
    }

    #[test]
    fn every_type_for_companies_can_be_read_and_no_other() {
        let needed = |sort: &Sort| -> Document {
            let value = |setting: &Setting| match setting.name {
                "options" => json!(["a"]),
                "function" => json!("count"),
                _ => json!("custom.x"),
            };
            sort.settings.iter().filter(|s| s.required).map(|s| (s.name.to_owned(), value(s))).collect()
        };
        for sort in sorts() {
            let kind = read_from(sort.sample.word(), Value::Object(needed(&sort))).unwrap();
            assert_eq!((kind.word(), kind.is_for_companies()), (sort.sample.word(), true));
            assert_eq!(
                read_from(sort.sample.word(), Value::Object(settings_of(&kind))),
                Ok(kind),
                "what is kept is read again"
            );
        }
        for word in ["items", "json", "external_id", "", "Text"] {
            assert_eq!(read_from(word, json!({})), Err(vec!["/type unknown_type".to_owned()]));
        }
    }

    #[test]
    fn settings_that_are_no_good_are_all_told() {
        assert_eq!(
            read_from("number", json!({ "decimals": 7, "min": "x", "nick": 1 })).unwrap_err(),
            ["/decimals out_of_range", "/min wrong_type", "/nick unknown_field"]
        );
        assert_eq!(read_from("number", json!({ "min": 2, "max": 1 })).unwrap_err(), ["/min out_of_range"]);
        assert_eq!(read_from("text", json!({ "max": 0 })).unwrap_err(), ["/max out_of_range"]);
        assert_eq!(read_from("select", json!({})).unwrap_err(), ["/options required"]);
        assert_eq!(read_from("select", json!({ "options": [] })).unwrap_err(), ["/options required"]);
        assert_eq!(
            read_from("select", json!({ "options": ["a", { "value": "A" }] })).unwrap_err(),
            ["/options/1/value given_twice"]
        );
        assert_eq!(
            read_from("select", json!({ "options": [{ "value": "a", "archived": true }] })).unwrap_err(),
            ["/options required"]
        );
        let many: Vec<String> = (0..=limits::OPTIONS).map(|number| format!("o{number}")).collect();
        assert_eq!(read_from("select", json!({ "options": many })).unwrap_err(), ["/options too_many"]);
        assert_eq!(
            read_from(
                "roll_up",
                json!({ "object": "contact", "via": "company_id", "function": "sum", "only": [{ "field": "a" }] })
            )
            .unwrap_err(),
            ["/only/0 wrong_type"]
        );
    }

    #[test]
    fn a_word_alone_is_an_option() {
        let FieldType::Select { options } =
            read_from("select", json!({ "options": ["gold", { "value": "tin", "label": "Tin" }] })).unwrap()
        else {
            panic!()
        };
        assert_eq!((options[0].value.as_str(), options[1].label.as_str()), ("gold", "Tin"));
    }
}
