//! The users of the workspace that a new data directory has. They are written here alone: the first start makes the administrator,
//! the demonstration data bring the others, and the page to sign in shows those that are there.

/// A user that nobody is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DemoUser {
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) role: &'static str,
}

/// Who every new workspace begins with.
pub(crate) const ADMINISTRATOR: DemoUser = user("Robin Admin", "robin.admin@example.com", "owner");

/// Colleagues, who come with the demonstration data.
pub(crate) const COLLEAGUES: [DemoUser; 3] = [
    user("Alex Field", "alex.field@example.com", "rep"),
    user("Kim Harbour", "kim.harbour@example.com", "rep"),
    user("Sasha Meadow", "sasha.meadow@example.com", "viewer"),
];

const fn user(name: &'static str, email: &'static str, role: &'static str) -> DemoUser {
    DemoUser { name, email, role }
}
