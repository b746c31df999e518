//! What a record's own events tell.

use events::{Event, FieldChange};
use kernel::{Error, Id, Result, kinds};
use records::{COMMON_FIELDS, Object};
use replica::Visibility;
use serde_json::{Map, Value, json};

use super::{About, Entry, Told};
use crate::visibility::hidden;

/// The verb of an event that tells of fields and of nothing else.
const CHANGED: &str = "changed";
/// The members of events that tell of something other than a field.
const BESIDE: [&str; 3] = ["link", "share", "merged_from"];
/// How many fields the line of a change names.
const MAX_NAMED: usize = 3;

/// The events after a place, as far as there is something to tell of them. Two round trips, and what it costs to know which
/// links may be told of.
pub(super) async fn read(about: About<'_>, after: Option<&str>, limit: u16) -> Result<Told> {
    let About { cx, object, id } = about;
    let mismatch = |_| Error::malformed("cursor_mismatch", "the cursor does not belong to this timeline");
    let after: Option<Id<kinds::Event>> = after.map(str::parse).transpose().map_err(mismatch)?;
    let told = records::history(cx, object, id, limit, after).await?;
    let hidden = hidden(&*cx.schema().await?, &Visibility::of_caller(cx), object);
    let is_seen =
        |path: &str| !hidden.contains(path) && (object.field(path).is_some() || COMMON_FIELDS.contains(&path));
    // The last one that was looked at may be one that is not told of.
    let passed = told.next.or(told.events.last().map(|event| event.id)).map(|event| event.to_string());
    let entries = told.events.into_iter().filter_map(|event| {
        let place = event.id.to_string();
        Some((place, entry(object, event, &is_seen)?))
    });
    Ok(Told { entries: entries.collect(), passed, has_more: told.next.is_some() })
}

/// What there is to tell of an event; nothing of a change of fields that the caller may not know or that were given up.
fn entry(object: &Object, event: Event, is_seen: &dyn Fn(&str) -> bool) -> Option<Entry> {
    let kind = event.name.rsplit('.').next().unwrap_or_default().to_owned();
    let (mut data, mut changes) = (Map::new(), Map::new());
    for (path, change) in event.changes {
        if BESIDE.contains(&path.as_str()) {
            let FieldChange { before, after } = change;
            data.insert(path, if after.is_null() { before } else { after });
        } else if is_seen(&path) {
            changes.insert(path, json!(change));
        }
    }
    if kind == CHANGED && changes.is_empty() {
        return None;
    }
    let title = title(object, &kind, &data, &changes);
    data.insert("version".to_owned(), json!(event.version));
    data.insert("changes".to_owned(), Value::Object(changes));
    if let Some(job) = event.job {
        data.insert("job".to_owned(), json!(job));
    }
    Some(Entry { id: event.id.to_string(), at: event.at, kind, by: Some(event.by), title, data: Value::Object(data) })
}

fn title(object: &Object, kind: &str, data: &Map<String, Value>, changes: &Map<String, Value>) -> String {
    let word = |of: &str, name: &str| data.get(of).and_then(|of| of.get(name)?.as_str()).unwrap_or_default();
    match kind {
        "created" => "Created".to_owned(),
        CHANGED => format!("Changed {}", named(object, changes)),
        "archived" => "Put into the trash".to_owned(),
        "restored" => "Taken out of the trash".to_owned(),
        "linked" => format!("Linked with a {} as {}", word("link", "object"), word("link", "label")),
        "unlinked" => format!("No longer linked with a {} as {}", word("link", "object"), word("link", "label")),
        "shared" => format!("Shared to {}", word("share", "level")),
        "unshared" => "No longer shared".to_owned(),
        "merged" => "Merged with others".to_owned(),
        "merged_away" => "Merged into another".to_owned(),
        "unmerged" => "Merge undone".to_owned(),
        other => capitalised(&other.replace('_', " ")),
    }
}

/// The first few fields of a change as people call them, and how many more there are.
fn named(object: &Object, changes: &Map<String, Value>) -> String {
    let label = |path: &String| match object.field(path) {
        Some(field) if !field.label.is_empty() => field.label.clone(),
        Some(field) => field.name.replace('_', " "),
        None => path.trim_end_matches("_id").replace('_', " "),
    };
    let mut names: Vec<String> = changes.keys().take(MAX_NAMED).map(label).collect();
    if changes.len() > MAX_NAMED {
        names.push(format!("{} more", changes.len() - MAX_NAMED));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Actor;
    use kernel::{Clock, Ids};
    use records::Schema;

    fn told(name: &str, changes: Value) -> Option<Entry> {
        let (clock, object) = (Clock::manual(), Schema::built_in_object("contact"));
        let ids = Ids::seeded(clock.clone(), 1);
        let event = Event {
            id: ids.next(),
            name: format!("contact.{name}"),
            workspace: ids.next(),
            record: ids.next::<kinds::Contact>().erase(),
            version: 2,
            at: clock.now(),
            by: Actor { user: ids.next(), api_key: None },
            request_id: String::new(),
            job: None,
            quiet: false,
            changes: serde_json::from_value(changes).unwrap(),
            salt: None,
            digest: String::new(),
        };
        entry(&object, event, &|path| path != "city" && object.field(path).is_some())
    }

    fn change() -> Value {
        json!({ "before": 1, "after": 2 })
    }

    #[test]
    fn what_the_caller_may_not_know_is_not_told() {
        let entry = told("changed", json!({ "city": change(), "email": change(), "custom.gone": change() })).unwrap();
        assert_eq!(entry.title, "Changed email");
        assert_eq!(entry.data, json!({ "version": 2, "changes": { "email": change() } }));
        assert_eq!(told("changed", json!({ "city": change() })), None);
        assert_eq!(told("created", json!({ "city": change() })).unwrap().data["changes"], json!({}));
    }

    #[test]
    fn a_line_names_the_first_few_fields() {
        let all = ["birthday", "country", "email", "first_name", "job_title"];
        let title = |count: usize| {
            let changes: Map<String, Value> = all[..count].iter().map(|path| ((*path).to_owned(), change())).collect();
            told("changed", Value::Object(changes)).unwrap().title
        };
        assert_eq!(title(2), "Changed birthday and country");
        assert_eq!(title(5), "Changed birthday, country, email and 2 more");
    }

    #[test]
    fn a_link_is_told_whether_it_came_or_went() {
        let link = json!({ "object": "company", "id": "com_1", "label": "advises", "direction": "out" });
        let came = told("linked", json!({ "link": { "before": null, "after": link } })).unwrap();
        assert_eq!((came.title.as_str(), &came.data["link"]), ("Linked with a company as advises", &link));
        let went = told("unlinked", json!({ "link": { "before": link, "after": null } })).unwrap();
        assert_eq!((went.title.as_str(), &went.data["link"]), ("No longer linked with a company as advises", &link));
        assert_eq!(told("put_on_hold", json!({})).unwrap().title, "Put on hold");
    }
}
