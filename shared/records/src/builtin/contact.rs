//! Contacts: people that the company knows.

use kernel::{Prefix, Violations, kinds};
use serde_json::{Value, json};

use super::shared;
use crate::{Field, FieldType, Fields, Object};

/// How many former jobs are kept of a contact; the oldest goes when there is one more.
const MAX_JOBS: usize = 30;

pub(super) fn object() -> Object {
    let text = |name: &str, max: usize, help: &str| Field::new(name, FieldType::text(max), help);
    let mut object =
        Object::new("contact", "contacts", Prefix::of::<kinds::Contact>(), "A person that the company knows.");
    object.title = vec!["first_name".to_owned(), "last_name".to_owned()];
    object.fields = vec![
        text("salutation", 40, "How to address them: Dr., Ms."),
        text("first_name", 100, "Given name.").searched(),
        text("last_name", 100, "Family name.").searched(),
        Field::new("email", FieldType::Email {}, "Email address. Two contacts never share one.").unique().searched(),
        shared::emails(),
        Field::new("phone", FieldType::Phone {}, "Phone number, kept as E.164.").searched(),
        shared::phones(),
        Field::new("company_id", FieldType::reference("company"), "The company that they work for."),
        text("job_title", 200, "What they do there."),
        former_jobs(),
        text("city", 100, "Where they are."),
        text("country", 100, "In which country."),
        shared::addresses(),
        shared::social_links(),
        Field::new("website", FieldType::Url {}, "Their own website."),
        shared::lifecycle_stage(),
        shared::source(),
        Field::new("birthday", FieldType::Date {}, "The day they were born."),
        text("language", 35, "The language they like to be written to in, as a tag such as de or pt-BR."),
        Field::new("description", FieldType::LongText { max: 10_000 }, "What else to know."),
        shared::tags(),
        shared::external_id(),
    ];
    object.rules = rules;
    object.follow = remember_job;
    object
}

fn former_jobs() -> Field {
    let fields = vec![
        Field::new("company_id", FieldType::reference("company"), "The company."),
        Field::new("job_title", FieldType::text(200), "What they did there."),
        Field::new("until", FieldType::Date {}, "The day they left, as far as it is known."),
    ];
    let help = "Where they worked before, the latest first. Changing the company adds to it.";
    Field::new("former_jobs", FieldType::Items { fields, max: MAX_JOBS }, help)
}

/// Somebody of whom nothing is known cannot be found or told apart.
fn rules(fields: &Fields, violations: &mut Violations) {
    let known = ["first_name", "last_name", "email", "phone"].iter().any(|name| fields.get(name).is_some());
    if !known {
        violations.add("", "nothing_known", "must have a first name, a last name, an email or a phone number");
    }
}

/// Who leaves a company has worked there. Who says so in the same breath is believed instead.
fn remember_job(before: Option<&Fields>, after: &mut Fields) {
    let Some(before) = before else { return };
    let Some(left) = before.get("company_id").filter(|left| after.get("company_id") != Some(left)) else { return };
    if before.get("former_jobs") != after.get("former_jobs") {
        return;
    }
    let mut job = json!({ "company_id": left });
    if let Some(title) = before.get("job_title") {
        job["job_title"] = title.clone();
    }
    let mut jobs = vec![job];
    jobs.extend(after.get("former_jobs").and_then(Value::as_array).into_iter().flatten().cloned());
    jobs.truncate(MAX_JOBS);
    after.set("former_jobs", Some(Value::Array(jobs)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::parse(&object(), value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn who_changes_company_has_worked_at_the_old_one() {
        let (acme, apex) = (format!("com_{}", "0".repeat(32)), format!("com_{}", "1".repeat(32)));
        let before = fields(json!({ "last_name": "Lovelace", "company_id": acme, "job_title": "Analyst" }));
        let patch = |value: Value| before.patched(&object(), value.as_object().unwrap()).unwrap();
        let moved = patch(json!({ "company_id": apex, "job_title": "Director" }));
        assert_eq!(moved.get("former_jobs"), Some(&json!([{ "company_id": acme, "job_title": "Analyst" }])));
        let said = patch(json!({ "company_id": apex, "former_jobs": [{ "company_id": acme, "until": "2026-01-01" }] }));
        assert_eq!(said.get("former_jobs"), Some(&json!([{ "company_id": acme, "until": "2026-01-01" }])));
        assert_eq!(patch(json!({ "job_title": "Director" })).get("former_jobs"), None);
    }
}
