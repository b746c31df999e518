//! What needs a right: the smallest flow for each, which says whether it worked.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::cloud::answers::{Answer, Api, eventually};
use crate::cloud::flows;
use crate::cloud::stack::{Outputs, Stack};

/// A workspace of its own, so that what is broken on purpose is nobody else's.
pub(super) struct Scene<'run> {
    stack: &'run Stack<'run>,
    outputs: &'run Outputs,
    api: Api,
    workspace: String,
    contact: String,
    /// The ids of a company and a team, for others below them.
    company: String,
    team: String,
    user: String,
    /// A record of an object of the company's own.
    thing: String,
    views: String,
    schema: String,
    jobs: String,
    worker: String,
    scheduler: String,
    snapshots: String,
    journal: String,
    relay: String,
    /// Numbers everything that has to be new.
    next: Cell<u32>,
}

impl<'run> Scene<'run> {
    /// Makes the workspace, with a contact, a company, a team and a user.
    pub(super) fn set(stack: &'run Stack<'run>, outputs: &'run Outputs) -> anyhow::Result<Self> {
        let api = Api::new(outputs, &stack.workspace(outputs, "rights")?)?;
        let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
        let contact = flows::create(&api, "rights@example.com")?.text("/id")?.to_owned();
        let company =
            api.send("POST", "/v1/companies", &[], &json!({"name": "Acme"}))?.expect(201)?.text("/id")?.to_owned();
        let team = api.send("POST", "/v1/teams", &[], &json!({"name": "Sales"}))?.expect(201)?.text("/id")?.to_owned();
        let user = json!({"name": "Rita", "email": "rita@example.com", "role": "viewer"});
        let user = api.send("POST", "/v1/users", &[], &user)?.expect(201)?.text("/id")?.to_owned();
        let thing = define(&api)?;
        Ok(Self {
            stack,
            outputs,
            api,
            workspace,
            thing: format!("/v1/x_things/{thing}"),
            schema: stack.resource("SchemaFunction")?,
            contact: format!("/v1/contacts/{contact}"),
            company,
            team,
            user: format!("/v1/users/{user}"),
            views: stack.resource("ViewsFunction")?,
            jobs: stack.resource("JobsFunction")?,
            worker: stack.resource("JobsWorkerFunction")?,
            scheduler: stack.resource("SchedulerFunction")?,
            snapshots: stack.resource("SnapshotsFunction")?,
            journal: stack.resource("JournalFunction")?,
            relay: stack.resource("RelayFunction")?,
            next: Cell::new(0),
        })
    }

    fn next(&self) -> u32 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Replaces a function's instances. A folder of its own keeps the new one from finding the replicas of the one before.
    fn renew(&self, function: &str) -> anyhow::Result<()> {
        let configuration =
            self.stack.ask("lambda", "get_function_configuration", &json!({"FunctionName": function}))?;
        let mut environment = configuration["Environment"].clone();
        environment["Variables"]["RAPPORT_REPLICA_DIR"] = json!(format!("replicas-{}", self.next()));
        let arguments = json!({"FunctionName": function, "Environment": environment});
        self.stack.ask("lambda", "update_function_configuration", &arguments).map(drop)
    }

    /// Calls a function as its trigger would, and tells whether it took all of the batch.
    fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<bool> {
        let arguments = json!({"FunctionName": function, "Payload": event.to_string()});
        let answer = self.stack.ask("lambda", "invoke", &arguments)?;
        ensure!(answer.get("FunctionError").is_none(), "the function itself failed: {answer}");
        let payload = answer["Payload"].as_str().context("no payload")?;
        let payload: Value = serde_json::from_str(payload).with_context(|| payload.to_owned())?;
        let failures = payload["batchItemFailures"].as_array();
        Ok(failures.with_context(|| format!("no batchItemFailures in {payload}"))?.is_empty())
    }

