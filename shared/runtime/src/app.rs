//! From settings to what capabilities work with.

use api::{App, Authorize, Limits};
use cloud::{Files, Queues};
use kernel::{Clock, Ids};
use table::Tables;

use crate::Settings;

/// What a capability is given, as the settings say. Makes clients and connects to nothing.
#[must_use]
pub fn app(settings: &Settings) -> App {
    App {
        tables: Tables::new(&settings.clients, &settings.table),
        schemas: Default::default(),
        queues: Queues::new(&settings.clients, &settings.snapshots_queue)
            .with_jobs(&settings.jobs_queue)
            .with_mail(&settings.mail_queue),
        files: Files::new(&settings.clients, &settings.bucket).known_at(&settings.clients, &settings.files_url),
        clock: Clock::System,
        ids: Ids::new(Clock::System),
        issuer: settings.issuer.clone(),
        sign_up: settings.sign_up.clone(),
        limits: settings.rates.map(|rates| Limits::new(rates, Clock::System)).unwrap_or_default(),
        authorize: if settings.authorize_inline { Authorize::Inline } else { Authorize::Gateway },
        notes: Default::default(),
        replica_dir: settings.replica_dir.clone(),
    }
}
