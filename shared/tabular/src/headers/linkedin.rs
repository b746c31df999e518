//! `LinkedIn`: `Connections.csv` of a member's own data, which begins with some lines of notes.
//!
//! Documented in its help (<https://www.linkedin.com/help>): "Export connections from `LinkedIn`".

use super::{Export, Meant};

pub(super) const EXPORT: Export = Export { signs: SIGNS, contact: CONTACT, company: &[] };

const SIGNS: &[(&str, u32)] = &[("Connected On", 6), ("Email Address", 1), ("Position", 1), ("URL", 1)];

const CONTACT: &[(Meant, &[&str])] = &[
    (Meant::field("first_name"), &["First Name"]),
    (Meant::field("last_name"), &["Last Name"]),
    (Meant::profile("linkedin"), &["URL"]),
    (Meant::field("email"), &["Email Address"]),
    (Meant::by("company_id", "name"), &["Company"]),
    (Meant::field("job_title"), &["Position"]),
];