    /// A sample event of the repository.
    fn sample(&self, name: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(self.stack.root().join("events").join(name))?)?)
    }

    fn snapshot(&self, reason: &str) -> anyhow::Result<bool> {
        let body = json!({"workspace": self.workspace, "reason": reason}).to_string();
        let mut event = self.sample("queue-snapshots.json")?;
        let records = event["Records"].as_array_mut().context("a sample without records")?;
        records.truncate(1);
        records[0]["body"] = json!(body);
        self.invoke(&self.snapshots, &event)
    }
}

/// A refusal is the server's fault, and tells the caller nothing about its inside.
fn worked(answer: &Answer) -> anyhow::Result<bool> {
    match answer.status {
        200..300 => Ok(true),
        500.. => {
            let text = answer.body.to_string();
            for internal in ["dynamodb", "AccessDenied", "arn:", "Role"] {
                ensure!(!text.contains(internal), "the answer tells internals: {text}");
            }
            Ok(false)
        }
        other => bail!("{other}: {}", answer.body),
    }
}

/// A well-formed key that nobody has, which the gateway cannot have asked about before.
pub(super) fn unknown_key(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let key = format!("Bearer rk_{:0>64x}", 0xabcd);
    let answer = scene.api.with_credential(Some(&key)).get("/v1/me", &[])?;
    if answer.status == 401 { Ok(true) } else { worked(&answer) }
}

pub(super) fn read_workspace(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/workspace", &[])?)
}

pub(super) fn read_me(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/me", &[])?)
}

pub(super) fn list_keys(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/api_keys", &[])?)
}

pub(super) fn rename_workspace(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let name = json!({"name": format!("Rights {}", scene.next())});
    worked(&scene.api.send("PATCH", "/v1/workspace", &[], &name)?)
}

pub(super) fn archive_user(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.bare("DELETE", &scene.user)?)
}

/// Binds the transaction to the team above.
pub(super) fn create_team_below(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let team = json!({"name": format!("Team {}", scene.next()), "parent_id": scene.team});
    worked(&scene.api.send("POST", "/v1/teams", &[], &team)?)
}

/// Reads it first.
pub(super) fn change_contact(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let city = json!({"city": format!("City {}", scene.next())});
    worked(&scene.api.send("PATCH", &scene.contact, &[], &city)?)
}

/// Looks the parent up, and binds the transaction to it.
pub(super) fn create_company_below(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let company = json!({"name": "Below", "parent_id": scene.company});
    worked(&scene.api.send("POST", "/v1/companies", &[], &company)?)
}

pub(super) fn read_history(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get(&format!("{}/history", scene.contact), &[])?)
}

pub(super) fn archive_contact(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.bare("DELETE", &scene.contact)?)
}

/// The sample's workspace exists nowhere else.
pub(super) fn append(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.invoke(&scene.journal, &scene.sample("stream-journal.json")?)
}

/// The sample has an erasure, which the worker is told of.
pub(super) fn relay(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.invoke(&scene.relay, &scene.sample("stream-relay.json")?)
}

/// A process asks for the table's id once.
pub(super) fn first_snapshot(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.snapshots)?;
    scene.snapshot("behind")
}

/// As after an erasure: builds from the catalogue, uploads, moves the manifest, deletes the one before.
pub(super) fn snapshot_anew(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.snapshot("erased")
}

/// As when a reader asks, and the present one is good enough.
pub(super) fn snapshot_if_worth(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.snapshot("behind")
}

pub(super) fn list(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/contacts", &[])?)
}

/// Asks for the table's id, and downloads the snapshot.
pub(super) fn list_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.views)?;
    list(scene)
}

/// The first list of a workspace without a snapshot: looks for the manifest and builds from the catalogue.
pub(super) fn first_list(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&newcomer(scene)?.get("/v1/users", &[])?)
}

pub(super) fn save_view(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&saved(scene)?)
}

