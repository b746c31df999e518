//! Who calls, and what the caller may do.
//!
//! A credential becomes an [`Access`] once, in the authorizer; a request chooses one of its workspaces and becomes a
//! [`Caller`]. Handlers take the caller from the request's context and never from a header.

mod access;
mod api_key;
mod authenticate;
mod caller;
mod issuer;

pub use access::{Access, MAX_MEMBERSHIPS, Membership, Person};
pub use api_key::{ApiKey, hash_secret, new_secret};
pub use authenticate::{Credential, authenticate, of_person};
pub use caller::{Caller, Permission, Role};
pub use issuer::{Described, Issuer};
