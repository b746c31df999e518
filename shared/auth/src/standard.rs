//! What the standard roles may do until a company says otherwise. `docs/permissions.txt` prints it.

use crate::{Capability, Grants, Policy, Role, Scope};

/// Records can be read and written by everybody; each takes away their own.
const REP: Grants = Grants {
    read: Scope::All,
    create: Scope::All,
    update: Scope::All,
    archive: Scope::Own,
    export: Scope::Own,
    merge: Scope::Own,
};

/// What a standard role may do; `None` for one of a company's own.
#[must_use]
pub fn standard(role: &Role) -> Option<Policy> {
    let of_many = [Capability::ImportRecords, Capability::BulkEdit];
    Some(match role.as_str() {
        // What an owner may and an administrator may not is about other owners alone, and a rule of users.
        "owner" | "admin" => Policy::everything(),
        "manager" => Policy::of(Grants::every(Scope::All), of_many),
        "rep" => Policy::of(REP, of_many),
        "marketing" => {
            let audience = Grants { archive: Scope::Own, ..Grants::every(Scope::All) };
            Policy::of(Grants::READ_ALL, of_many).with("contact", audience).with("company", audience)
        }
        "support" => {
            let none = Scope::None;
            Policy::of(Grants { archive: none, export: none, merge: Scope::Own, ..REP }, [])
        }
        "viewer" => Policy::of(Grants::READ_ALL, []),
        _ => return None,
    })
}
