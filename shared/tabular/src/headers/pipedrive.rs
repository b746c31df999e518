//! Pipedrive: the export of people and of organizations, from their lists (`Name`) or from everything (`Person - Name`), and the
//! sample file for imports, whose required columns have an asterisk.
//!
//! Documented in its knowledge base (<https://support.pipedrive.com>): "Exporting data from Pipedrive", "Importing: sample import
//! spreadsheets".

use super::{Export, Meant, find};

pub(super) const EXPORT: Export = Export { signs: SIGNS, contact: CONTACT, company: COMPANY };

const SIGNS: &[(&str, u32)] = &[
    ("Person - …", 10),
    ("Organization - …", 8),
    ("Deal - …", 8),
    ("Email - Work", 6),
    ("Phone - Work", 6),
    ("ZIP/Postal code of Address", 6),
    ("Full/combined address of Address", 6),
    ("Activities to do", 4),
    ("Open deals", 3),
    ("Won deals", 3),
    ("Lost deals", 3),
    ("Closed deals", 3),
    ("Done activities", 3),
    ("Email messages count", 3),
    ("Next activity date", 2),
    ("Last activity date", 2),
];

/// How many people an organization has, which no person has.
pub(super) const PEOPLE: &str = "People";

/// What a header means. Those of everything say which object they are of; a person's organization is known by its columns.
pub(super) fn meant(object: &str, header: &str) -> Option<Meant> {
    let of = |object: &str| header.trim().strip_prefix(object).and_then(|rest| rest.trim_start().strip_prefix('-'));
    match (of("Person"), of("Organization"), object) {
        (Some(header), _, "contact") | (_, Some(header), "company") => EXPORT.meant(object, header),
        (_, Some(header), "contact") => find(EMPLOYER, header),
        (Some(_), _, _) => None,
        _ => EXPORT.meant(object, header),
    }
}

const EMPLOYER: &[(Meant, &[&str])] = &[
    (Meant::by("company_id", "name"), &["Name"]),
    (Meant::by("company_id", "external_id"), &["ID", "Pipedrive System ID"]),
];

const CONTACT: &[(Meant, &[&str])] = &[
    (Meant::field("external_id"), &["ID", "Pipedrive System ID"]),
    (Meant::field("full_name"), &["Name"]),
    (Meant::field("first_name"), &["First name"]),
    (Meant::field("last_name"), &["Last name"]),
    (Meant::field("email"), &["Email - Work", "Email"]),
    (Meant::email("home"), &["Email - Home"]),
    (Meant::email("other"), &["Email - Other"]),
    (Meant::field("phone"), &["Phone - Work", "Phone"]),
    (Meant::phone("mobile"), &["Phone - Mobile"]),
    (Meant::phone("home"), &["Phone - Home"]),
    (Meant::phone("other"), &["Phone - Other"]),
    (Meant::by("company_id", "name"), &["Organization"]),
    (Meant::by("company_id", "external_id"), &["Organization ID"]),
    (Meant::field("job_title"), &["Job title"]),
    (Meant::address("work", "street"), &["Postal address", "Address", "Street/road name of Postal address"]),
    (Meant::address("work", "city").and("city"), &["City/town/village/locality of Postal address"]),
    (Meant::address("work", "region"), &["State/county of Postal address"]),
    (Meant::address("work", "postal_code"), &["ZIP/Postal code of Postal address"]),
    (Meant::address("work", "country").and("country"), &["Country of Postal address"]),
    (Meant::field("birthday"), &["Birthday"]),
    (Meant::field("description"), &["Notes"]),
    (Meant::field("tags"), &["Label", "Labels"]),
    (Meant::by("owner_id", "email"), &["Owner"]),
];

const COMPANY: &[(Meant, &[&str])] = &[
    (Meant::field("external_id"), &["ID", "Pipedrive System ID"]),
    (Meant::field("name"), &["Name"]),
    (Meant::field("website"), &["Website"]),
    (Meant::field("industry"), &["Industry"]),
    (Meant::field("employees"), &["Number of employees", "Employee count"]),
    (Meant::field("annual_revenue"), &["Annual revenue"]),
    (Meant::profile("linkedin"), &["LinkedIn profile"]),
    // The whole address stands in `Address`, before its parts; the street alone lacks the number.
    (Meant::address("office", "street"), &["Address", "Street/road name of Address"]),
    (Meant::address("office", "city").and("city"), &["City/town/village/locality of Address"]),
    (Meant::address("office", "region"), &["State/county of Address"]),
    (Meant::address("office", "postal_code"), &["ZIP/Postal code of Address"]),
    (Meant::address("office", "country").and("country"), &["Country of Address"]),
    (Meant::field("description"), &["Notes"]),
    (Meant::field("tags"), &["Label", "Labels"]),
    (Meant::by("owner_id", "email"), &["Owner"]),
];
