//! What the deployed API is asked, over HTTP.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::answers::{Answer, Api, eventually};
use super::stack::{Outputs, Stack};

/// How long the stream may take: the emulator polls about once a second.
const STREAM: Duration = Duration::from_secs(30);

/// A contact that the later steps look for.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its id.
    pub(super) id: String,
    /// `Rapport-Position` of its last change.
    position: String,
}

/// No credential, a wrong one, a right one.
pub(super) fn credentials(api: &Api) -> anyhow::Result<()> {
    // The gateway itself answers, in its own shape: no function is called.
    let refused = api.with_credential(None).get("/v1/me", &[])?.expect(401)?;
    ensure!(refused.body["message"] == "Unauthorized", "the gateway answered {}", refused.body);
    let wrong = format!("Bearer rk_{}", "0".repeat(64));
    for credential in [wrong.as_str(), "Bearer nonsense", "Basic dTpw"] {
        api.with_credential(Some(credential)).get("/v1/me", &[])?.expect_problem(401)?;
    }
    let document = api.with_credential(None).get("/v1/openapi.json", &[])?.expect(200)?;
    ensure!(document.text("/openapi")?.starts_with("3.1"), "not an OpenAPI 3.1 document");
    api.get("/v1/me", &[])?.expect(200)?;
    Ok(())
}

/// Makes a contact and gives the answer.
pub(super) fn create(api: &Api, email: &str) -> anyhow::Result<Answer> {
    let body = json!({"first_name": "Ada", "last_name": "Lovelace", "email": email, "city": "London"});
    let answer = api.send("POST", "/v1/contacts", &[], &body)?.expect(201)?;
    ensure!(answer.header("etag")? == "\"1\"", "a new record's version is 1, not {}", answer.header("etag")?);
    Ok(answer)
}

/// Create, read, change with and without the right version, archive, restore, upsert, history.
pub(super) fn contact(api: &Api) -> anyhow::Result<Kept> {
    let created = create(api, "ada@example.com")?;
    let id = created.text("/id")?.to_owned();
    let path = format!("/v1/contacts/{id}");
    ensure!(created.header("location")? == path, "Location is {}", created.header("location")?);
    created.header("server-timing")?;

    let read = api.get(&path, &[])?.expect(200)?;
    ensure!(read.body == created.body, "read {} after creating {}", read.body, created.body);

    let changed = api.send("PATCH", &path, &[("if-match", "\"1\"")], &json!({"city": "Berlin"}))?.expect(200)?;
    ensure!(changed.header("etag")? == "\"2\"", "the second version is {}", changed.header("etag")?);
    let stale = api.send("PATCH", &path, &[("if-match", "\"1\"")], &json!({"city": "Paris"}))?.expect_problem(412)?;
    ensure!(stale.body.to_string().contains("city"), "412 does not name the field: {}", stale.body);
    let taken = json!({"last_name": "Byron", "email": "ADA@example.com"});
    api.send("POST", "/v1/contacts", &[], &taken)?.expect_problem(409)?;
    api.send("POST", "/v1/contacts", &[], &json!({"last_name": "Byron", "nonsense": 1}))?.expect_problem(422)?;

    let key = [("idempotency-key", "cloud-1")];
    let body = json!({"last_name": "Hopper", "email": "grace@example.com"});
    let first = api.send("POST", "/v1/contacts", &key, &body)?.expect(201)?;
    let again = api.send("POST", "/v1/contacts", &key, &body)?.expect(201)?;
    ensure!(first.text("/id")? == again.text("/id")?, "one key made two contacts");

    let archived = api.bare("DELETE", &path)?;
    ensure!((200..300).contains(&archived.status), "archive answered {}: {}", archived.status, archived.body);
    let restored = api.bare("POST", &format!("{path}/restore"))?.expect(200)?;
    ensure!(restored.body["archived_at"].is_null(), "restored, but {}", restored.body);

    let upsert = "/v1/contacts/by/email/ada%40example.com";
    let last = api.send("PUT", upsert, &[], &json!({"city": "Zürich"}))?.expect(200)?;
    ensure!(last.text("/id")? == id, "the upsert made another contact");
    let position = last.header("rapport-position")?.to_owned();
    api.send("PUT", "/v1/contacts/by/email/new%40example.com", &[], &json!({"last_name": "New"}))?.expect(201)?;

    let history = api.get(&format!("{path}/history"), &[])?.expect(200)?;
    let entries = history.body["data"].as_array().context("history has no data")?;
    ensure!(entries.len() == 5, "created, changed, archived, restored, changed: not {} entries", entries.len());
    Ok(Kept { id, position })
}

