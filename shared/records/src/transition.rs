//! Changes that have a name: what a capability does to a record beyond what a patch can say.

use auth::Action;
use kernel::{AnyId, Result, Version};

use crate::load::load_for;
use crate::plan::{Plan, carry_out};
use crate::update::{check_seen, next};
use crate::write::changes_between;
use crate::{Cx, Object, Record, Written};

/// Changes a record that the caller may update, under a verb of its own: `revoked` makes the event `invitation.revoked`. One read and one
/// transaction; what changes nothing writes nothing.
///
/// # Errors
/// What `change` refuses; [`kernel::Error::Stale`] when `seen` (`If-Match`) is not the stored version.
pub async fn transition(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    seen: Option<Version>,
    verb: &str,
    change: impl Fn(&mut Record) -> Result<()> + Sync,
) -> Result<Written> {
    let change = &change;
    carry_out(cx, object, || async move {
        let mut plan = Plan::default();
        let record = load_for(cx, &plan, object, id, Action::Update).await?;
        check_seen(&record, seen)?;
        let mut after = next(cx, &record);
        change(&mut after)?;
        if changes_between(Some(&record), &after).is_empty() {
            return Ok((plan, Written::of(cx, 200, object, &record)));
        }
        plan.write(cx, object, verb, Some(&record), &after).await?;
        Ok((plan, Written::of(cx, 200, object, &after)))
    })
    .await
}
