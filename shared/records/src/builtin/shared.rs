//! Fields that several objects have.

use crate::{Field, FieldType};

pub(super) fn external_id() -> Field {
    let help = "What the system that it came from calls it: source and key, unique together.";
    Field::new("external_id", FieldType::ExternalId {}, help).unique()
}

pub(super) fn tags() -> Field {
    Field::new("tags", FieldType::Tags {}, "Words of your own, to find it by.")
}

pub(super) fn lifecycle_stage() -> Field {
    let stages = ["subscriber", "lead", "qualified", "opportunity", "customer", "evangelist", "former", "other"];
    Field::new("lifecycle_stage", FieldType::select(&stages), "How far it has come with you.")
}

pub(super) fn source() -> Field {
    let sources = [
        "website",
        "referral",
        "partner",
        "event",
        "advertising",
        "social",
        "search",
        "email",
        "phone",
        "import",
        "other",
    ];
    Field::new("source", FieldType::select(&sources), "Where it came from at first.")
}

/// A word for which of several it is: work, home, mobile.
fn label() -> Field {
    Field::new("label", FieldType::text(40), "Which one it is: work, home, mobile.")
}

pub(super) fn phones() -> Field {
    let fields = vec![Field::new("phone", FieldType::Phone {}, "Kept as E.164.").required(), label()];
    Field::new("phones", FieldType::Items { fields, max: 20 }, "Further phone numbers.").searched()
}

pub(super) fn emails() -> Field {
    let fields = vec![Field::new("email", FieldType::Email {}, "An address.").required(), label()];
    Field::new(
        "emails",
        FieldType::Items { fields, max: 20 },
        "Further email addresses. Unique together with the first.",
    )
    .searched()
    .unique_with("email", "email")
}

pub(super) fn addresses() -> Field {
    let text = |name: &str, help: &str| Field::new(name, FieldType::text(200), help);
    let fields = vec![
        label(),
        text("street", "Street and number."),
        text("city", "City."),
        text("region", "State, province or county."),
        text("postal_code", "Postal code."),
        text("country", "Country."),
    ];
    Field::new("addresses", FieldType::Items { fields, max: 10 }, "Postal addresses.")
}

pub(super) fn social_links() -> Field {
    let fields = vec![
        Field::new("network", FieldType::text(40), "Which network: linkedin, x, github.").required(),
        Field::new("url", FieldType::Url {}, "The profile's address.").required(),
    ];
    Field::new("social_links", FieldType::Items { fields, max: 20 }, "Profiles in social networks.")
}
