//! Four writers, who create, edit, archive, restore and erase records of several objects, tie them together and merge them.

use std::sync::Arc;

use events::Document;
use kernel::{AnyId, Error, kinds};
use records::{Cx, Object, Written};
use serde_json::{Value, json};

use super::dice::Dice;
use super::ties;
use super::values::value;
use super::world::{Known, STABLE, WRITERS, World};

pub(super) const NAMES: [&str; 8] = ["Ada", "Ёлка", "Müller", "İpek", "山田", "O'Neil", "Zoë", "Straße"];
/// What records are made of, contacts most of all. The last one is the company's own and not always there.
const OBJECTS: [&str; 10] =
    ["contact", "contact", "contact", "contact", "contact", "contact", "company", "company", "x_thing", "x_thing"];

pub(super) fn document(value: Value) -> Document {
    value.as_object().cloned().unwrap()
}

/// Makes the records that keep their place.
pub(crate) async fn make_stable(world: &Arc<World>) {
    let cx = world.cx(&world.calm());
    let object = cx.object("contact").await.unwrap();
    for number in 0..STABLE {
        let id = world.ids.next::<kinds::Contact>().erase();
        let name = format!("{}-{number:03}", NAMES[number % NAMES.len()]);
        let input = document(json!({ "first_name": "Stable", "last_name": name, "city": "Berlin" }));
        let written = records::create(&cx, &object, id, &input).await.unwrap();
        world.known().insert(id, Known { version: written.version, stable: true, ..Known::default() });
        world.live().push(id);
        world.clock.advance_millis(7);
    }
}

/// One writer's share of the changes. It writes to records of the others too.
pub(crate) async fn write(world: Arc<World>, writer: u64) {
    let dice = Dice::new(world.plan.seed, 100 + writer);
    let cx = world.cx(&world.calm());
    let mut written = 0;
    while written < world.plan.changes / usize::try_from(WRITERS).unwrap() && !world.is_over() {
        let pause = dice.millis(24);
        world.clock.advance_millis(i64::try_from(pause.as_millis()).unwrap());
        tokio::time::sleep(pause).await;
        if change(&world, &cx, &dice).await {
            written += 1;
            world.count("changes", 1);
        }
    }
}

/// One change; `false` when the record was not in a state for it.
async fn change(world: &World, cx: &Cx, dice: &Dice) -> bool {
    let die = dice.below(100);
    if die < 28 {
        return create(world, cx, dice).await;
    }
    let Some((id, known)) = any(world, dice) else { return false };
    // Who knows no object of that prefix has a schema from before it was made.
    let Some(object) = cx.schema().await.unwrap().of_prefix(id.prefix()).cloned() else { return false };
    let object = &*object;
    match if known.stable { 30 } else { die } {
        28..64 => {
            let patch = patch(world, object, known.stable, dice);
            note(world, id, records::update(cx, object, id, &patch, None).await)
        }
        64..72 => note(world, id, records::archive(cx, object, id, None).await),
        72..79 => note(world, id, records::restore(cx, object, id, None).await),
        79..86 => {
            world.live().retain(|other| *other != id);
            if let Some(known) = world.known().get_mut(&id) {
                known.erasing = true;
            }
            note(world, id, records::erase(cx, object, id, None).await)
        }
        86..92 => ties::link_or_unlink(world, cx, dice, object, id).await,
        92..97 => ties::share_or_unshare(world, cx, dice, object, id).await,
        _ => ties::merge(world, cx, dice, object, id).await,
    }
}

async fn create(world: &World, cx: &Cx, dice: &Dice) -> bool {
    let Ok(object) = cx.object(dice.pick::<&str>(&OBJECTS)).await else { return false };
    let id = cx.ids.next_of(object.prefix);
    let mut input = patch(world, &object, false, dice);
    if object.name == "contact" {
        input.insert("first_name".to_owned(), json!(dice.pick(&NAMES)));
    }
    note(world, id, records::create(cx, &object, id, &input).await)
}

/// Values for some fields of an object.
fn patch(world: &World, object: &Object, stable: bool, dice: &Dice) -> Document {
    let mut patch = match (object.name.as_str(), stable) {
        (_, true) => json!({ "city": format!("{}{}", dice.pick(&NAMES), dice.below(1000)) }),
        ("contact", _) => json!({ "last_name": name(dice), "city": dice.pick(&NAMES) }),
        ("company", _) => json!({ "name": name(dice), "employees": dice.below(100) }),
        _ => json!({ "name": name(dice) }),
    };
    if object.name == "contact" && dice.percent(40) {
        patch["company_id"] = world.one_of("com", dice).map_or(Value::Null, |company| json!(company));
    }
    let own: Vec<_> = object.live().filter(|field| field.is_custom() && !field.kind.is_computed()).collect();
    let mut custom = Document::new();
    for _ in 0..dice.below(4).min(own.len()) {
        let field = dice.pick(&own);
        custom.insert(field.name.clone(), value(world, &field.kind, dice));
    }
    patch["custom"] = Value::Object(custom);
    document(patch)
}

pub(super) fn name(dice: &Dice) -> String {
    format!("{}-{:03}", dice.pick(&NAMES), dice.below(500))
}

/// A record that nobody has begun to erase.
pub(super) fn any(world: &World, dice: &Dice) -> Option<(AnyId, Known)> {
    let live = world.live();
    // Young records are changed more often, so that creation, changes and erasure meet in the stream.
    let among = if dice.percent(60) { live.len().min(30) } else { live.len() };
    let id = live.get(live.len().checked_sub(1 + dice.below(among))?)?;
    Some((*id, world.known()[id]))
}

/// Remembers what was acknowledged. Refusals are part of life; defects are not.
pub(super) fn note(world: &World, id: AnyId, result: Result<Written, Error>) -> bool {
    match result {
        Ok(written) => {
            world.saw(id, written.version, written.document.is_none());
            true
        }
        Err(error) => refused(world, &error),
    }
}

/// Passes over a refusal: others have erased, merged or archived what this is about, or made the schema another one since
/// this writer has read it.
pub(super) fn refused(world: &World, error: &Error) -> bool {
    match error {
        Error::NotFound { .. }
        | Error::WrongState { .. }
        | Error::Conflict { .. }
        | Error::Unavailable { .. }
        | Error::Merged { .. } => {}
        Error::Invalid(_) => world.count("refused as invalid", 1),
        error => world.fail(format!("a writer failed: {error:?}")),
    }
    false
}
