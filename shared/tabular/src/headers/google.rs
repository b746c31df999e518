//! Google Contacts: the export as "Google CSV", as it is since 2024 (`First Name`, `E-mail 1 - Label`) and as it was before
//! (`Given Name`, `E-mail 1 - Type`).
//!
//! Where a contact has several of what there is one column for, they stand in one cell with ` ::: ` between them; labels of the
//! system begin with `* `. Documented in its help (<https://support.google.com/contacts>): "Export, back up, or restore contacts".

use super::{Export, Meant};

pub(super) const EXPORT: Export = Export { signs: SIGNS, contact: CONTACT, company: &[] };

const SIGNS: &[(&str, u32)] = &[
    ("E-mail 1 - …", 10),
    ("Phone 1 - …", 6),
    ("Organization 1 - …", 6),
    ("Group Membership", 6),
    ("Yomi Name", 6),
    ("Phonetic First Name", 4),
    ("File As", 4),
    ("Organization Title", 4),
    ("Organization Name", 2),
    ("Given Name", 2),
    ("Family Name", 2),
    ("Labels", 1),
];

const CONTACT: &[(Meant, &[&str])] = &[
    (Meant::field("salutation"), &["Name Prefix"]),
    (Meant::field("first_name"), &["First Name", "Given Name"]),
    (Meant::field("last_name"), &["Last Name", "Family Name"]),
    (Meant::field("full_name"), &["Name"]),
    (Meant::by("company_id", "name"), &["Organization Name"]),
    (Meant::field("job_title"), &["Organization Title"]),
    (Meant::field("birthday"), &["Birthday"]),
    (Meant::field("language"), &["Language"]),
    (Meant::field("description"), &["Notes"]),
    (Meant::field("tags"), &["Labels", "Group Membership"]),
];

/// The words of items that are counted.
const NUMBERS: [&str; 20] =
    ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"];

/// What a header with a number means, without case, blanks and punctuation: `email2value`, `address1street`; also `phone2`, as
/// others count. The first email and the first phone number are the contact's own, whatever their labels.
pub(super) fn numbered(header: &str) -> Option<Meant> {
    let start = header.find(|char: char| char.is_ascii_digit())?;
    let (kind, rest) = header.split_at_checked(start)?;
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let (number, member) = rest.split_at_checked(end)?;
    let item = NUMBERS.into_iter().find(|word| *word == number)?;
    let is_first = item == "1";
    match (kind, member) {
        ("email", "value" | "") if is_first => Some(Meant::field("email")),
        ("email", "value" | "") => Some(Meant::email(item)),
        ("email", "type" | "label") if !is_first => Some(Meant::part("emails", item, "label")),
        ("phone", "value" | "") if is_first => Some(Meant::field("phone")),
        ("phone", "value" | "") => Some(Meant::phone(item)),
        ("phone", "type" | "label") if !is_first => Some(Meant::part("phones", item, "label")),
        ("address", member) => address(item, member),
        ("organization", "name") if is_first => Some(Meant::by("company_id", "name")),
        ("organization", "title") if is_first => Some(Meant::field("job_title")),
        ("website", "value" | "") if is_first => Some(Meant::field("website")),
        _ => None,
    }
}

fn address(item: &'static str, member: &str) -> Option<Meant> {
    let part = |member| Meant::address(item, member);
    match member {
        "type" | "label" => Some(part("label")),
        "street" => Some(part("street")),
        "city" if item == "1" => Some(part("city").and("city")),
        "city" => Some(part("city")),
        "region" => Some(part("region")),
        "postalcode" => Some(part("postal_code")),
        "country" if item == "1" => Some(part("country").and("country")),
        "country" => Some(part("country")),
        _ => None,
    }
}