/// Binds the transaction to the view.
pub(super) fn share_view(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let view = saved(scene)?.expect(201)?.text("/id")?.to_owned();
    worked(&scene.api.send("PUT", &format!("/v1/views/{view}/shares/everyone"), &[], &json!({"level": "read"}))?)
}

pub(super) fn erase_view(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let view = saved(scene)?.expect(201)?.text("/id")?.to_owned();
    worked(&scene.api.send("POST", &format!("/v1/views/{view}/erase"), &[], &json!({}))?)
}

fn saved(scene: &Scene<'_>) -> anyhow::Result<Answer> {
    let view = json!({"name": format!("View {}", scene.next()), "of": "contact"});
    scene.api.send("POST", "/v1/views", &[], &view)
}

/// That list asks the worker for a snapshot. That it may not is no reason to fail the list: only the log tells.
pub(super) fn ask_for_a_snapshot(scene: &Scene<'_>) -> anyhow::Result<bool> {
    asks(scene, "views", |api| api.get("/v1/users", &[])?.expect(200).map(drop))
}

/// So does the first judgement of a workspace.
pub(super) fn ask_for_a_snapshot_to_judge(scene: &Scene<'_>) -> anyhow::Result<bool> {
    asks(scene, "schema", |api| {
        make_field(api, "user")?;
        judge(api, "user")?.expect(200).map(drop)
    })
}

/// Whether a function asks for a snapshot of a new workspace.
fn asks(scene: &Scene<'_>, function: &str, first: impl Fn(&Api) -> anyhow::Result<()>) -> anyhow::Result<bool> {
    let api = newcomer(scene)?;
    let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
    first(&api)?;
    let group = format!("/rapport/{}/{function}", scene.stack.name());
    let mut made = false;
    eventually("the worker is asked, or the log says why not", Duration::from_secs(30), || {
        made = !flows::snapshots(scene.stack, scene.outputs, &workspace)?.is_empty();
        let events = scene.stack.ask("logs", "filter_log_events", &json!({"logGroupName": group}))?;
        let messages = events["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
        let refused = |message: &str| message.contains("could not be asked for") && message.contains(&workspace);
        Ok(made || messages.into_iter().any(refused))
    })?;
    Ok(made)
}

/// An object of the company's own with everything that asks for a right of its own, and a record of it.
fn define(api: &Api) -> anyhow::Result<String> {
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

pub(super) fn change_thing(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let name = json!({"name": format!("Top {}", scene.next())});
    worked(&scene.api.send("PATCH", &scene.thing, &[], &name)?)
}

/// Looks the parent up, and binds the transaction to it.
pub(super) fn create_thing_below(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let parent = scene.thing.rsplit('/').next().unwrap_or_default();
    let thing = json!({"name": "Below", "custom": {"parent": parent}});
    worked(&scene.api.send("POST", "/v1/x_things", &[], &thing)?)
}

pub(super) fn read_thing_history(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get(&format!("{}/history", scene.thing), &[])?)
}

/// Gives its number back.
pub(super) fn archive_thing(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.bare("DELETE", &scene.thing)?)
}

pub(super) fn read_schema(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/schema", &[])?)
}

pub(super) fn rename_object(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let label = json!({"label": format!("Thing {}", scene.next())});
    worked(&scene.api.send("PATCH", "/v1/schema/objects/x_thing", &[], &label)?)
}

/// The first judgement of a workspace builds the replica from the catalogue.
pub(super) fn first_judgement(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let api = newcomer(scene)?;
    make_field(&api, "user")?;
    worked(&judge(&api, "user")?)
}

/// Asks for the table's id, and downloads the snapshot.
pub(super) fn judgement_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.schema)?;
    worked(&judge(&scene.api, "contact")?)
}

/// Somebody in a new workspace.
fn newcomer(scene: &Scene<'_>) -> anyhow::Result<Api> {
    let name = format!("newcomer-{}", scene.next());
    Api::new(scene.outputs, &scene.stack.workspace(scene.outputs, &name)?)
}

