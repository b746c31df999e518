//! Making what refers to records that were merged refer to the one that is left.

use kernel::AnyId;
use serde_json::Value;

use crate::{Field, FieldType, Object, Record};

impl Record {
    /// Makes every field that refers to one of some records refer to another one, members of items too. The record itself
    /// comes to refer to nothing rather than to itself. Nothing follows from it for other fields.
    pub fn repoint(&mut self, object: &Object, from: &[AnyId], to: AnyId) {
        let to = (to != self.common.id).then(|| Value::from(to.to_string()));
        let from: Vec<String> = from.iter().map(AnyId::to_string).collect();
        for field in object.live() {
            let Some(mut value) = self.fields.get(&field.path).cloned() else { continue };
            let stays = repoint(field, &mut value, &from, to.as_ref());
            self.fields.set(&field.path, stays.then_some(value));
        }
    }
}

/// Points one value elsewhere. `false` when there is nothing left of it.
fn repoint(field: &Field, value: &mut Value, from: &[String], to: Option<&Value>) -> bool {
    if let (FieldType::Items { fields, .. }, Value::Array(items)) = (&field.kind, &mut *value) {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|name, value| {
                let member = fields.iter().find(|member| member.name == *name);
                member.is_none_or(|member| repoint(member, value, from, to))
            });
        }
        items.retain(|item| item.as_object().is_none_or(|item| !item.is_empty()));
        return !items.is_empty();
    }
    let is_one = value.as_str().is_some_and(|id| from.iter().any(|one| one == id));
    if field.kind.refers_to().is_none() || !is_one {
        return true;
    }
    if let Some(to) = to {
        to.clone_into(value);
    }
    to.is_some()
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids, kinds};
    use serde_json::json;

    use super::*;
    use crate::record::Common;
    use crate::{Fields, Schema};

    #[test]
    fn every_reference_to_one_of_them_is_one_to_the_other_and_none_to_itself() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let [lost, gone, left, other, own] = [(); 5].map(|()| ids.next::<kinds::Company>().erase());
        let common = json!({
            "id": own, "object": "contact", "version": 1, "created_at": "2026-01-01T00:00:00.000Z", "created_by": ids.next::<kinds::User>(),
            "updated_at": "2026-01-01T00:00:00.000Z", "updated_by": ids.next::<kinds::User>(),
        });
        let common: Common = serde_json::from_value(common).unwrap();
        let contact = Schema::built_in_object("contact");
        let input = json!({
            "last_name": lost.to_string(), "company_id": lost,
            "former_jobs": [{ "company_id": gone, "job_title": "Boss" }, { "company_id": other }, { "company_id": lost }],
        });
        let mut record = Record::new(common, Fields::parse(&contact, input.as_object().unwrap()).unwrap());
        let mut to_itself = record.clone();
        record.repoint(&contact, &[lost, gone], left);
        assert_eq!(record.fields.get("company_id"), Some(&json!(left)));
        assert_eq!(record.fields.text("last_name"), Some(&*lost.to_string()), "a text is no reference");
        let jobs =
            json!([{ "company_id": left, "job_title": "Boss" }, { "company_id": other }, { "company_id": left }]);
        assert_eq!(record.fields.get("former_jobs"), Some(&jobs));
        to_itself.repoint(&contact, &[lost, gone], own);
        assert_eq!(to_itself.fields.get("company_id"), None);
        assert_eq!(
            to_itself.fields.get("former_jobs"),
            Some(&json!([{ "job_title": "Boss" }, { "company_id": other }]))
        );
    }
}
