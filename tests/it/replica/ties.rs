//! What ties records together: links, shares, merges.

use kernel::{AnyId, Error};
use records::{Cx, Merge, Object, Other};
use serde_json::json;
use table::Level;

use super::dice::Dice;
use super::world::World;
use super::writers::{any, document, refused};

const LABELS: [&str; 2] = ["related", "decides"];

/// Ties a record to another one of any object, or unties them.
pub(super) async fn link_or_unlink(world: &World, cx: &Cx, dice: &Dice, object: &Object, id: AnyId) -> bool {
    let Some((other, _)) = any(world, dice) else { return false };
    let Some(of) = cx.schema().await.unwrap().of_prefix(other.prefix()).cloned() else { return false };
    let (label, text) = (dice.pick(&LABELS), other.to_string());
    let other = Other { object: &of.name, id: &text };
    let done = match dice.percent(70) {
        true => records::link(cx, object, id, label, other).await,
        false => records::unlink(cx, object, id, label, other).await,
    };
    noted(world, "links made or taken away", done)
}

/// Shares a record, or takes a share back. Whom it is shared with makes no difference to the journal.
pub(super) async fn share_or_unshare(world: &World, cx: &Cx, dice: &Dice, object: &Object, id: AnyId) -> bool {
    let user = world.user.to_string();
    let subject = *dice.pick(&[user.as_str(), "everyone"]);
    let level = *dice.pick(&[Level::Read, Level::Write]);
    let done = match dice.percent(70) {
        true => records::share(cx, object, id, subject, level).await,
        false => records::unshare(cx, object, id, subject).await,
    };
    noted(world, "shares made or taken back", done)
}

fn noted<T>(world: &World, what: &'static str, done: Result<T, Error>) -> bool {
    match done {
        Ok(_) => {
            world.count(what, 1);
            true
        }
        Err(error) => refused(world, &error),
    }
}

/// Makes a record part of another one of its object. What follows from it, and taking it back, is a job's.
pub(super) async fn merge(world: &World, cx: &Cx, dice: &Dice, object: &Object, id: AnyId) -> bool {
    let others: Vec<AnyId> =
        (0..20).filter_map(|_| any(world, dice)).filter(|(_, known)| !known.stable).map(|(id, _)| id).collect();
    let Some(other) = others.into_iter().find(|other| other.prefix() == id.prefix() && *other != id) else {
        return false;
    };
    // Whoever looks for it from now on may not find it.
    if let Some(known) = world.known().get_mut(&other) {
        known.merged = true;
    }
    let asked = Merge::parse(&document(json!({ "others": [other] }))).unwrap();
    let merged = match records::merge(cx, object, id, &asked, None).await {
        Ok(merged) => merged,
        Err(error) => return refused(world, &error),
    };
    world.count("merges", 1);
    world.saw(id, merged.written.version, false);
    for (other, version) in &merged.others {
        world.saw(*other, *version, false);
    }
    world.jobs().push(merged.job);
    true
}
