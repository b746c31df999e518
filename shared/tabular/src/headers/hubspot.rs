//! `HubSpot`: the export of contacts and of companies from their lists, with the labels of properties as headers or with their internal
//! names.
//!
//! Documented in its knowledge base (<https://knowledge.hubspot.com>): "Export records", "`HubSpot`'s default contact properties",
//! "`HubSpot`'s default company properties".

use super::{Export, Meant};

pub(super) const EXPORT: Export = Export { signs: SIGNS, contact: CONTACT, company: COMPANY };

const SIGNS: &[(&str, u32)] = &[
    ("hs_object_id", 10),
    ("hubspot_owner_id", 10),
    ("hs_lead_status", 10),
    ("lifecyclestage", 10),
    ("Marketing contact status", 8),
    ("Company Domain Name", 8),
    ("Primary Associated Company ID", 8),
    ("Associated Company IDs", 8),
    ("HubSpot Owner", 8),
    ("Associated Company", 6),
    ("Associated Contact", 6),
    ("Associated Contact IDs", 8),
    ("Number of times contacted", 6),
    ("Lifecycle Stage", 5),
    ("Record ID", 4),
    ("Create Date", 4),
    ("Company owner", 3),
    ("Contact owner", 3),
    ("Last Activity Date", 3),
    ("State/Region", 2),
    ("Country/Region", 2),
    ("Phone Number", 1),
    ("Website URL", 1),
    ("Lead Status", 1),
];

const CONTACT: &[(Meant, &[&str])] = &[
    (Meant::field("external_id"), &["Record ID", "hs_object_id", "Contact ID", "vid"]),
    (Meant::field("salutation"), &["Salutation"]),
    (Meant::field("first_name"), &["First Name"]),
    (Meant::field("last_name"), &["Last Name"]),
    (Meant::field("full_name"), &["Full name"]),
    (Meant::field("email"), &["Email"]),
    (Meant::email("work"), &["Work email"]),
    (Meant::email("other"), &["Additional email addresses", "hs_additional_emails"]),
    (Meant::field("phone"), &["Phone Number", "Phone"]),
    (Meant::phone("mobile"), &["Mobile Phone Number", "mobilephone"]),
    (Meant::phone("fax"), &["Fax Number", "fax"]),
    (Meant::by("company_id", "name"), &["Company Name", "Company", "Associated Company", "Primary Associated Company"]),
    (
        Meant::by("company_id", "external_id"),
        &["Associated Company ID", "Associated Company IDs", "Primary Associated Company ID"],
    ),
    (Meant::field("job_title"), &["Job Title"]),
    (Meant::address("work", "street"), &["Street Address", "address"]),
    (Meant::address("work", "city").and("city"), &["City"]),
    (Meant::address("work", "region"), &["State/Region", "state"]),
    (Meant::address("work", "postal_code"), &["Postal Code", "zip"]),
    (Meant::address("work", "country").and("country"), &["Country/Region", "Country"]),
    (Meant::field("website"), &["Website URL", "website"]),
    (Meant::profile("linkedin"), &["LinkedIn URL", "LinkedIn Profile URL", "hs_linkedin_url"]),
    (Meant::field("lifecycle_stage"), &["Lifecycle Stage"]),
    (
        Meant::field("source"),
        &["Original Source", "Original Traffic Source", "Original Source Type", "hs_analytics_source"],
    ),
    (Meant::by("owner_id", "email"), &["Contact owner", "HubSpot Owner", "hubspot_owner_id"]),
    (Meant::field("birthday"), &["Date of birth"]),
    (Meant::field("language"), &["Preferred language", "hs_language"]),
];

const COMPANY: &[(Meant, &[&str])] = &[
    (Meant::field("external_id"), &["Record ID", "hs_object_id", "Company ID"]),
    (Meant::field("name"), &["Company name", "Name"]),
    (Meant::field("domain"), &["Company Domain Name", "domain"]),
    (Meant::field("website"), &["Website URL", "website"]),
    (Meant::field("phone"), &["Phone Number", "phone"]),
    (Meant::by("parent_id", "name"), &["Parent Company"]),
    (Meant::by("parent_id", "external_id"), &["Parent Company ID", "hs_parent_company_id"]),
    (Meant::field("industry"), &["Industry"]),
    (Meant::field("employees"), &["Number of Employees"]),
    (Meant::field("annual_revenue"), &["Annual Revenue"]),
    (Meant::address("office", "street"), &["Street Address", "address"]),
    (Meant::address("office", "city").and("city"), &["City"]),
    (Meant::address("office", "region"), &["State/Region", "state"]),
    (Meant::address("office", "postal_code"), &["Postal Code", "zip"]),
    (Meant::address("office", "country").and("country"), &["Country/Region", "Country"]),
    (Meant::profile("linkedin"), &["LinkedIn Company Page"]),
    (Meant::profile("facebook"), &["Facebook Company Page"]),
    (Meant::field("lifecycle_stage"), &["Lifecycle Stage"]),
    (
        Meant::field("source"),
        &["Original Source Type", "Original Source", "Original Traffic Source", "hs_analytics_source"],
    ),
    (Meant::by("owner_id", "email"), &["Company owner", "HubSpot Owner", "hubspot_owner_id"]),
    (Meant::field("description"), &["Description", "About Us"]),
];
