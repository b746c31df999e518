//! Figures over the records of an object: how many there are, sums, averages, by what they have in common.

use auth::Action;
use std::sync::Arc;

use api::{At, Context, NoQuery, Of, Operation, Question, Result, Routes, Seen, Work, with_object};
use axum::extract::Path;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{Error, Position, Violations, pointer};
use records::{Aggregate, Cx, Object};
use replica::{
    Asked, Direction, Group, GroupBy, GroupKey, GroupSort, Grouping, MAX_GROUPS, Measure, Place, Replicas, Unit,
    Visibility,
};
use serde_json::{Map, Value, json};

use crate::answer::Answered;
use crate::saved;
use crate::shapes;

/// How many groups are answered if nobody says.
const LIMIT: u16 = 100;
/// The most fields that are grouped by, the most figures of a group, and the most of both that groups are sorted by.
pub(crate) const MAX_KEYS: usize = 3;
pub(crate) const MAX_MEASURES: usize = 10;
pub(crate) const MAX_SORT: usize = 4;

/// What the body of an aggregation says of records.
const RECORDS: Place =
    Place { at: "", members: &["filter", "q", "archived", "linked", "view", "limit"], most: MAX_GROUPS };
/// What it says of groups.
const GROUPS: [&str; 3] = ["group_by", "aggregates", "sort"];

/// The functions by their words.
pub(crate) const FUNCTIONS: [(&str, Aggregate); 5] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
];
/// The spans of time by their words.
pub(crate) const UNITS: [(&str, Unit); 5] = [
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("quarter", Unit::Quarter),
    ("year", Unit::Year),
];

pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let plural = of.nouns();
    let replicas = Arc::clone(replicas);
    let operation = Operation::new(
        Method::POST,
        of.all("/aggregate"),
        format!("aggregate_{plural}"),
        format!("Count {plural} and sum up their fields, by what they have in common"),
    );
    Routes::new().add(
        operation.reads().takes(shapes::aggregate_body(of)).answers(200, shapes::groups()),
        post(move |context, path, seen, query, body| {
            aggregate(of, Arc::clone(&replicas), context, path, seen, query, body)
        }),
    )
}

/// What is asked: of which records, by what, which figures.
#[derive(Debug, Clone)]
struct Figures {
    records: Asked,
    group_by: Vec<GroupBy>,
    measures: Vec<Measure>,
    sort: Vec<GroupSort>,
}

impl Figures {
    fn parse(body: &Document) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        let rest = body.iter().filter(|(name, _)| !GROUPS.contains(&name.as_str()));
        let rest: Document = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
        let records = Asked::from_body(&rest, RECORDS).unwrap_or_else(|others| {
            violations.extend(others);
            Asked::default()
        });
        let group_by = entries(body, "group_by", MAX_KEYS, &mut violations, parse_key);
        let mut measures = entries(body, "aggregates", MAX_MEASURES, &mut violations, parse_measure);
        if measures.is_empty() {
            measures.push(Measure { function: Aggregate::Count, field: None });
        }
        let mut figures = Self { records, group_by, measures, sort: Vec::new() };
        // By their places, which are only known when nothing is missing.
        if violations.is_empty() {
            figures.check_twice(&mut violations);
            let parse =
                |value: &Value, at: &str, violations: &mut Violations| figures.parse_sort(value, at, violations);
            figures.sort = entries(body, "sort", MAX_SORT, &mut violations, parse);
        }
        violations.or(figures)
    }

    /// Notes what is asked twice: the answer has room for it once.
    fn check_twice(&self, violations: &mut Violations) {
        let names: Vec<String> = self.measures.iter().map(name_of).collect();
        for (index, name) in names.iter().enumerate().filter(|(index, name)| names[..*index].contains(name)) {
            violations.add(format!("/aggregates/{index}"), "given_twice", format!("asks for {name} again"));
        }
        for (index, key) in self.group_by.iter().enumerate() {
            if self.group_by[..index].iter().any(|other| other.field == key.field) {
                violations.add(format!("/group_by/{index}"), "given_twice", "groups by the same field again");
            }
        }
    }

    /// What groups are sorted by, in the words of the answer: `city`, `-count`, `-sum(custom.size)`.
    fn parse_sort(&self, value: &Value, at: &str, violations: &mut Violations) -> Option<GroupSort> {
        let text = value.as_str().unwrap_or_default();
        let (direction, name) = match text.strip_prefix('-') {
            Some(name) => (Direction::Descending, name),
            None => (Direction::Ascending, text),
        };
        let key = self.group_by.iter().position(|key| key.field == name).map(GroupKey::Key);
        let measure = || self.measures.iter().position(|measure| name_of(measure) == name).map(GroupKey::Measure);
        let by = key.or_else(measure);
        if by.is_none() {
            let detail = "must be a field of group_by or a figure of aggregates, with a minus for descending";
            violations.add(at, "unknown_option", detail);
        }
        Some(GroupSort { by: by?, direction })
    }
}

