//! Creating a record.

use events::Document;
use kernel::{AnyId, Result, Violations};
use table::{Changes, Refused};

use crate::guards::move_guards;
use crate::load::parse_owner;
use crate::record::Common;
use crate::write::{changes_between, check_size, event, keep_answer, refused, replay};
use crate::{Cx, Fields, Object, Record, Written, references};

/// Creates a record under a new id. One transaction, and one read before it when it refers to other records.
///
/// # Errors
/// Every violation at once; [`kernel::Error::Conflict`] when a unique value is taken.
pub async fn create(cx: &Cx, object: &Object, id: AnyId, input: &Document) -> Result<Written> {
    cx.caller.require(object.write)?;
    match try_create(cx, object, id, input).await? {
        Ok(written) => Ok(written),
        Err(Refused::Repeated(kept)) => replay(cx, object, kept).await,
        Err(other) => Err(refused(object, other)),
    }
}

pub(crate) async fn try_create(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    input: &Document,
) -> Result<Result<Written, Refused>> {
    let record = new_record(cx, object, id, input)?;
    check_size(&record)?;
    let written = Written::of(201, object, &record);
    let keys = cx.table.keys();
    let mut changes = Changes::new();
    references::check(cx, &*cx.schema().await?, object, None, &record, &mut changes).await?;
    changes.create_record(keys, &object.name, id, record.document());
    move_guards(cx, &mut changes, object, None, Some(&record)).await?;
    let created = event(cx, object, "created", &record, changes_between(None, &record));
    changes.event(keys, &object.name, &created, cx.once.as_ref())?;
    keep_answer(cx, &mut changes, &written);
    Ok(cx.commit(&changes).await.map(|_| written))
}

fn new_record(cx: &Cx, object: &Object, id: AnyId, input: &Document) -> Result<Record> {
    let mut violations = Violations::new();
    let owner = violations.keep(parse_owner(input)).flatten();
    let fields = match Fields::parse(object, input) {
        Ok(fields) => fields,
        Err(mut others) => {
            others.extend(violations);
            return Err(others.into());
        }
    };
    violations.or(())?;
    let owner_id = owner.unwrap_or(Some(cx.caller.user)).filter(|_| object.owned);
    let now = cx.clock.now();
    let common = Common {
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
    };
    Ok(Record::new(common, fields))
}
