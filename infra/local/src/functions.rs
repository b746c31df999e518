//! Which library is behind which function: artefact and entry point of the template, and what they call.

use std::sync::Arc;

use api::{App, Authorize, Limits};
use authorizer::{Authorizer, People};
use cloud::{Clients, Files, Mail, Queues};
use kernel::{Clock, Ids};
use table::Tables;

use crate::invoke::Functions;
use crate::issuer::Issuer;
use crate::stack::{BUCKET, MAIL_FROM, Parts, TABLE};

/// What a function is given: the same as in Lambda, with the services of this process behind it.
pub(crate) fn app(parts: &Parts, artefact: &str) -> App {
    let clients = Clients::in_process_with(parts.http.clone(), &parts.files_secret);
    App {
        tables: Tables::new(&clients, TABLE),
        schemas: parts.schemas.clone(),
        queues: Queues::new(&clients, &parts.snapshots_queue).with_jobs(&parts.jobs_queue).with_mail(&parts.mail_queue),
        files: Files::new(&clients, BUCKET).known_at(&clients, &parts.files_url),
        clock: Clock::System,
        ids: Ids::new(Clock::System),
        issuer: issuer(parts),
        // Only whoever sits at this machine comes here.
        sign_up: auth::SignUp::Open,
        // Of its own, as an instance has: what others have answered it learns from the table.
        limits: Limits::new(parts.rates, Clock::System),
        authorize: Authorize::Gateway,
        notes: api::Notes::default(),
        replica_dir: parts.replicas(artefact),
    }
}

/// What sends mails, into the mailbox of this process.
fn postman(parts: &Parts) -> mail::Worker {
    let clients = Clients::in_process_with(parts.http.clone(), &parts.files_secret);
    let (tables, post) = (Tables::new(&clients, TABLE), Mail::new(&clients, MAIL_FROM, ""));
    mail::Worker::new(tables, post, Clock::System, Ids::new(Clock::System), &parts.app_url)
}

fn issuer(parts: &Parts) -> Option<auth::Issuer> {
    let issuer = parts.issuer.as_ref()?;
    let (url, client_id) = (issuer.url().to_owned(), Issuer::CLIENT_ID.to_owned());
    Some(auth::Issuer { url, client_id, audience: None, emulator: None })
}

/// All functions of Rapport.
pub(crate) fn all(parts: &Parts) -> Functions {
    let [authorizer, journal, relay, snapshots, jobs, scheduler] =
        ["authorizer", "journal", "relay", "snapshots", "jobs", "scheduler"].map(|artefact| app(parts, artefact));
    let authorizer = Authorizer::new(authorizer.tables, authorizer.clock, authorizer.issuer.map(People::of));
    let (worker, relaying) = (Arc::new(jobs::Worker::default()), Arc::new(relay::Relay::default()));
    let postman = postman(parts);
    Functions::new()
        .authorizer("authorizer", move |event| {
            let authorizer = authorizer.clone();
            async move { Ok(authorizer.authorize(&event).await?) }
        })
        .http("identity", identity::router(app(parts, "identity")))
        .http("contacts", contacts::router(app(parts, "contacts")))
        .http("schema", schema::router(app(parts, "schema")))
        .http("objects", objects::router(app(parts, "objects")))
        .http("jobs", jobs::router(jobs.clone()))
        .http("privacy", privacy::router(app(parts, "privacy")))
        .http("views", views::router(app(parts, "views")))
        .stream("journal", move |event| {
            let app = journal.clone();
            async move { Ok(journal::handle(&app, event).await) }
        })
        .stream("relay", move |event| {
            let (app, relay) = (relay.clone(), relaying.clone());
            async move { Ok(relay.handle(&app, event).await) }
        })
        .worker("snapshots", move |event| {
            let app = snapshots.clone();
            async move { Ok(snapshots::handle(&app, event).await) }
        })
        .worker("jobs", move |event| {
            let (app, worker) = (jobs.clone(), worker.clone());
            async move { Ok(Box::pin(worker.handle(&app, event)).await) }
        })
        .worker("mail", move |event| {
            let postman = postman.clone();
            async move { Ok(postman.handle(event).await) }
        })
        .schedule("scheduler", move |event| {
            let app = scheduler.clone();
            async move { Ok(Box::pin(scheduler::handle(&app, event)).await?) }
        })
}
