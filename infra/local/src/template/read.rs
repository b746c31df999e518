//! From the template's resources to [`Template`].

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::{Authorizer, Cors, Expiration, Function, Queue, QueueSource, Route, Schedule, StreamSource, Template};
use crate::filter::Filter;

/// Lambda's own default.
const FUNCTION_TIMEOUT: u64 = 3;
/// SQS's own defaults, in seconds.
const VISIBILITY: u64 = 30;
const RETENTION: u64 = 345_600;
/// The most an authorizer's answer may be kept, and API Gateway's default, in seconds.
const AUTHORIZER_TTL: u64 = 300;

/// Kinds that make something run which this does not run.
const NOT_RUN_HERE: [&str; 3] = ["AWS::Events::Rule", "AWS::Pipes::Pipe", "AWS::Serverless::StateMachine"];

pub(super) fn template(document: &Value) -> Result<Template> {
    let reader = Reader::new(document)?;
    Ok(Template {
        routes: reader.all("AWS::ApiGatewayV2::Route", Reader::route)?,
        authorizer: reader.all("AWS::ApiGatewayV2::Authorizer", Reader::authorizer)?.into_iter().next(),
        cors: reader.all("AWS::ApiGatewayV2::Api", Reader::cors)?.into_iter().flatten().next(),
        files_cors: reader.all("AWS::S3::Bucket", Reader::files_cors)?.into_iter().flatten().next(),
        expirations: reader.all("AWS::S3::Bucket", Reader::expirations)?.into_iter().flatten().collect(),
        functions: reader.all("AWS::Serverless::Function", Reader::function)?.into_iter().collect(),
        queues: reader.all("AWS::SQS::Queue", Reader::queue)?.into_iter().collect::<BTreeMap<_, _>>(),
        streams: reader.all("AWS::Lambda::EventSourceMapping", Reader::stream)?.into_iter().flatten().collect(),
        pollers: reader.all("AWS::Lambda::EventSourceMapping", Reader::poller)?.into_iter().flatten().collect(),
        schedules: reader.all("AWS::Scheduler::Schedule", Reader::schedule)?,
    })
}

struct Reader<'a> {
    resources: &'a Map<String, Value>,
    parameters: &'a Value,
    globals: &'a Value,
}

/// A resource: its logical id and its properties.
#[derive(Clone, Copy)]
struct Resource<'a> {
    id: &'a str,
    properties: &'a Value,
}

impl<'a> Reader<'a> {
    fn new(document: &'a Value) -> Result<Self> {
        let resources = document["Resources"].as_object().context("the template has no Resources")?;
        for (id, resource) in resources {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let events = &resource["Properties"]["Events"];
            if NOT_RUN_HERE.contains(&kind) || (kind == "AWS::Serverless::Function" && !events.is_null()) {
                bail!(
                    "{id} ({kind}) starts functions in a way that the embedded stack does not run yet: add it to infra/local"
                );
            }
        }
        Ok(Self { resources, parameters: &document["Parameters"], globals: &document["Globals"]["Function"] })
    }

    fn all<T>(&self, kind: &str, read: impl Fn(&Self, Resource<'a>) -> Result<T>) -> Result<Vec<T>> {
        let of_kind = self.resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_kind
            .map(|(id, resource)| {
                read(self, Resource { id, properties: &resource["Properties"] })
                    .with_context(|| format!("resource {id} of template.yaml"))
            })
            .collect()
    }

    fn route(&self, route: Resource<'a>) -> Result<Route> {
        let key = self.text(&route.properties["RouteKey"]).context("RouteKey")?;
        let (method, path) = key.split_once(' ').context("a RouteKey is a method and a path")?;
        let integration = referred(&route.properties["Target"]).context("Target")?;
        let integration = &self.resources.get(integration).context("Target names no integration")?["Properties"];
        let authorized = match route.properties["AuthorizationType"].as_str() {
            None | Some("NONE") => false,
            Some("CUSTOM") => true,
            Some(other) => bail!("AuthorizationType {other} is not known here"),
        };
        Ok(Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: referred(&integration["IntegrationUri"]).context("IntegrationUri")?.to_owned(),
            authorized,
        })
    }

