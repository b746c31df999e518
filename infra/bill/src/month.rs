//! A month in which people work, on top of an idle one.

use anyhow::Result;

use crate::activity::Deed;
use crate::{Bill, Given, idle};

/// A month's bill for so many users in one workspace.
///
/// # Errors
/// When a price, a function or an operation is missing.
pub fn month(given: &Given, users: u32) -> Result<Bill> {
    let mut used = Used { people: f64::from(users), ..Used::default() };
    let activity = &given.activity;
    for deed in &activity.done {
        used.deed(given, deed, deed.a_day * activity.working_days * f64::from(users))?;
    }
    if users > 0 {
        used.snapshots(given)?;
    }
    used.bill(given)
}

/// What everybody together uses in a month.
#[derive(Debug, Default)]
struct Used {
    requests: f64,
    invocations: f64,
    gb_seconds: f64,
    /// What functions have of disk beyond what costs nothing, for as long as they run.
    disk_gb_seconds: f64,
    read_units: f64,
    write_units: f64,
    /// Messages to workers, each sent, received and deleted.
    messages: f64,
    mails: f64,
    /// Who has signed in, or has stayed signed in.
    people: f64,
    files: f64,
    files_read: f64,
    files_gb: f64,
    /// What the month adds to the table, in GB.
    table_gb: f64,
}

impl Used {
    fn deed(&mut self, given: &Given, deed: &Deed, times: f64) -> Result<()> {
        let (activity, aws) = (&given.activity, &given.activity.aws);
        let units = activity.units(&deed.units)?;
        self.read_units += times * units.read_units;
        self.write_units += times * units.write_units;
        let ms = units.round_trips * aws.trip_ms;
        if deed.inside {
            self.run(given, &deed.function, times, ms, deed.ms)?;
            // One invocation works on many: 100 records is a chunk.
            self.invoke(given, &deed.function, times / 100.0, 0.0, 0.0)?;
            self.messages += times / 100.0;
        } else {
            self.requests += times;
            self.invoke(given, &deed.function, times, ms, deed.ms)?;
            let asked = times * aws.authorizer_share;
            self.invoke(given, "AuthorizerFunction", asked, aws.trip_ms, 0.5)?;
            self.read_units += asked;
            // Beside the request's own work, so it takes no time.
            self.write_units += times * aws.lease_share;
        }
        let follows_a_write = deed.writes == 0.0 && deed.units != "read a record" && deed.units != "timeline";
        if follows_a_write {
            // The journal's new entries are half a unit for each 4 KB more.
            self.read_units += times * activity.writes.lists_after_a_write * 0.5;
        }
        self.writes(given, times * deed.writes)?;
        self.mails += times * deed.mails;
        if deed.file_kb > 0.0 {
            self.files += times;
            self.files_read += times;
            self.files_gb += times * deed.file_kb / 1e6 * activity.months_kept;
        }
        Ok(())
    }

    /// What follows from a change: the journal, and those that react.
    fn writes(&mut self, given: &Given, times: f64) -> Result<()> {
        let writes = &given.activity.writes;
        self.invoke(given, "JournalFunction", times, writes.journal_ms, 0.0)?;
        self.invoke(given, "RelayFunction", times, writes.relay_ms, 0.0)?;
        self.read_units += times * writes.journal_read_units;
        self.write_units += times * writes.journal_write_units;
        self.table_gb += times * writes.kb / 1e6;
        Ok(())
    }

    fn snapshots(&mut self, given: &Given) -> Result<()> {
        let (activity, writes) = (&given.activity, &given.activity.writes);
        let times = writes.snapshots_a_day * activity.working_days;
        self.invoke(given, "SnapshotsFunction", times, writes.snapshot_ms, 0.0)?;
        self.messages += times;
        self.files += times;
        self.files_gb += writes.snapshot_gb;
        Ok(())
    }

    /// An invocation that waits so long and computes so long, some of them with a start before.
    fn invoke(&mut self, given: &Given, function: &str, times: f64, waits_ms: f64, computes_ms: f64) -> Result<()> {
        let aws = &given.activity.aws;
        self.invocations += times;
        let mut starts_ms = aws.cold_ms;
        // Whoever has a replica has a disk for it, and begins with fetching a snapshot.
        if given.templates.disk_gb(function)? > 0.0 {
            starts_ms += aws.fetch_ms;
            self.files_read += times * aws.cold_share;
        }
        self.run(given, function, times, waits_ms + aws.cold_share * starts_ms, computes_ms)
    }

    fn run(&mut self, given: &Given, function: &str, times: f64, waits_ms: f64, computes_ms: f64) -> Result<()> {
        let memory_gb = given.templates.memory_gb(function)?;
        let processor = (memory_gb * 1024.0 / given.activity.aws.memory_of_a_processor_mb).min(1.0);
        let ms = (waits_ms + computes_ms / processor).ceil();
        self.gb_seconds += times * memory_gb * ms / 1000.0;
        self.disk_gb_seconds += times * given.templates.disk_gb(function)? * ms / 1000.0;
        Ok(())
    }

    fn bill(&self, given: &Given) -> Result<Bill> {
        let (prices, aws) = (&given.prices, &given.activity.aws);
        let mut bill = Bill::default();
        let (usd, unit) = (idle(given)?.total(), "month".to_owned());
        bill.lines.push(crate::Line { what: "as an idle month".to_owned(), quantity: 1.0, unit, usd });
        let table_gb = self.table_gb * given.activity.months_kept;
        let logs_gb = (self.invocations * aws.log_kb + self.requests * aws.access_log_kb) / 1e6;
        let mut add = |price: &str, what: &str, quantity: f64| bill.add(prices, price, what, quantity);
        add("api_request", "requests to the API", self.requests)?;
        add("function_request", "invocations of functions", self.invocations)?;
        add("function_gb_second", "their time", self.gb_seconds)?;
        add("function_disk_gb_second", "their disks beyond 512 MB", self.disk_gb_seconds)?;
        add("write_unit", "writes to the table", self.write_units)?;
        add("read_unit", "reads of the table", self.read_units)?;
        add("table_gb", "the table", table_gb)?;
        add("recovery_gb", "its point-in-time recovery", table_gb)?;
        add("file_gb", "snapshots, files and mails", self.files_gb)?;
        add("file_put", "files written", self.files)?;
        add("file_get", "files read", self.files_read)?;
        add("queue_request", "messages sent, received and deleted", self.messages * 3.0)?;
        add("mail", "mails", self.mails)?;
        add("signed_in_person", "people in the user pool", self.people)?;
        add("logs_taken_in", "logs", logs_gb)?;
        add("logs_kept", "logs kept for a month", logs_gb)?;
        add("metric", "the metric of its own", 1.0)?;
        add("sent_out_gb", "answers", self.requests * aws.answer_kb / 1e6)?;
        Ok(bill)
    }
}
