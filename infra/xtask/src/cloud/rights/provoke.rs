//! What needs a right: the smallest flow for each, which says whether it worked. Here is the scene, and what needs rights of
//! roles with few of them; jobs, mail and objects have files of their own.

pub(super) mod audit;
pub(super) mod counted;
pub(super) mod jobs;
pub(super) mod mail;
pub(super) mod objects;

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::cloud::answers::{Answer, Api, eventually};
use crate::cloud::flows;
use crate::cloud::people::Person;
use crate::cloud::stack::{Outputs, Stack};

/// A workspace of its own, so that what is broken on purpose is nobody else's.
pub(super) struct Scene<'run> {
    stack: &'run Stack<'run>,
    outputs: &'run Outputs,
    person: &'run Person,
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
    mail: String,
    scheduler: String,
    snapshots: String,
    journal: String,
    relay: String,
    /// Numbers everything that has to be new.
    next: Cell<u32>,
}

impl<'run> Scene<'run> {
    /// Makes the workspace, with a contact, a company, a team and a user.
    pub(super) fn set(stack: &'run Stack<'run>, outputs: &'run Outputs, person: &'run Person) -> anyhow::Result<Self> {
        let api = Api::new(outputs, &stack.workspace(outputs, "rights")?)?;
        let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
        let contact = flows::create(&api, "rights@example.com")?.text("/id")?.to_owned();
        let company =
            api.send("POST", "/v1/companies", &[], &json!({"name": "Acme"}))?.expect(201)?.text("/id")?.to_owned();
        let team = api.send("POST", "/v1/teams", &[], &json!({"name": "Sales"}))?.expect(201)?.text("/id")?.to_owned();
        let user = json!({"name": "Rita", "email": "rita@example.com", "role": "viewer"});
        let user = api.send("POST", "/v1/users", &[], &user)?.expect(201)?.text("/id")?.to_owned();
        let thing = objects::define(&api)?;
        Ok(Self {
            stack,
            outputs,
            person,
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
            mail: stack.resource("MailFunction")?,
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

/// A person's token, which the gateway cannot have asked about before either.
pub(super) fn come_with_a_token(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let token = format!("Bearer {}", scene.person.token(scene.stack)?);
    worked(&scene.api.with_credential(Some(&token)).get("/v1/me", &[])?)
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

/// The sample has an erasure, a job and an invitation, of which a worker each is told.
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

/// Somebody in a new workspace.
fn newcomer(scene: &Scene<'_>) -> anyhow::Result<Api> {
    let name = format!("newcomer-{}", scene.next());
    Api::new(scene.outputs, &scene.stack.workspace(scene.outputs, &name)?)
}
