//! The worker: goes on with the jobs that a queue names, step by step, and asks itself to go on when its time is over.
//!
//! A message that stops its workers time after time goes to the dead letters. One whose workers are stopped by something else, a
//! deployment or a machine, must not: when it comes again and its job has got on, it is sent anew, before a step or after one.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use api::App;
use std::sync::Arc;

use auth::{Caller, Policy};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use events::JobRequest;
use kernel::{Error, Id, Result, Version, kinds};
use records::{Cx, Job, Rights};
use replica::{Limits, Replicas};
use table::{Meter, TenantTable};

use crate::advance::{Next, advance, fail};
use crate::{forget, guards, rights};

/// For how long one message is worked on: jobs take turns, so that a large one does not keep a small one waiting.
const TURN: Duration = Duration::from_secs(10);

/// Goes on with jobs, and keeps the replicas that it asks.
#[derive(Debug, Default)]
pub struct Worker {
    replicas: OnceLock<Replicas>,
}

impl Worker {
    /// Goes on with the jobs that a batch names. Messages that failed come again: nothing that was done is done twice.
    pub async fn handle(&self, app: &App, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in batch.records {
            let id = message.message_id.clone().unwrap_or_default();
            if let Err(error) = Box::pin(self.take(app, &message)).await {
                tracing::warn!(message.id = id, error.code = error.code(), error.cause = ?error, "a job did not go on");
                response.add_failure(id);
            }
        }
        response
    }

    async fn take(&self, app: &App, message: &SqsMessage) -> Result<()> {
        let body = message.body.as_deref().unwrap_or_default();
        let request: JobRequest =
            serde_json::from_str(body).map_err(|_| Error::malformed("bad_message", "the message names no job"))?;
        match request {
            JobRequest::GoOn { workspace, job, version } => {
                let is_again = is_again(message);
                if is_again && let Some(later) = later_version(app, workspace, job, version).await? {
                    tracing::warn!(workspace.id = %workspace, job.id = %job, version, later, "a job's worker was stopped");
                    let anew = JobRequest::GoOn { workspace, job, version: later };
                    return app.queues.ask_job(&anew, Duration::ZERO).await;
                }
                // Of a message that comes again it may be the last time: one step is enough for a new one.
                let turn = if is_again { Duration::ZERO } else { TURN };
                let (next, version) = self.go_on(app, workspace, job, turn).await?;
                let request = JobRequest::GoOn { workspace, job, version };
                // Only when there is more: whoever has the last message for a job has to send the next one before this one goes.
                match next {
                    Next::More => app.queues.ask_job(&request, Duration::ZERO).await,
                    Next::Later(wait) => app.queues.ask_job(&request, wait).await,
                    Next::Nothing => Ok(()),
                }
            }
            JobRequest::Forget(request) => {
                match Box::pin(forget::carry_out(app, self.replicas(app), &request)).await? {
                    Some((left, wait)) => app.queues.ask_job(&JobRequest::Forget(left), wait).await,
                    None => Ok(()),
                }
            }
            JobRequest::SettleSchema { workspace, by } => {
                app.schemas.forget(workspace);
                let table = app.tables.workspace(workspace, Meter::default());
                guards::start(&guards::context(app, &table, &by)).await
            }
        }
    }

    /// Takes steps, at least one, until the job is finished or the turn is over. Also answers the version that the last step began
    /// with.
    async fn go_on(
        &self,
        app: &App,
        workspace: Id<kinds::Workspace>,
        job: Id<kinds::Job>,
        turn: Duration,
    ) -> Result<(Next, Version)> {
        let table = app.tables.workspace(workspace, Meter::default());
        // Others may have changed the schema: what a step is refused must not be refused on the word of an old one.
        app.schemas.forget(workspace);
        let begun = Instant::now();
        let mut version = 0;
        let next = loop {
            let Some(job) = unfinished(&table, job).await? else { break Next::Nothing };
            version = job.common.version;
            let next = self.step(app, &table, &job).await?;
            if next != Next::More || begun.elapsed() >= turn {
                break next;
            }
        };
        let used = table.meter().used();
        tracing::info!(
            workspace.id = %workspace, job.id = %job, ?next, round_trips = used.round_trips,
            read_units = used.read_units, write_units = used.write_units, "a job went on"
        );
        Ok((next, version))
    }

    async fn step(&self, app: &App, table: &TenantTable, job: &Job) -> Result<Next> {
        let outcome = match rights::context(app, table, job).await {
            Ok(cx) => advance(&cx, &app.files, self.replicas(app), job).await,
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if is_for_good(&error) => {
                // Why is told to whoever has started it: it can name files and columns.
                tracing::error!(job.id = %job.common.id, error.code = error.code(), "a job failed");
                fail(&in_the_name_of(app, table, job), job, &error).await?;
                Ok(Next::Nothing)
            }
            outcome => outcome,
        }
    }

    /// Replicas in files of their own: whoever answers requests on the same machine does not share them.
    fn replicas(&self, app: &App) -> &Replicas {
        self.replicas.get_or_init(|| {
            let directory = app.replica_dir.join("worker");
            let (tables, files, queues) = (app.tables.clone(), app.files.clone(), app.queues.clone());
            Replicas::new(directory, tables, files, queues, Limits { asks: true, ..Limits::worker() })
        })
    }
}

/// A job that is not finished.
async fn unfinished(table: &TenantTable, id: Id<kinds::Job>) -> Result<Option<Job>> {
    Ok(Job::find(table, id).await?.filter(|job| !job.state.is_finished()))
}

/// Whether a message was given before to a worker that did not come to its end.
fn is_again(message: &SqsMessage) -> bool {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    count.is_some_and(|count: u32| count > 1)
}

/// The version of an unfinished job, if it is later than a given one.
async fn later_version(
    app: &App,
    workspace: Id<kinds::Workspace>,
    job: Id<kinds::Job>,
    than: Version,
) -> Result<Option<Version>> {
    let table = app.tables.workspace(workspace, Meter::default());
    let version = unfinished(&table, job).await?.map(|job| job.common.version);
    Ok(version.filter(|version| *version > than))
}

/// Whether a job cannot go on after an error. A defect, of Rapport or of how it is deployed, is none of the job's: the message
/// comes again, rings in the end, and can be sent anew once it is mended.
fn is_for_good(error: &Error) -> bool {
    !error.is_retryable() && !matches!(error, Error::Bug { .. })
}

/// The context in which a job is ended, whatever whoever has started it may do now.
pub(crate) fn in_the_name_of(app: &App, table: &TenantTable, job: &Job) -> Cx {
    let (user, workspace) = (job.common.created_by, table.workspace_id());
    let caller = Caller { user, api_key: job.api_key, workspace };
    let rights = Rights::everything(user).within(Arc::new(Policy::default()));
    let mut cx = Cx::new(caller, rights, table.clone(), app.schemas.clone(), app.clock.clone(), app.ids.clone());
    cx.job = job.id().ok();
    cx
}
