//! What headers mean: which system wrote a file, what its rows are, and which of Rapport's fields its columns are for.
//!
//! What each system calls its columns stands in a module of its own. Headers are compared without case, blanks and punctuation,
//! so that `First Name`, `first_name` and `FirstName` are one. The words of all systems, and the commonest ones of some
//! languages, are understood whoever wrote the file.

mod general;
mod google;
mod hubspot;
mod linkedin;
mod pipedrive;
mod salesforce;
mod system;
mod zoho;

pub use system::{System, object_of};

/// What the column of a header is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Meant {
    /// A field of the object. `full_name` is none: it is first and last name in one, and counts where those are not there.
    pub field: &'static str,
    /// Which part of the field, if it is one of several items.
    pub part: Option<Part>,
    /// What is written there of the record that is referred to: `name`, `external_id`, `email`.
    pub by: Option<&'static str>,
    /// A further field that the same value is for: the city of the first address is the record's own, too.
    pub also: Option<&'static str>,
}

/// A part of one of several items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// Which item: columns with the same word are parts of one. It is the item's `label` (or `network`) unless a column with that
    /// member says it; a number is no label.
    pub item: &'static str,
    /// Which of its members: `phone`, `street`.
    pub member: &'static str,
}

impl Meant {
    const fn field(field: &'static str) -> Self {
        Self { field, part: None, by: None, also: None }
    }

    const fn by(field: &'static str, by: &'static str) -> Self {
        Self { by: Some(by), ..Self::field(field) }
    }

    const fn part(field: &'static str, item: &'static str, member: &'static str) -> Self {
        Self { part: Some(Part { item, member }), ..Self::field(field) }
    }

    const fn phone(item: &'static str) -> Self {
        Self::part("phones", item, "phone")
    }

    const fn email(item: &'static str) -> Self {
        Self::part("emails", item, "email")
    }

    const fn address(item: &'static str, member: &'static str) -> Self {
        Self::part("addresses", item, member)
    }

    const fn profile(network: &'static str) -> Self {
        Self::part("social_links", network, "url")
    }

    const fn and(self, also: &'static str) -> Self {
        Self { also: Some(also), ..self }
    }
}

/// Meanings, and the headers that have them.
type Table = &'static [(Meant, &'static [&'static str])];

/// What a system's exports look like.
struct Export {
    /// Headers that tell them from others, exactly as they are written, or how such headers begin (`Person - …`), and how much each
    /// of them tells.
    signs: &'static [(&'static str, u32)],
    contact: Table,
    company: Table,
}

impl Export {
    fn meant(&self, object: &str, header: &str) -> Option<Meant> {
        find(if object == "contact" { self.contact } else { self.company }, header)
    }
}

/// What a header means in the rows of an object: `contact`, `company`. Of other objects only who owns them and what the system
/// calls them is known.
///
/// The system's own words come first, then those that all understand. `None` when it means nothing that there is a field for.
#[must_use]
pub fn meant(system: Option<System>, object: &str, header: &str) -> Option<Meant> {
    if !matches!(object, "contact" | "company") {
        return find(general::ANY, header);
    }
    let numbered = || {
        let is_companys = |meant: &Meant| !matches!(meant.field, "emails" | "company_id" | "job_title");
        google::numbered(&folded(header).collect::<String>()).filter(|meant| object == "contact" || is_companys(meant))
    };
    let others = || System::ALL.iter().find_map(|system| system.export().meant(object, header));
    own(system, object, header).or_else(numbered).or_else(|| general::EXPORT.meant(object, header)).or_else(others)
}

/// What it means in the words of the system alone.
fn own(system: Option<System>, object: &str, header: &str) -> Option<Meant> {
    match system? {
        System::Pipedrive => pipedrive::meant(object, header),
        system => system.export().meant(object, header),
    }
}

fn find(table: Table, header: &str) -> Option<Meant> {
    let header: String = folded(header).collect();
    let is_it = |known: &&str| folded(known).eq(header.chars());
    table.iter().find(|(_, headers)| headers.iter().any(is_it)).map(|(meant, _)| *meant)
}

/// The letters and digits of a header, small.
fn folded(header: &str) -> impl Iterator<Item = char> {
    header.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests;