/// The entries of a list in a body, each parsed at its own place.
fn entries<T>(
    body: &Document,
    name: &str,
    most: usize,
    violations: &mut Violations,
    parse: impl Fn(&Value, &str, &mut Violations) -> Option<T>,
) -> Vec<T> {
    let at = pointer(name);
    match body.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) if values.len() <= most => {
            let values = values.iter().enumerate();
            values.filter_map(|(index, value)| parse(value, &format!("{at}/{index}"), violations)).collect()
        }
        Some(_) => {
            violations.add(at, "wrong_type", format!("must be a list of at most {most}"));
            Vec::new()
        }
    }
}

/// One of several words at a member of an object; `None` when it is none, which is noted.
fn word<T: Copy>(
    members: &Document,
    name: &str,
    words: &[(&'static str, T)],
    at: &str,
    violations: &mut Violations,
) -> Option<T> {
    let given = members.get(name).filter(|value| !value.is_null())?;
    let found = words.iter().find(|(word, _)| given == word).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        violations.add([at, &pointer(name)].concat(), "unknown_option", format!("must be one of {}", words.join(", ")));
    }
    found
}

fn field(members: &Document, at: &str, violations: &mut Violations) -> Option<String> {
    match members.get("field") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => {
            violations.add([at, "/field"].concat(), "wrong_type", "must be the path of a field");
            None
        }
    }
}

fn only(members: &Document, known: &[&str], at: &str, violations: &mut Violations) {
    for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
        violations.add([at, &pointer(name)].concat(), "unknown_field", format!("must be {}", known.join(" or ")));
    }
}

/// What to group by: a path, or `{ "field", "unit" }`.
fn parse_key(value: &Value, at: &str, violations: &mut Violations) -> Option<GroupBy> {
    match value {
        Value::String(path) => Some(GroupBy { field: path.clone(), unit: None }),
        Value::Object(members) => {
            only(members, &["field", "unit"], at, violations);
            let unit = word(members, "unit", &UNITS, at, violations);
            let path = field(members, at, violations);
            if !members.contains_key("field") {
                violations.add([at, "/field"].concat(), "required", "must be the path of a field");
            }
            Some(GroupBy { field: path?, unit })
        }
        _ => {
            violations.add(at, "wrong_type", "must be a path, or field and unit");
            None
        }
    }
}

/// A figure: `"count"`, or `{ "function", "field" }`.
fn parse_measure(value: &Value, at: &str, violations: &mut Violations) -> Option<Measure> {
    let members = match value {
        Value::String(_) => &Document::from_iter([("function".to_owned(), value.clone())]),
        Value::Object(members) => members,
        _ => {
            violations.add(at, "wrong_type", "must be count, or function and field");
            return None;
        }
    };
    only(members, &["function", "field"], at, violations);
    let function = word(members, "function", &FUNCTIONS, at, violations);
    let field = field(members, at, violations);
    if !members.contains_key("function") {
        violations.add([at, "/function"].concat(), "required", "must be a function");
    }
    let function = function?;
    if field.is_none() && function != Aggregate::Count && !members.contains_key("field") {
        violations.add([at, "/field"].concat(), "required", "must be the path of a field");
    }
    Some(Measure { function, field })
}

/// What a figure is called in the answer: `count`, `sum(annual_revenue)`.
fn name_of(measure: &Measure) -> String {
    let word = FUNCTIONS.iter().find(|(_, function)| *function == measure.function).map_or("", |(word, _)| word);
    match &measure.field {
        Some(field) => format!("{word}({field})"),
        None => word.to_owned(),
    }
}

async fn aggregate(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    _: NoQuery,
    Question(body): Question,
) -> Result<Answered> {
    let figures = Figures::parse(&body).map_err(Error::from)?;
    let (cx, replicas, figures, position) = (&cx, &replicas, &figures, &position);
    let work = |object: Arc<Object>| -> Work<'_, Answered> {
        Box::pin(async move { ask(cx, replicas, &object, figures, position).await })
    };
    Ok(with_object(cx, of, &at, work).await?)
}