/// Lists: at once with the position, by themselves after the stream; filter, search, order, pages.
pub(super) fn lists(api: &Api, kept: &Kept) -> anyhow::Result<()> {
    let position = [("rapport-position", kept.position.as_str())];
    let list = api.get("/v1/contacts?city=Z%C3%BCrich", &position)?.expect(200)?;
    ensure!(list.ids()? == [kept.id.as_str()], "its own write is missing: {}", list.body);
    list.header("server-timing")?;

    // The replica is there now, so this one can only come by way of stream and journal.
    let later = create(api, "later@example.com")?;
    let took = eventually("a new contact is in the list", STREAM, || {
        let list = api.get("/v1/contacts?email=later@example.com", &[])?.expect(200)?;
        Ok(list.ids()? == [later.text("/id")?])
    })?;
    crate::say(&format!("      in the list by way of stream and journal after {:.1} s", took.as_secs_f64()));

    let found = api.get("/v1/contacts?q=lovel", &[])?.expect(200)?;
    ensure!(found.ids()?.contains(&kept.id.as_str()), "the search misses it: {}", found.body);
    let page = api.get("/v1/contacts?limit=2&sort=last_name", &[])?.expect(200)?;
    ensure!(page.ids()?.len() == 2 && page.body["page"]["has_more"] == true, "the first page: {}", page.body);
    let cursor = page.text("/page/next_cursor")?;
    let next = api.get(&format!("/v1/contacts?limit=2&sort=last_name&cursor={cursor}"), &[])?.expect(200)?;
    let first = page.ids()?;
    ensure!(next.ids()?.iter().all(|id| !first.contains(id)), "a contact is on two pages");
    Ok(())
}

/// What is one workspace's is not there for the other.
pub(super) fn isolation(api: &Api, other: &Api, kept: &Kept) -> anyhow::Result<()> {
    let path = format!("/v1/contacts/{}", kept.id);
    other.get(&path, &[])?.expect_problem(404)?;
    other.send("PATCH", &path, &[], &json!({"city": "Rome"}))?.expect_problem(404)?;
    other.bare("DELETE", &path)?.expect_problem(404)?;
    let position = [("rapport-position", kept.position.as_str())];
    let list = other.get("/v1/contacts", &position)?;
    if list.status == 200 {
        ensure!(list.ids()?.is_empty(), "the other workspace lists {}", list.body);
    }
    ensure!(other.get("/v1/contacts?q=ada", &[])?.expect(200)?.ids()?.is_empty(), "the other workspace finds it");
    // The same address is free there: guards belong to a workspace.
    let twin = create(other, "ada@example.com")?;
    ensure!(twin.text("/id")? != kept.id, "two workspaces share a contact");
    api.get(&path, &[])?.expect(200)?;
    Ok(())
}

/// The same record, by an API over the same table.
pub(super) fn read_back(api: &Api, kept: &Kept) -> anyhow::Result<()> {
    let read = api.get(&format!("/v1/contacts/{}", kept.id), &[])?.expect(200)?;
    ensure!(read.text("/city")? == "Zürich", "read back {}", read.body);
    let list = api.get("/v1/contacts?city=Z%C3%BCrich", &[])?.expect(200)?;
    ensure!(list.ids()? == [kept.id.as_str()], "listed by the new stack: {}", list.body);
    Ok(())
}

/// The first list of the workspace has asked for a snapshot by itself, the worker has made it, and nobody gave anything up.
pub(super) fn snapshot(stack: &Stack<'_>, outputs: &Outputs, api: &Api) -> anyhow::Result<()> {
    let workspace = api.get("/v1/workspace", &[])?.expect(200)?;
    let workspace = workspace.text("/id")?;
    eventually("a snapshot is in the bucket", STREAM, || Ok(!snapshots(stack, outputs, workspace)?.is_empty()))?;
    nothing_given_up(stack, outputs)
}

/// What was erased is nowhere: not to be read, listed or found, its address free, and no snapshot older than it.
pub(super) fn erasure(stack: &Stack<'_>, outputs: &Outputs, api: &Api) -> anyhow::Result<()> {
    let workspace = api.get("/v1/workspace", &[])?.expect(200)?;
    let workspace = workspace.text("/id")?;
    let before = snapshots(stack, outputs, workspace)?;
    ensure!(!before.is_empty(), "there is no snapshot that an erasure could remove");
    let contact = create(api, "forget.me@example.com")?;
    let path = format!("/v1/contacts/{}", contact.text("/id")?);
    let erased = api.bare("POST", &format!("{path}/erase"))?.expect(204)?;
    api.get(&path, &[])?.expect_problem(404)?;
    let position = [("rapport-position", erased.header("rapport-position")?)];
    let found = api.get("/v1/contacts?q=forget.me&archived=any", &position)?.expect(200)?;
    ensure!(found.ids()?.is_empty(), "an erased contact is found: {}", found.body);
    create(api, "forget.me@example.com").context("the erased contact's address must be free")?;
    eventually("older snapshots are gone", STREAM, || {
        let now = snapshots(stack, outputs, workspace)?;
        Ok(!now.is_empty() && before.iter().all(|old| !now.contains(old)))
    })?;
    nothing_given_up(stack, outputs)
}

