//! What a list is asked for, wherever that was said: in a query string, in the body of a search, in a saved view.

mod parts;

use events::Document;
use kernel::{Id, Violations, kinds, pointer};
use records::{Cx, Object, Schema};
use serde_json::{Value, json};

use self::parts::{parse_archived, parse_count, parse_id, parse_limit, parse_linked, parse_names, parse_text};
use crate::filter::{Condition, Filter};
use crate::paths;
use crate::query::{Archived, Linked, MAX_LIMIT, Query, Sort, parse_sort};
use crate::visible::Visibility;

/// Where a question stands as JSON, and so what it can say.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The pointer to it.
    pub at: &'static str,
    /// Its members.
    pub members: &'static [&'static str],
    /// The greatest `limit`.
    pub most: u16,
}

/// What a saved view asks.
const SAVED_MEMBERS: &[&str] = &["filter", "q", "sort", "limit", "archived", "linked", "include"];

impl Place {
    /// The body of a search.
    pub const SEARCH: Self = Self {
        at: "",
        members: &[
            "filter", "q", "sort", "limit", "cursor", "archived", "count", "linked", "view", "include", "fields",
        ],
        most: MAX_LIMIT,
    };

    /// A view's question when it is saved.
    pub const SAVED: Self = Self { at: "/query", members: SAVED_MEMBERS, most: MAX_LIMIT };

    /// A view's question when it is asked.
    pub const APPLIED: Self = Self { at: "/view/query", members: SAVED_MEMBERS, most: MAX_LIMIT };

    /// Which records are asked for, and nothing else.
    pub const KEPT: Self = Self { at: "", members: &["filter", "q", "archived", "linked"], most: MAX_LIMIT };
}

/// A question about the records of one object.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Which records: all of these.
    pub filters: Vec<Filter>,
    /// Words that they have.
    pub q: Option<String>,
    /// In which order.
    pub sort: Option<Vec<Sort>>,
    /// How many at most.
    pub limit: Option<u16>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// What about the trash.
    pub archived: Option<Archived>,
    /// Whether to count all that fit.
    pub count: bool,
    /// With what they are linked.
    pub linked: Option<Linked>,
    /// The saved view that they are asked by.
    pub view: Option<Id<kinds::View>>,
    /// Names of references whose records are wanted as well.
    pub include: Option<Vec<String>>,
    /// Paths of the only fields that are wanted.
    pub fields: Option<Vec<String>>,
}

