//! Changing a record by a rule over what it is: how a job changes each of many records, once.

use auth::Action;
use events::Document;
use kernel::{AnyId, Error, Result};
use table::{Changes, Committed, KeptAnswer, Once, Refused};

use crate::access::require;
use crate::load::load_for;
use crate::plan::Plan;
use crate::update::next;
use crate::write::{MAX_TRIES, changes_between, check_size, refused};
use crate::{Cx, Object, Record, Verb, references};

/// What is kept of a change that was made.
const MADE: u16 = 200;
/// What is kept of a change that must not be made any more.
const FORESTALLED: u16 = 409;

/// Changes a record as `edit` says. Answers whether that was a change, and what `edit` said of the record that it was at
/// last: it is asked again when somebody else writes the record meanwhile.
///
/// With `cx.once` the record is changed once, however often this is asked: an answer of `true` is also that of a call
/// before this one; one that was [forestalled](forestall()) is not made. One read and one transaction, and one read more when the record has nothing to change, or refers
/// to something new.
///
/// # Errors
/// Those of `edit`; [`Error::Denied`] and [`Error::NotFound`] when the caller may not change it, or not know of it;
/// [`Error::Merged`]; [`Error::Conflict`] when a unique value is taken.
pub async fn rewrite<T>(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    edit: impl Fn(&mut Record) -> Result<T>,
) -> Result<(bool, T)> {
    rewrite_for(cx, object, id, Action::Update, edit).await
}

/// The same for another action than a change. What goes into the trash or comes out of it takes [`Action::Archive`] in any case.
///
/// # Errors
/// As [`rewrite()`].
pub async fn rewrite_for<T>(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    action: Action,
    edit: impl Fn(&mut Record) -> Result<T>,
) -> Result<(bool, T)> {
    for tries in 1..=MAX_TRIES {
        let mut plan = Plan::default();
        let before = load_for(cx, &plan, object, id, action).await?;
        let mut after = next(cx, &before);
        let said = edit(&mut after)?;
        if action != Action::Archive && before.common.archived_at.is_some() != after.common.archived_at.is_some() {
            require(cx, object, &before, Action::Archive).await?;
        }
        if changes_between(Some(&before), &after).is_empty() {
            return Ok((was_done(cx).await?, said));
        }
        plan_rewriting(cx, &mut plan, object, &before, &after).await?;
        // Nobody reads the answer: that there is one is what counts, so it is kept as small as can be.
        match plan.commit(cx, KeptAnswer::new(MADE, id, after.common.version, None)).await {
            Ok(Committed) => return Ok((true, said)),
            Err(Refused::Repeated(kept)) => return Ok((kept.status == MADE, said)),
            Err(Refused::Stale(_) | Refused::Gone { .. }) => {}
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was written"))
}

/// Makes sure that a [`rewrite()`] of a record under this key, which may be under way, is made by now or never.
///
/// One transaction, which takes the key.
///
/// # Errors
/// When the table does not answer.
pub async fn forestall(cx: &Cx, once: Once, id: AnyId) -> Result<()> {
    let mut changes = Changes::new();
    changes.answer(once, KeptAnswer::new(FORESTALLED, id, 0, None));
    match cx.commit(&changes).await {
        Ok(Committed) | Err(Refused::Repeated(_)) => Ok(()),
        Err(Refused::Failed(error)) => Err(error),
        Err(other) => Err(Error::bug(format!("a kept answer was refused: {other:?}"))),
    }
}

/// Takes a key for the first who asks, and answers whose it is: each says a number.
///
/// One transaction.
///
/// # Errors
/// When the table does not answer.
pub async fn whose(cx: &Cx, once: Once, id: AnyId, number: u64) -> Result<u64> {
    let mut changes = Changes::new();
    changes.answer(once, KeptAnswer::new(MADE, id, number, None));
    match cx.commit(&changes).await {
        Ok(Committed) => Ok(number),
        Err(Refused::Repeated(kept)) => Ok(kept.version),
        Err(Refused::Failed(error)) => Err(error),
        Err(other) => Err(Error::bug(format!("a kept answer was refused: {other:?}"))),
    }
}

async fn plan_rewriting(cx: &Cx, plan: &mut Plan, object: &Object, before: &Record, after: &Record) -> Result<()> {
    let (verb, happened) = match (before.common.archived_at, after.common.archived_at) {
        (None, Some(_)) => (Verb::Archive, "archived"),
        (Some(_), None) => (Verb::Restore, "restored"),
        _ => (Verb::Change, "changed"),
    };
    (object.guard)(&cx.caller, before.common.id, verb, &Document::new())?;
    check_size(after)?;
    references::check(cx, plan, object, Some(before), after).await?;
    plan.write(cx, object, happened, Some(before), after).await
}

/// Whether a record that has nothing to change is as it is because this was done before.
async fn was_done(cx: &Cx) -> Result<bool> {
    match &cx.once {
        Some(once) => {
            let kept = cx.table.kept_answer(once, cx.clock.now()).await?;
            Ok(kept.is_some_and(|kept| kept.status == MADE))
        }
        None => Ok(false),
    }
}
