//! Four writers, who create, edit, archive, restore and erase.

use std::sync::Arc;

use events::Document;
use kernel::{AnyId, Error, kinds};
use records::{Cx, Written};
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::{Known, STABLE, WRITERS, World};

const NAMES: [&str; 8] = ["Ada", "Ёлка", "Müller", "İpek", "山田", "O'Neil", "Zoë", "Straße"];

fn document(value: Value) -> Document {
    value.as_object().cloned().unwrap()
}

/// Makes the records that keep their place.
pub(crate) async fn make_stable(world: &Arc<World>) {
    let cx = world.cx(&world.calm());
    for number in 0..STABLE {
        let id = world.ids.next::<kinds::Contact>().erase();
        let name = format!("{}-{number:03}", NAMES[number % NAMES.len()]);
        let input = document(json!({ "first_name": "Stable", "last_name": name, "city": "Berlin" }));
        let written = records::create(&cx, &world.object(), id, &input).await.unwrap();
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
    let object = &*world.object();
    if die < 30 {
        let id = world.ids.next::<kinds::Contact>().erase();
        let input =
            document(json!({ "first_name": dice.pick(&NAMES), "last_name": name(dice), "city": dice.pick(&NAMES) }));
        return note(world, id, records::create(cx, object, id, &input).await);
    }
    let Some((id, known)) = any(world, dice) else { return false };
    let die = if known.stable { 30 } else { die };
    match die {
        30..72 => {
            let patch = match known.stable {
                true => json!({ "city": format!("{}{}", dice.pick(&NAMES), dice.below(1000)) }),
                false => json!({ "last_name": name(dice), "city": dice.pick(&NAMES) }),
            };
            note(world, id, records::update(cx, object, id, &document(patch), None).await)
        }
        72..82 => note(world, id, records::archive(cx, object, id, None).await),
        82..90 => note(world, id, records::restore(cx, object, id, None).await),
        _ => {
            world.live().retain(|other| *other != id);
            if let Some(known) = world.known().get_mut(&id) {
                known.erasing = true;
            }
            note(world, id, records::erase(cx, object, id, None).await)
        }
    }
}

fn name(dice: &Dice) -> String {
    format!("{}-{:03}", dice.pick(&NAMES), dice.below(500))
}

/// A record that nobody has begun to erase.
fn any(world: &World, dice: &Dice) -> Option<(AnyId, Known)> {
    let live = world.live();
    // Young records are changed more often, so that creation, changes and erasure meet in the stream.
    let among = if dice.percent(60) { live.len().min(30) } else { live.len() };
    let id = live.get(live.len().checked_sub(1 + dice.below(among))?)?;
    Some((*id, world.known()[id]))
}

/// Remembers what was acknowledged. Refusals are part of life; defects are not.
fn note(world: &World, id: AnyId, result: Result<Written, Error>) -> bool {
    match result {
        Ok(written) => {
            let mut live = world.live();
            let mut known = world.known();
            if !known.contains_key(&id) {
                live.push(id);
            }
            let known = known.entry(id).or_default();
            known.version = known.version.max(written.version);
            known.erased |= written.document.is_none();
            true
        }
        Err(Error::NotFound { .. } | Error::WrongState { .. } | Error::Conflict { .. } | Error::Unavailable { .. }) => {
            false
        }
        Err(error) => {
            world.fail(format!("a writer failed: {error:?}"));
            false
        }
    }
}
