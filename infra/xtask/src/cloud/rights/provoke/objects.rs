//! What needs rights of the schema and of a company's own objects.

use serde_json::json;

use super::{Scene, asks, newcomer, worked};
use crate::cloud::answers::{Answer, Api};

/// An object of the company's own with everything that asks for a right of its own, and a record of it.
pub(super) fn define(api: &Api) -> anyhow::Result<String> {
    let object = json!({"name": "x_thing", "plural": "x_things"});
    api.send("POST", "/v1/schema/objects", &[], &object)?.expect(201)?;
    let fields = "/v1/schema/objects/x_thing/fields";
    for field in [
        json!({"name": "number", "type": "text", "unique": true}),
        json!({"name": "parent", "type": "reference", "object": "x_thing", "acyclic": true}),
    ] {
        api.send("POST", fields, &[], &field)?.expect(201)?;
    }
    make_field(api, "contact")?;
    let thing = json!({"name": "Top", "custom": {"number": "1"}});
    Ok(api.send("POST", "/v1/x_things", &[], &thing)?.expect(201)?.text("/id")?.to_owned())
}

fn make_field(api: &Api, object: &str) -> anyhow::Result<()> {
    let path = format!("/v1/schema/objects/{object}/fields");
    api.send("POST", &path, &[], &json!({"name": "size", "type": "text"}))?.expect(201).map(drop)
}

/// Asks what it would cost to make that field a number, which the replica tells.
fn judge(api: &Api, object: &str) -> anyhow::Result<Answer> {
    let path = format!("/v1/schema/objects/{object}/fields/size?validate=only");
    api.send("PATCH", &path, &[], &json!({"type": "number"}))
}

pub(in crate::cloud::rights) fn change_thing(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let name = json!({"name": format!("Top {}", scene.next())});
    worked(&scene.api.send("PATCH", &scene.thing, &[], &name)?)
}

/// Looks the parent up, and binds the transaction to it.
pub(in crate::cloud::rights) fn create_thing_below(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let parent = scene.thing.rsplit('/').next().unwrap_or_default();
    let thing = json!({"name": "Below", "custom": {"parent": parent}});
    worked(&scene.api.send("POST", "/v1/x_things", &[], &thing)?)
}

pub(in crate::cloud::rights) fn read_thing_history(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get(&format!("{}/history", scene.thing), &[])?)
}

/// Gives its number back.
pub(in crate::cloud::rights) fn archive_thing(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.bare("DELETE", &scene.thing)?)
}

pub(in crate::cloud::rights) fn read_schema(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/schema", &[])?)
}

pub(in crate::cloud::rights) fn rename_object(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let label = json!({"label": format!("Thing {}", scene.next())});
    worked(&scene.api.send("PATCH", "/v1/schema/objects/x_thing", &[], &label)?)
}

/// The first judgement of a workspace builds the replica from the catalogue.
pub(in crate::cloud::rights) fn first_judgement(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let api = newcomer(scene)?;
    make_field(&api, "user")?;
    worked(&judge(&api, "user")?)
}

/// Asks for the table's id, and downloads the snapshot.
pub(in crate::cloud::rights) fn judgement_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.schema)?;
    worked(&judge(&scene.api, "contact")?)
}

/// So does the first judgement of a workspace.
pub(in crate::cloud::rights) fn ask_for_a_snapshot_to_judge(scene: &Scene<'_>) -> anyhow::Result<bool> {
    asks(scene, "schema", |api| {
        make_field(api, "user")?;
        judge(api, "user")?.expect(200).map(drop)
    })
}