    fn authorizer(&self, authorizer: Resource<'a>) -> Result<Authorizer> {
        let properties = authorizer.properties;
        if properties["AuthorizerType"] != "REQUEST" || properties["EnableSimpleResponses"] != true {
            bail!("only REQUEST authorizers with simple responses are known here");
        }
        let source = properties["IdentitySource"][0].as_str().context("IdentitySource")?;
        let header = source.strip_prefix("$request.header.").context("only a header can be the IdentitySource here")?;
        Ok(Authorizer {
            function: referred(&properties["AuthorizerUri"]).context("AuthorizerUri")?.to_owned(),
            header: header.to_lowercase(),
            ttl: self.seconds(&properties["AuthorizerResultTtlInSeconds"], AUTHORIZER_TTL)?,
        })
    }

    fn cors(&self, api: Resource<'a>) -> Result<Option<Cors>> {
        let cors = &api.properties["CorsConfiguration"];
        if cors.is_null() {
            return Ok(None);
        }
        Ok(Some(Cors {
            origins: self.texts(&cors["AllowOrigins"])?,
            methods: self.texts(&cors["AllowMethods"])?,
            headers: self.texts(&cors["AllowHeaders"])?,
            exposed: self.texts(&cors["ExposeHeaders"])?,
            max_age: cors["MaxAge"].as_u64(),
        }))
    }

    fn files_cors(&self, bucket: Resource<'a>) -> Result<Option<Cors>> {
        let rules = &bucket.properties["CorsConfiguration"]["CorsRules"];
        let rule = match rules.as_array().map(Vec::as_slice) {
            None | Some([]) => return Ok(None),
            Some([rule]) => rule,
            Some(_) => bail!("only one CORS rule of a bucket is known here"),
        };
        Ok(Some(Cors {
            origins: self.texts(&rule["AllowedOrigins"])?,
            methods: self.texts(&rule["AllowedMethods"])?,
            headers: self.texts(&rule["AllowedHeaders"])?,
            exposed: self.texts(&rule["ExposedHeaders"])?,
            max_age: rule["MaxAge"].as_u64(),
        }))
    }

    /// The rules that remove files. What is not finished is none yet.
    fn expirations(&self, bucket: Resource<'a>) -> Result<Vec<Expiration>> {
        let rules = bucket.properties["LifecycleConfiguration"]["Rules"].as_array();
        let rules = rules.into_iter().flatten().filter(|rule| !rule["ExpirationInDays"].is_null());
        let read = |rule: &Value| {
            let prefix = rule["Prefix"].as_str().filter(|prefix| prefix.ends_with('/'));
            let days = rule["ExpirationInDays"].as_u64().context("ExpirationInDays")?;
            let prefix = prefix.context("a Prefix has to be a folder here")?.to_owned();
            Ok(Expiration { prefix, after: Duration::from_secs(days * 86_400) })
        };
        rules.map(read).collect()
    }

    fn schedule(&self, schedule: Resource<'a>) -> Result<Schedule> {
        let expression = self.text(&schedule.properties["ScheduleExpression"]).context("ScheduleExpression")?;
        let every = rate(&expression).with_context(|| format!("{expression}: only rate(…) is known here"))?;
        let function = referred(&schedule.properties["Target"]["Arn"]).context("Target.Arn")?;
        Ok(Schedule { id: schedule.id.to_owned(), function: function.to_owned(), every })
    }

    fn function(&self, function: Resource<'a>) -> Result<(String, Function)> {
        let own = |name: &str| {
            let value = &function.properties[name];
            if value.is_null() { &self.globals[name] } else { value }
        };
        let code = self.text(own("CodeUri")).context("CodeUri")?;
        let artefact = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let entry = self.text(own("Handler")).context("Handler")?;
        Ok((
            function.id.to_owned(),
            Function { artefact, entry, timeout: self.seconds(own("Timeout"), FUNCTION_TIMEOUT)? },
        ))
    }

    fn queue(&self, queue: Resource<'a>) -> Result<(String, Queue)> {
        let properties = queue.properties;
        if properties["FifoQueue"] == true {
            bail!("FIFO queues are not known here");
        }
        let redrive = &properties["RedrivePolicy"];
        let dead_letters = if redrive.is_null() {
            None
        } else {
            let target = referred(&redrive["deadLetterTargetArn"]).context("deadLetterTargetArn")?.to_owned();
            let most = redrive["maxReceiveCount"].as_u64().context("maxReceiveCount")?;
            Some((target, u32::try_from(most)?))
        };
        let queue_settings = Queue {
            visibility: self.seconds(&properties["VisibilityTimeout"], VISIBILITY)?,
            retention: self.seconds(&properties["MessageRetentionPeriod"], RETENTION)?,
            delay: self.seconds(&properties["DelaySeconds"], 0)?,
            dead_letters,
        };
        Ok((queue.id.to_owned(), queue_settings))
    }

