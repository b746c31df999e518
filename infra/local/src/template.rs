//! What `template.yaml` says that the embedded stack needs: routes, authorizer, functions, queues, event sources.
//!
//! The one template that is deployed is also what runs here. What this reads it reads strictly: a resource of a kind
//! that it runs, written in a way that it does not know, is an error and never a silent difference to the cloud.

mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use crate::filter::Filter;

/// The template of this repository, as it was when this was built.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The stack, as far as it runs here.
#[derive(Clone, Debug)]
pub struct Template {
    /// The routes of the HTTP API.
    pub routes: Vec<Route>,
    /// Who checks credentials, for routes that ask for it.
    pub authorizer: Option<Authorizer>,
    /// What browsers of other origins may do.
    pub cors: Option<Cors>,
    /// The same of the bucket's files.
    pub files_cors: Option<Cors>,
    /// When files of the bucket are removed.
    pub expirations: Vec<Expiration>,
    /// The functions by logical id.
    pub functions: BTreeMap<String, Function>,
    /// The queues by logical id, which is also their name here.
    pub queues: BTreeMap<String, Queue>,
    /// Functions that read the table's stream.
    pub streams: Vec<StreamSource>,
    /// Functions that work off a queue.
    pub pollers: Vec<QueueSource>,
    /// Functions that run by the clock.
    pub schedules: Vec<Schedule>,
}

impl Template {
    /// The template of this repository.
    ///
    /// # Errors
    /// When it has something that this does not know how to run.
    pub fn of_this_build() -> Result<Self> {
        Self::parse(TEMPLATE)
    }

    /// The same for web apps of these origins: the parameter `CorsOrigins`. Without any as it is.
    #[must_use]
    pub fn with_origins(&self, origins: Option<&[String]>) -> Self {
        let mut template = self.clone();
        if let Some(origins) = origins {
            for cors in template.cors.iter_mut().chain(&mut template.files_cors) {
                cors.origins = origins.to_vec();
            }
        }
        template
    }

    /// A template's text.
    ///
    /// # Errors
    /// When it is not YAML, or has something that this does not know how to run.
    pub fn parse(text: &str) -> Result<Self> {
        read::template(&cloudformation::read(text)?)
    }
}

/// A route of the HTTP API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// The method, or `ANY`.
    pub method: String,
    /// The path, such as `/v1/contacts/{id}`; a last segment may be greedy, as `{proxy+}`.
    pub path: String,
    /// The logical id of the function that answers.
    pub function: String,
    /// Whether the authorizer is asked first.
    pub authorized: bool,
}

/// A Lambda authorizer with simple responses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorizer {
    /// The logical id of the function.
    pub function: String,
    /// The header that identifies the caller, in lower case.
    pub header: String,
    /// How long an answer is used again for the same header.
    pub ttl: Duration,
}

/// The CORS settings of the HTTP API, or of the bucket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cors {
    /// Origins, or `*`.
    pub origins: Vec<String>,
    /// Methods, or `*`.
    pub methods: Vec<String>,
    /// Request headers, or `*`.
    pub headers: Vec<String>,
    /// Headers of answers that scripts may read.
    pub exposed: Vec<String>,
    /// How long, in seconds, a browser may remember the answer to a preflight.
    pub max_age: Option<u64>,
}

/// A rule by which files of the bucket are removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expiration {
    /// What their keys begin with.
    pub prefix: String,
    /// How long after they were written.
    pub after: Duration,
}

/// A function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// The artefact, which is the last part of `CodeUri`: one binary can be several functions.
    pub artefact: String,
    /// The entry point inside of it: `http`, `stream`, `worker` ...
    pub entry: String,
    /// How long an invocation may take.
    pub timeout: Duration,
}

/// A queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queue {
    /// How long a received message stays hidden.
    pub visibility: Duration,
    /// How long messages are kept.
    pub retention: Duration,
    /// How long a message is hidden at first.
    pub delay: Duration,
    /// Where messages go that were received this often without being deleted: logical id of a queue, and the number.
    pub dead_letters: Option<(String, u32)>,
}

/// A function that reads the table's stream.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// The logical id of the mapping.
    pub id: String,
    /// The logical id of the function.
    pub function: String,
    /// The most records an invocation gets.
    pub batch: usize,
    /// A record is handed over when one of these matches, or when there are none.
    pub filters: Vec<Filter>,
    /// How often a record that fails is tried again; `None` until it expires.
    pub retries: Option<u32>,
    /// Whether a batch that fails is halved to find the record that is at fault.
    pub bisect: bool,
    /// Whether the function names the records that failed.
    pub partial_failures: bool,
    /// The queue that is told of records that were given up.
    pub failures: Option<String>,
}