async fn ask(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    figures: &Figures,
    position: &Position,
) -> kernel::Result<Answered> {
    cx.rights.require_any(object, Action::Read)?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let own = &figures.records;
    // Of a view only counts which records it shows.
    let view = Asked { limit: None, sort: None, ..saved::question(cx, &replica, object, own.view, position).await? };
    let records = own.clone().within(view.clone());
    let grouping = Grouping {
        object: object.name.clone(),
        filter: records.filter(cx, &*cx.schema().await?, object),
        search: records.q,
        archived: records.archived.unwrap_or_default(),
        linked: records.linked,
        visibility: Visibility::of_caller(cx),
        group_by: figures.group_by.clone(),
        aggregates: figures.measures.clone(),
        sort: figures.sort.clone(),
        limit: records.limit.unwrap_or(LIMIT),
    };
    let groups = replica.aggregate(&grouping, position).await.map_err(|error| view.explain(own, error))?;
    let names: Vec<String> = figures.measures.iter().map(name_of).collect();
    let data: Vec<Value> = groups.rows.into_iter().map(|group| shown(figures, &names, group)).collect();
    let body = json!({ "data": data, "has_more": groups.has_more, "as_of": groups.as_of });
    Ok(Answered { body, replica_ms: groups.replica_ms })
}

fn shown(figures: &Figures, names: &[String], group: Group) -> Value {
    let keys = figures.group_by.iter().map(|key| key.field.clone()).zip(group.keys);
    let values = names.iter().cloned().zip(group.values);
    json!({ "group": keys.collect::<Map<_, _>>(), "values": values.collect::<Map<_, _>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: Value) -> Result<Figures, Vec<String>> {
        Figures::parse(body.as_object().unwrap()).map_err(|violations| {
            violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect()
        })
    }

    #[test]
    fn without_a_figure_records_are_counted() {
        let figures = parse(json!({})).unwrap();
        assert_eq!(figures.measures.iter().map(name_of).collect::<Vec<_>>(), ["count"]);
        let body = json!({
            "group_by": ["city", { "field": "created_at", "unit": "month" }],
            "aggregates": ["count", { "function": "count", "field": "email" }, { "function": "sum", "field": "custom.size" }],
        });
        let figures = parse(body).unwrap();
        let names: Vec<String> = figures.measures.iter().map(name_of).collect();
        assert_eq!(names, ["count", "count(email)", "sum(custom.size)"]);
        let keys: Vec<_> = figures.group_by.iter().map(|key| (key.field.as_str(), key.unit)).collect();
        assert_eq!(keys, [("city", None), ("created_at", Some(Unit::Month))]);
    }

    #[test]
    fn groups_are_sorted_by_what_the_answer_says_of_them() {
        let sort = |sort: Value| parse(json!({ "group_by": ["city"], "sort": sort })).map(|figures| figures.sort);
        let by = |by, direction| GroupSort { by, direction };
        let expected =
            vec![by(GroupKey::Measure(0), Direction::Descending), by(GroupKey::Key(0), Direction::Ascending)];
        assert_eq!(sort(json!(["-count", "city"])), Ok(expected));
        for wrong in [json!(["country"]), json!(["sum(size)"]), json!([7]), json!([""])] {
            assert_eq!(sort(wrong).unwrap_err(), ["/sort/0 unknown_option"]);
        }
    }

    #[test]
    fn everything_wrong_with_an_aggregation_is_found_at_once() {
        let body = json!({
            "group_by": [7, {}, { "field": 1, "unit": "hour", "nick": 1 }],
            "aggregates": ["median", { "function": "sum" }, {}, { "function": "count", "field": 1 }],
            "cursor": "x", "limit": 0,
        });
        let mut found = parse(body).unwrap_err();
        found.sort();
        assert_eq!(
            found,
            [
                "/aggregates/0/function unknown_option",
                "/aggregates/1/field required",
                "/aggregates/2/function required",
                "/aggregates/3/field wrong_type",
                "/cursor unknown_field",
                "/group_by/0 wrong_type",
                "/group_by/1/field required",
                "/group_by/2/field wrong_type",
                "/group_by/2/nick unknown_field",
                "/group_by/2/unit unknown_option",
                "/limit out_of_range",
            ]
        );
    }

    #[test]
    fn nothing_is_asked_twice() {
        let twice = json!({ "group_by": ["city", "country", { "field": "city" }], "aggregates": ["count", "count"] });
        assert_eq!(parse(twice).unwrap_err(), ["/aggregates/1 given_twice", "/group_by/2 given_twice"]);
        let many = json!({ "group_by": ["a", "b", "c", "d"], "aggregates": "count" });
        assert_eq!(parse(many).unwrap_err(), ["/group_by wrong_type", "/aggregates wrong_type"]);
    }
}
