//! Who calls, and what the caller may do.
//!
//! A credential becomes an [`Access`] once, in the authorizer; a request chooses one of its workspaces and becomes a
//! [`Caller`]. Handlers take the caller from the request's context and never from a header.

mod access;
mod api_key;
mod authenticate;
mod caller;
mod issuer;
mod key_scope;
mod policy;
mod role;
mod sign_up;
mod standard;

pub use access::{Access, MAX_MEMBERSHIPS, Membership, Person, email_hash};
pub use api_key::{ApiKey, hash_secret, new_secret};
pub use authenticate::{Credential, authenticate, of_person};
pub use caller::Caller;
pub use issuer::{Described, Emulator, Issuer};
pub use key_scope::KeyScope;
pub use policy::{Action, Capability, FieldAccess, Grants, OTHERS, Policy, Scope};
pub use role::Role;
pub use sign_up::SignUp;
pub use standard::standard;
