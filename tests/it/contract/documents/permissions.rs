//! `docs/permissions.txt`.

use super::compare;
use crate::authorization::printed::{PERMISSIONS, printed};

#[test]
fn the_permissions_are_what_the_roles_and_the_operations_say() {
    compare(PERMISSIONS, &printed());
}