/// A function that works off a queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueueSource {
    /// The logical id of the mapping.
    pub id: String,
    /// The logical id of the function.
    pub function: String,
    /// The logical id of the queue.
    pub queue: String,
    /// The most messages an invocation gets.
    pub batch: usize,
    /// Whether the function names the messages that failed.
    pub partial_failures: bool,
}

/// A function that runs by the clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// The logical id of the schedule.
    pub id: String,
    /// The logical id of the function.
    pub function: String,
    /// How long from one run to the next.
    pub every: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_template_is_understood() {
        let template = Template::of_this_build().unwrap();
        let create =
            template.routes.iter().find(|route| route.method == "POST" && route.path == "/v1/contacts").unwrap();
        assert_eq!(create.function, "ContactsFunction");
        assert!(create.authorized);
        assert!(template.routes.iter().any(|route| !route.authorized), "the OpenAPI document is public");
        let authorizer = template.authorizer.unwrap();
        assert_eq!(authorizer.function, "AuthorizerFunction");
        assert_eq!((authorizer.header.as_str(), authorizer.ttl), ("authorization", Duration::from_secs(60)));
        assert_eq!(template.cors.unwrap().origins, ["*"]);

        let contacts = &template.functions["ContactsFunction"];
        assert_eq!((contacts.artefact.as_str(), contacts.entry.as_str()), ("contacts", "http"));
        let journal = template.streams.iter().find(|source| source.function == "JournalFunction").unwrap();
        assert!(journal.partial_failures && journal.bisect);
        assert!(!journal.filters.is_empty());
        // The journal gives nothing up; the relay does.
        assert_eq!((journal.failures.as_deref(), journal.retries), (None, None));
        let relay = template.streams.iter().find(|source| source.function == "RelayFunction").unwrap();
        assert_eq!((relay.failures.as_deref(), relay.retries), (Some("StreamFailures"), Some(100)));
        assert_eq!(template.pollers.len(), 3);
        let queue = &template.queues["SnapshotsQueue"];
        assert_eq!(queue.dead_letters, Some(("SnapshotsDeadLetters".to_owned(), 5)));
        for route in &template.routes {
            assert!(template.functions.contains_key(&route.function), "{route:?}");
        }
    }

    #[test]
    fn the_table_that_is_made_here_is_the_one_that_is_deployed() {
        let template = cloudformation::read(include_str!("../../table.yaml")).unwrap();
        let wanted = &template["Resources"]["Table"]["Properties"];
        let engine = testkit::Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let (_, made) = engine.dispatch("DescribeTable", r#"{"TableName":"rapport"}"#);
        let made = &serde_json::from_str::<serde_json::Value>(&made).unwrap()["Table"];
        assert_eq!(made["KeySchema"], wanted["KeySchema"]);
        let sorted = |list: &serde_json::Value| {
            let mut texts: Vec<_> = list.as_array().unwrap().iter().map(ToString::to_string).collect();
            texts.sort();
            texts
        };
        assert_eq!(sorted(&made["AttributeDefinitions"]), sorted(&wanted["AttributeDefinitions"]));
        let indexes = |table: &serde_json::Value| {
            let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap().iter();
            indexes
                .map(|index| format!("{} {} {}", index["IndexName"], index["KeySchema"], index["Projection"]))
                .collect::<Vec<_>>()
        };
        assert_eq!(indexes(made), indexes(wanted));
        assert_eq!(made["StreamSpecification"]["StreamViewType"], wanted["StreamSpecification"]["StreamViewType"]);
        let (_, ttl) = engine.dispatch("DescribeTimeToLive", r#"{"TableName":"rapport"}"#);
        assert!(ttl.contains(wanted["TimeToLiveSpecification"]["AttributeName"].as_str().unwrap()), "{ttl}");
    }

    fn schedule(expression: &str) -> Result<Vec<Schedule>> {
        let text = format!(
            "Resources:\n  Tick:\n    Type: AWS::Scheduler::Schedule\n    Properties:\n      ScheduleExpression: {expression}\n      \
             Target: {{ Arn: !GetAtt TickFunction.Arn }}\n"
        );
        Template::parse(&text).map(|template| template.schedules)
    }

    #[test]
    fn a_schedule_says_how_often_its_function_runs() {
        let tick = |seconds| Schedule {
            id: "Tick".to_owned(),
            function: "TickFunction".to_owned(),
            every: Duration::from_secs(seconds),
        };
        assert_eq!(schedule("rate(1 minute)").unwrap(), [tick(60)]);
        assert_eq!(schedule("rate(12 hours)").unwrap(), [tick(43_200)]);
        for unknown in ["rate(0 minutes)", "rate(5 weeks)", "cron(0 12 * * ? *)", "rate(1minute)"] {
            let error = schedule(unknown).unwrap_err();
            assert!(format!("{error:#}").contains("Tick"), "{error:#}");
        }
    }
}