    fn stream(&self, mapping: Resource<'a>) -> Result<Option<StreamSource>> {
        let properties = mapping.properties;
        let (resource, attribute) = attribute(&properties["EventSourceArn"]).context("EventSourceArn")?;
        if !attribute.ends_with("StreamArn") {
            return Ok(None);
        }
        if properties["StartingPosition"] != "TRIM_HORIZON" {
            bail!(
                "StartingPosition of {resource}'s stream must be TRIM_HORIZON: a journal that starts late has lost something"
            );
        }
        let filters = properties["FilterCriteria"]["Filters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let failures = &properties["DestinationConfig"]["OnFailure"]["Destination"];
        Ok(Some(StreamSource {
            id: mapping.id.to_owned(),
            function: referred(&properties["FunctionName"]).context("FunctionName")?.to_owned(),
            batch: usize::try_from(properties["BatchSize"].as_u64().unwrap_or(100))?,
            filters: filters
                .iter()
                .map(|filter| Filter::parse(filter["Pattern"].as_str().context("Pattern")?))
                .collect::<Result<_>>()?,
            retries: properties["MaximumRetryAttempts"].as_u64().map(u32::try_from).transpose()?,
            bisect: properties["BisectBatchOnFunctionError"] == true,
            partial_failures: partial_failures(properties),
            failures: if failures.is_null() { None } else { Some(referred(failures).context("OnFailure")?.to_owned()) },
        }))
    }

    fn poller(&self, mapping: Resource<'a>) -> Result<Option<QueueSource>> {
        let properties = mapping.properties;
        let source = referred(&properties["EventSourceArn"]).context("EventSourceArn")?;
        if self.resources.get(source).is_none_or(|resource| resource["Type"] != "AWS::SQS::Queue") {
            return Ok(None);
        }
        Ok(Some(QueueSource {
            id: mapping.id.to_owned(),
            function: referred(&properties["FunctionName"]).context("FunctionName")?.to_owned(),
            queue: source.to_owned(),
            batch: usize::try_from(properties["BatchSize"].as_u64().unwrap_or(10))?,
            partial_failures: partial_failures(properties),
        }))
    }

    /// A text, or the default of the parameter that it refers to.
    fn text(&self, value: &Value) -> Result<String> {
        let value = match value["Ref"].as_str() {
            Some(parameter) => &self.parameters[parameter]["Default"],
            None => value,
        };
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            other => bail!("{other} is not a text"),
        }
    }

    fn texts(&self, value: &Value) -> Result<Vec<String>> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::Array(values) => values.iter().map(|value| self.text(value)).collect(),
            // A parameter of the kind CommaDelimitedList.
            _ => Ok(self.text(value)?.split(',').map(|part| part.trim().to_owned()).collect()),
        }
    }

    fn seconds(&self, value: &Value, default: u64) -> Result<Duration> {
        if value.is_null() {
            return Ok(Duration::from_secs(default));
        }
        Ok(Duration::from_secs(self.text(value)?.parse()?))
    }
}

fn partial_failures(properties: &Value) -> bool {
    properties["FunctionResponseTypes"]
        .as_array()
        .is_some_and(|kinds| kinds.iter().any(|kind| kind == "ReportBatchItemFailures"))
}

/// The resource and the attribute that a `GetAtt` names.
fn attribute(value: &Value) -> Option<(&str, &str)> {
    let path = value["Fn::GetAtt"].as_array()?;
    Some((path.first()?.as_str()?, path.get(1)?.as_str()?))
}

/// The resource of this template that a value refers to, by `Ref`, `GetAtt` or the last of its kind in a `Sub`.
fn referred(value: &Value) -> Option<&str> {
    if let Some(name) = value["Ref"].as_str() {
        return Some(name);
    }
    if let Some((resource, _)) = attribute(value) {
        return Some(resource);
    }
    let text = value["Fn::Sub"].as_str()?;
    let names = text.split("${").skip(1).filter_map(|part| part.split('}').next());
    names.filter(|name| !name.starts_with("AWS::")).last().map(|name| name.split('.').next().unwrap_or(name))
}

/// The time between two runs of a rate expression: `rate(1 minute)`, `rate(12 hours)`.
fn rate(expression: &str) -> Option<Duration> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok().filter(|number| *number > 0).map(|number| Duration::from_secs(number * seconds))
}
