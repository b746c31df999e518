//! Companies: organisations that the company deals with.

use kernel::{Prefix, kinds};

use super::shared;
use crate::{Field, FieldType, Object};

pub(super) fn object() -> Object {
    let text = |name: &str, max: usize, help: &str| Field::new(name, FieldType::text(max), help);
    let help = "An organisation that the company deals with.";
    let mut object = Object::new("company", "companies", Prefix::of::<kinds::Company>(), help);
    let parent = FieldType::Reference { object: "company".to_owned(), acyclic: true };
    let industries = [
        "agriculture",
        "construction",
        "education",
        "energy",
        "finance",
        "government",
        "health",
        "hospitality",
        "insurance",
        "legal",
        "logistics",
        "manufacturing",
        "media",
        "nonprofit",
        "property",
        "retail",
        "services",
        "software",
        "technology",
        "telecommunications",
        "travel",
        "other",
    ];
    object.fields = vec![
        text("name", 200, "What it is called.").required().searched(),
        Field::new("domain", FieldType::Domain {}, "Its internet domain. Two companies never share one.")
            .unique()
            .searched(),
        Field::new("website", FieldType::Url {}, "Its website."),
        Field::new("phone", FieldType::Phone {}, "Its phone number, kept as E.164.").searched(),
        shared::phones(),
        Field::new("email", FieldType::Email {}, "Where it takes mail.").searched(),
        Field::new("parent_id", parent, "The company that it belongs to."),
        Field::new("industry", FieldType::select(&industries), "What it does."),
        Field::new("employees", FieldType::Number { decimals: 0, min: Some(0.0), max: None }, "How many work for it."),
        Field::new("annual_revenue", FieldType::Money {}, "What it takes in a year."),
        text("city", 100, "Where it is."),
        text("country", 100, "In which country."),
        shared::addresses(),
        shared::social_links(),
        shared::lifecycle_stage(),
        shared::source(),
        Field::new("description", FieldType::LongText { max: 10_000 }, "What else to know."),
        shared::tags(),
        shared::external_id(),
    ];
    object
}