/// Users, API keys and what their roles permit, the workspace's settings.
pub(super) fn people(api: &Api) -> anyhow::Result<()> {
    let user = json!({"name": "Vera", "email": "vera@example.com", "role": "viewer"});
    let user = api.send("POST", "/v1/users", &[], &user)?.expect(201)?;
    let path = format!("/v1/users/{}", user.text("/id")?);
    // The old address is free again at once.
    let moved = json!({"name": "Vera V.", "email": "vera.v@example.com"});
    api.send("PATCH", &path, &[("if-match", "\"1\"")], &moved)?.expect(200)?;
    let rep = json!({"name": "Vera the Second", "role": "rep"});
    let second = api.send("PUT", "/v1/users/by/email/vera%40example.com", &[], &rep)?.expect(201)?;
    let again = api.send("PUT", "/v1/users/by/email/vera%40example.com", &[], &json!({"role": "viewer"}))?;
    ensure!(again.expect(200)?.text("/id")? == second.text("/id")?, "the upsert made another user");
    api.bare("DELETE", &path)?.expect(200)?;
    let restored = api.bare("POST", &format!("{path}/restore"))?.expect(200)?;
    ensure!(restored.body["archived_at"].is_null(), "restored, but {}", restored.body);
    let position = [("rapport-position", restored.header("rapport-position")?)];
    let listed = api.get("/v1/users?email=vera.v@example.com", &position)?.expect(200)?;
    ensure!(listed.ids()? == [user.text("/id")?], "the restored user is not listed: {}", listed.body);
    let gone = format!("/v1/users/{}", second.text("/id")?);
    api.bare("POST", &format!("{gone}/erase"))?.expect(204)?;
    api.get(&gone, &[])?.expect_problem(404)?;
    api.get(&format!("{path}/history"), &[])?.expect(200)?;
    api.send("PATCH", "/v1/workspace", &[], &json!({"name": "Demo & Sons"}))?.expect(200)?;

    let key = |name: &str| -> anyhow::Result<(String, String)> {
        let made = api.send("POST", "/v1/api_keys", &[], &json!({"name": name, "role": "viewer"}))?.expect(201)?;
        Ok((made.text("/id")?.to_owned(), format!("Bearer {}", made.text("/secret")?)))
    };
    let (_, reads) = key("reads")?;
    let viewer = api.with_credential(Some(&reads));
    viewer.get("/v1/contacts", &[])?.expect(200)?;
    viewer.send("POST", "/v1/contacts", &[], &json!({"last_name": "No"}))?.expect_problem(403)?;
    viewer.get("/v1/api_keys", &[])?.expect_problem(403)?;

    // Revoked before its first use: the gateway keeps what the authorizer once said for a minute.
    let (id, revoked) = key("revoked")?;
    let answer = api.bare("DELETE", &format!("/v1/api_keys/{id}"))?.expect(200)?;
    ensure!(!answer.body["revoked_at"].is_null(), "revoked, but {}", answer.body);
    api.with_credential(Some(&revoked)).get("/v1/me", &[])?.expect_problem(401)?;
    Ok(())
}

/// The names of a workspace's snapshots in the bucket.
pub(super) fn snapshots(stack: &Stack<'_>, outputs: &Outputs, workspace: &str) -> anyhow::Result<Vec<String>> {
    let listed = stack.ask("s3", "list_objects_v2", &json!({"Bucket": outputs.bucket, "Prefix": "replicas/"}))?;
    let objects = listed["Contents"].as_array().into_iter().flatten();
    let names = objects.filter_map(|object| object["Key"].as_str());
    Ok(names.filter(|name| name.contains(workspace)).map(str::to_owned).collect())
}

/// All was done, and no function gave anything up.
fn nothing_given_up(stack: &Stack<'_>, outputs: &Outputs) -> anyhow::Result<()> {
    eventually("the queue is empty", STREAM, || Ok(depth(stack, &outputs.snapshots)? == 0))?;
    for given_up in [&outputs.dead_letters, &outputs.failures] {
        ensure!(depth(stack, given_up)? == 0, "{given_up} holds what a function gave up");
    }
    Ok(())
}

/// How many messages a queue holds, those that are being worked on included.
fn depth(stack: &Stack<'_>, url: &str) -> anyhow::Result<u64> {
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    let answer = stack.ask("sqs", "get_queue_attributes", &json!({"QueueUrl": url, "AttributeNames": names}))?;
    let number = |name: &str| answer["Attributes"][name].as_str().and_then(|text| text.parse::<u64>().ok());
    names.iter().map(|name| number(name).with_context(|| format!("{url} has no {name}"))).sum()
}
