//! Creating a record.

use auth::Action;
use events::Document;
use kernel::{AnyId, Id, Result, Violations, kinds};

use crate::access::require_create;
use crate::load::parse_owner;
use crate::plan::{Plan, carry_out};
use crate::record::Common;
use crate::write::check_size;
use crate::{Cx, Fields, Object, Record, Written, references};

/// Creates a record under a new id. One transaction, and one read before it when it refers to other records.
///
/// # Errors
/// Every violation at once; [`kernel::Error::Conflict`] when a unique value is taken.
pub async fn create(cx: &Cx, object: &Object, id: AnyId, input: &Document) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let written = plan_creation(cx, &mut plan, object, id, input).await?;
        Ok((plan, written))
    })
    .await
}

/// Adds a new record to a plan.
pub(crate) async fn plan_creation(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    id: AnyId,
    input: &Document,
) -> Result<Written> {
    cx.rights.require_any(object, Action::Create)?;
    let record = new_record(cx, object, id, input)?;
    require_create(cx, object, record.common.owner_id)?;
    check_size(&record)?;
    references::check(cx, plan, object, None, &record).await?;
    plan.write(cx, object, "created", None, &record).await?;
    Ok(Written::of(cx, 201, object, &record))
}

fn new_record(cx: &Cx, object: &Object, id: AnyId, input: &Document) -> Result<Record> {
    let mut violations = Violations::new();
    let owner = violations.keep(parse_owner(input)).flatten();
    let seen = cx.rights.as_written(object);
    let mut fields = match Fields::parse(&seen, input) {
        Ok(fields) => fields,
        Err(mut others) => {
            others.extend(violations);
            return Err(others.into());
        }
    };
    violations.or(())?;
    for field in object.stored().filter(|field| seen.field(&field.path).is_none()) {
        fields.set(&field.path, field.default.clone());
    }
    let owner_id = owner.unwrap_or(Some(cx.caller.user)).filter(|_| object.owned);
    Ok(Record::new(new_common(cx, object, id, owner_id), fields))
}

/// What every record has, of one that the caller makes now.
pub(crate) fn new_common(cx: &Cx, object: &Object, id: AnyId, owner_id: Option<Id<kinds::User>>) -> Common {
    let now = cx.clock.now();
    Common {
        id,
        object: object.name.clone(),
        version: 1,
        created_at: now,
        created_by: cx.caller.user,
        updated_at: now,
        updated_by: cx.caller.user,
        owner_id,
        archived_at: None,
        merged_into: None,
    }
}