impl Asked {
    /// What a query string asks. Everything in it that has no meaning of its own is a condition on a field.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn from_params(params: &[(String, String)]) -> Result<Self, Violations> {
        let (mut asked, mut violations) = (Self::default(), Violations::new());
        let mut label = None;
        for (name, value) in params {
            let (at, text) = (pointer(name), Value::from(value.as_str()));
            match name.as_str() {
                "limit" => asked.limit = parse_limit(value.parse().ok(), MAX_LIMIT, &at, &mut violations),
                "cursor" => asked.cursor = Some(value.clone()),
                "sort" => asked.sort = Some(parse_sort(value)),
                "q" => asked.q = parse_text(&text, &at, &mut violations),
                "archived" => asked.archived = parse_archived(&text, &at, &mut violations),
                "count" => asked.count = parse_count(&text, &at, &mut violations),
                "linked" => asked.linked = parse_linked(&text, &at, &mut violations),
                "linked.label" => label = Some(value.clone()),
                "view" => asked.view = parse_id(&text, &at, &mut violations),
                "include" => asked.include = Some(parts::names_param(value)),
                "fields" => asked.fields = Some(parts::names_param(value)),
                _ => asked.filters.push(Filter::Is(Condition::from_param(name, value))),
            }
        }
        match (&mut asked.linked, label) {
            (Some(linked), label) => linked.label = label,
            (None, Some(_)) if params.iter().all(|(name, _)| name != "linked") => {
                violations.add("/linked.label", "without_linked", "says nothing without linked");
            }
            (None, _) => {}
        }
        violations.or(asked)
    }

    /// What JSON asks.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn from_body(body: &Document, place: Place) -> Result<Self, Violations> {
        let (mut asked, mut violations) = (Self::default(), Violations::new());
        for (name, value) in body {
            let at = [place.at, &pointer(name)].concat();
            if place.members.contains(&name.as_str()) {
                asked.take(name, value, place, &at, &mut violations);
            } else {
                violations.add(at, "unknown_field", format!("must be one of {}", place.members.join(", ")));
            }
        }
        violations.or(asked)
    }

    /// Takes a member over. One that is `null` says nothing.
    fn take(&mut self, name: &str, value: &Value, place: Place, at: &str, violations: &mut Violations) {
        match name {
            _ if value.is_null() => {}
            "filter" => self.filters.push(Filter::parse(value, at, violations)),
            "q" => self.q = parse_text(value, at, violations),
            "sort" => self.sort = Some(Sort::parse_all(value, at, violations)),
            "limit" => self.limit = parse_limit(value.as_u64(), place.most, at, violations),
            "cursor" => self.cursor = parse_text(value, at, violations),
            "archived" => self.archived = parse_archived(value, at, violations),
            "count" => self.count = parse_count(value, at, violations),
            "linked" => self.linked = parse_linked(value, at, violations),
            "view" => self.view = parse_id(value, at, violations),
            "include" => self.include = parse_names(value, at, violations),
            "fields" => self.fields = parse_names(value, at, violations),
            _ => {}
        }
    }

    /// This question within a view: records have to be what both say, and of everything else this question's word counts
    /// before the view's.
    #[must_use]
    pub fn within(mut self, view: Self) -> Self {
        self.filters.splice(0..0, view.filters);
        self.q = self.q.or(view.q);
        self.sort = self.sort.or(view.sort);
        self.limit = self.limit.or(view.limit);
        self.archived = self.archived.or(view.archived);
        self.linked = self.linked.or(view.linked);
        self.include = self.include.or(view.include);
        self
    }

    /// Which records are asked for, with the caller for `me` wherever a user is compared.
    #[must_use]
    pub fn filter(&self, cx: &Cx, schema: &Schema, object: &Object) -> Filter {
        let me = cx.caller.user.to_string();
        let is_user = |path: &str| paths::is_user(schema, object, path);
        let mut filters: Vec<Filter> = self.filters.iter().map(|filter| personal(filter, &me, &is_user)).collect();
        // A filter can only be nested so deep.
        match (filters.pop(), filters.is_empty()) {
            (Some(only), true) => only,
            (last, _) => Filter::And(filters.into_iter().chain(last).collect()),
        }
    }

    /// Which records are asked for, in the words of [`Place::KEPT`] and with the caller for `me`: what is kept of a question
    /// that is asked later as it is meant now.
    #[must_use]
    pub fn kept(&self, cx: &Cx, schema: &Schema, object: &Object) -> Document {
        let archived = self.archived.map(|archived| match archived {
            Archived::Exclude => "false",
            Archived::Only => "true",
            Archived::Any => "any",
        });
        let filter = (!self.filters.is_empty()).then(|| self.filter(cx, schema, object).tree());
        let linked = self.linked.as_ref().map(|linked| json!(linked));
        let members = [
            ("filter", filter),
            ("q", self.q.clone().map(Value::from)),
            ("archived", archived.map(Value::from)),
            ("linked", linked),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The question as a replica takes it.
    #[must_use]
    pub fn query(&self, cx: &Cx, schema: &Schema, object: &Object) -> Query {
        let mut query = Query::new(&object.name);
        query.filter = self.filter(cx, schema, object);
        query.search.clone_from(&self.q);
        query.sort = self.sort.clone().unwrap_or_default();
        query.limit = self.limit.unwrap_or(query.limit);
        query.cursor.clone_from(&self.cursor);
        query.archived = self.archived.unwrap_or_default();
        query.count = self.count;
        query.linked.clone_from(&self.linked);
        query.visibility = Visibility::of_caller(cx);
        query
    }
}

/// A filter in which `me` is the caller wherever a user is compared.
fn personal(filter: &Filter, me: &str, is_user: &dyn Fn(&str) -> bool) -> Filter {
    let all = |filters: &[Filter]| filters.iter().map(|filter| personal(filter, me, is_user)).collect();
    match filter {
        Filter::And(filters) => Filter::And(all(filters)),
        Filter::Or(filters) => Filter::Or(all(filters)),
        Filter::Not(filter) => Filter::Not(Box::new(personal(filter, me, is_user))),
        Filter::Is(condition) if is_user(&condition.field) => {
            let named = |value: &Value| if value == "me" { Value::from(me) } else { value.clone() };
            let value = match &condition.value {
                Value::Array(values) => values.iter().map(named).collect(),
                value => named(value),
            };
            Filter::Is(Condition { value, ..condition.clone() })
        }
        Filter::Is(_) => filter.clone(),
    }
}

#[cfg(test)]
mod tests;