/// The errors of a job that there is.
pub(super) fn read_job_errors(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let job = start(&scene.api, &by_id(scene))?;
    worked(&scene.api.get(&format!("/v1/jobs/{}/errors", job.text("/id")?), &[])?)
}

pub(super) fn start_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.send("POST", BULK, &[], &by_id(scene))?)
}

/// How many records there are, asked by the first request about a workspace without a snapshot.
pub(super) fn first_count(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&newcomer(scene)?.send("POST", &dry(BULK), &[], &everything(scene))?)
}

/// The same of an instance that has no replica yet.
pub(super) fn count_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.jobs)?;
    worked(&scene.api.send("POST", &dry(BULK), &[], &everything(scene))?)
}

/// Each time another value, so that there is something to change.
pub(super) fn change_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.carried_out(&scene.api, &by_id(scene), BULK)
}

/// What goes into the trash gives its email address back.
pub(super) fn archive_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let contact = flows::create(&scene.api, &format!("job{}@example.com", scene.next()))?;
    scene.carried_out(&scene.api, &json!({"ids": [contact.text("/id")?], "archive": true}), BULK)
}

/// A company under another one: nobody above it may change meanwhile.
pub(super) fn move_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let company = |name: &str| -> anyhow::Result<String> {
        let made = scene.api.send("POST", "/v1/companies", &[], &json!({"name": name}))?.expect(201)?;
        Ok(made.text("/id")?.to_owned())
    };
    let (above, below) = (company("Above")?, company("Below")?);
    let body = json!({"ids": [below], "change": {"parent_id": above}});
    scene.carried_out(&scene.api, &body, "/v1/companies/bulk")
}

/// A job whose records have to be found by a worker that has no replica yet.
pub(super) fn select_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.worker)?;
    scene.carried_out(&scene.api, &everything(scene), BULK)
}

/// The same in a workspace without a snapshot.
pub(super) fn first_selection(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.carried_out(&newcomer(scene)?, &everything(scene), BULK)
}

pub(super) fn look_for_due_work(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let event = scene.sample("schedule-scheduler.json")?;
    let arguments = json!({"FunctionName": scene.scheduler, "Payload": event.to_string()});
    Ok(scene.stack.ask("lambda", "invoke", &arguments)?.get("FunctionError").is_none())
}

/// Where jobs on contacts are started.
const BULK: &str = "/v1/contacts/bulk";

fn dry(path: &str) -> String {
    [path, "?validate=only"].concat()
}

fn by_id(scene: &Scene<'_>) -> Value {
    let contact = scene.contact.rsplit('/').next();
    json!({"ids": [contact], "change": {"city": format!("City {}", scene.next())}})
}

fn everything(scene: &Scene<'_>) -> Value {
    json!({"filter": {}, "change": {"country": format!("Country {}", scene.next())}})
}

fn start(api: &Api, body: &Value) -> anyhow::Result<Answer> {
    api.send("POST", BULK, &[], body)?.expect(202)
}

impl Scene<'_> {
    /// Starts a job and gives its worker the message that the relay sends, which may come twice. Whether it was done.
    fn carried_out(&self, api: &Api, body: &Value, path: &str) -> anyhow::Result<bool> {
        let job = api.send("POST", path, &[], body)?.expect(202)?.text("/id")?.to_owned();
        let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
        let mut event = self.sample("queue-jobs.json")?;
        event["Records"][0]["body"] = json!(json!({"ask": "go_on", "workspace": workspace, "job": job}).to_string());
        if !self.invoke(&self.worker, &event)? {
            return Ok(false);
        }
        let path = format!("/v1/jobs/{job}");
        let mut done = false;
        eventually("the job ends", Duration::from_secs(30), || {
            let job = api.get(&path, &[])?.expect(200)?;
            done = job.body["counts"]["failed"] == 0;
            Ok(job.body["state"] == "done")
        })?;
        Ok(done)
    }
}
