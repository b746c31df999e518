//! Which system wrote a file, and what its rows are.

use serde::{Deserialize, Serialize};

use super::{Export, find, folded, general, google, hubspot, linkedin, meant, own, pipedrive, salesforce, zoho};

/// A system whose exports are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// `HubSpot` CRM.
    HubSpot,
    /// Salesforce Sales Cloud.
    Salesforce,
    /// Zoho CRM.
    Zoho,
    /// Pipedrive.
    Pipedrive,
    /// Google Contacts.
    Google,
    /// `LinkedIn`'s list of connections.
    LinkedIn,
}

/// What signs must come to, for a system to be recognised. A first and a last name tell nothing.
const ENOUGH: u32 = 6;
/// Columns that are in files of deals, tickets or tasks alone, whoever else is named in them.
const OTHER_ROWS: [&str; 8] = [
    "Deal Name",
    "Deal - Title",
    "Deal - ID",
    "Opportunity Name",
    "Opportunity ID",
    "Ticket name",
    "Activity - Subject",
    "Task Subject",
];

impl System {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::HubSpot, Self::Salesforce, Self::Zoho, Self::Pipedrive, Self::Google, Self::LinkedIn];

    /// Its word: `hubspot`, `linkedin`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HubSpot => "hubspot",
            Self::Salesforce => "salesforce",
            Self::Zoho => "zoho",
            Self::Pipedrive => "pipedrive",
            Self::Google => "google",
            Self::LinkedIn => "linkedin",
        }
    }

    /// The system of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.as_str() == word)
    }

    /// The system that wrote a file with such headers, if it is a known one.
    #[must_use]
    pub fn guess(headers: &[&str]) -> Option<Self> {
        let scores = Self::ALL.iter().rev().map(|system| (system.score(headers), *system));
        scores.max_by_key(|(score, _)| *score).filter(|(score, _)| *score >= ENOUGH).map(|(_, system)| system)
    }

    fn score(self, headers: &[&str]) -> u32 {
        let is_there = |sign: &str| match sign.strip_suffix('…') {
            Some(start) => headers.iter().any(|header| header.trim().starts_with(start)),
            None => headers.iter().any(|header| header.trim() == sign),
        };
        self.export().signs.iter().filter(|(sign, _)| is_there(sign)).map(|(_, weight)| weight).sum()
    }

    pub(super) fn export(self) -> &'static Export {
        match self {
            Self::HubSpot => &hubspot::EXPORT,
            Self::Salesforce => &salesforce::EXPORT,
            Self::Zoho => &zoho::EXPORT,
            Self::Pipedrive => &pipedrive::EXPORT,
            Self::Google => &google::EXPORT,
            Self::LinkedIn => &linkedin::EXPORT,
        }
    }
}

/// What the rows of a file with such headers are: `contact` or `company`, if they are one of those.
///
/// Who has a first or a last name is a contact. Companies are told by what only they have: a domain, employees, revenue, a parent,
/// or a name that says whose it is (`Company name`). A plain `Name` is a contact's where an employer or a job stands beside it.
#[must_use]
pub fn object_of(system: Option<System>, headers: &[&str]) -> Option<&'static str> {
    let is_other = |header: &&str| OTHER_ROWS.iter().any(|known| folded(known).eq(folded(header)));
    if headers.iter().any(is_other) {
        return None;
    }
    if matches!(system, Some(System::Google | System::LinkedIn)) {
        return Some("contact");
    }
    let has = |object: &str, fields: &[&str]| {
        // What others call `Organization` is no company's name where the system has another word for it.
        let meaning =
            |header: &str| if system.is_some() { own(system, object, header) } else { meant(None, object, header) };
        let means = |header: &str| meaning(header).is_some_and(|meant| fields.contains(&meant.field));
        // `Name` alone says nothing.
        headers.iter().filter(|header| find(general::NAME, header).is_none()).any(|header| means(header))
    };
    if has("contact", &["first_name", "last_name", "full_name"]) {
        return Some("contact");
    }
    if has("company", &["name", "domain", "employees", "annual_revenue", "parent_id"]) {
        // An employer is a company's name to those who list companies.
        return if has("contact", &["job_title", "birthday"]) { Some("contact") } else { Some("company") };
    }
    if has("contact", &["job_title", "birthday", "company_id"]) {
        return Some("contact");
    }
    let is_company =
        has("company", &["industry"]) || (system == Some(System::Pipedrive) && headers.contains(&pipedrive::PEOPLE));
    is_company.then_some("company")
}
