//! A month in which nobody does anything, from the template.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{Bill, Given};

/// Kinds that cost nothing while nobody uses them, or are counted by what uses them.
const FREE: [&str; 16] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
];

/// Members of a function that cost while nobody uses it, or that SAM makes resources of which are not in the template.
const PAID_OF_FUNCTIONS: [&str; 2] = ["ProvisionedConcurrencyConfig", "Events"];

/// An idle month. Whatever depends on a condition is counted as if it were there.
///
/// # Errors
/// When the template has something whose price is not known here.
pub fn idle(given: &Given) -> Result<Bill> {
    let mut found = Found::default();
    for document in &given.templates.documents {
        refuse(&document["Globals"]["Function"], &PAID_OF_FUNCTIONS).context("Globals of the template")?;
    }
    for (id, resource) in given.templates.resources() {
        found.count(given, id, resource).with_context(|| format!("resource {id} of the template"))?;
    }
    let Given { prices, activity, .. } = given;
    let (aws, idle) = (&activity.aws, &activity.idle);
    let mut bill = Bill::default();
    let mut add = |price: &str, what: String, quantity: f64| match quantity > 0.0 {
        true => bill.add(prices, price, what, quantity),
        false => Ok(()),
    };
    add("alarm", format!("{} metrics that alarms look at", found.alarms), found.alarms)?;
    add("alarm_high_resolution", "alarms that look more often than once a minute".to_owned(), found.quick_alarms)?;
    let polls = found.polled * aws.pollers * aws.hours * 3600.0 / aws.poll_seconds;
    let text = format!("empty polls of {} queues, {} pollers each", found.polled, aws.pollers);
    add("queue_request", text, polls)?;
    add("schedule", "runs by the clock".to_owned(), found.runs)?;
    add("function_request", "their invocations".to_owned(), found.runs)?;
    add("function_gb_second", "their time, each a cold start".to_owned(), found.gb_seconds)?;
    // Each looks at what is due, in every shard of an index, eventually consistent.
    add("read_unit", "their looks at the table".to_owned(), found.runs * idle.scheduled_looks * 0.5)?;
    add("logs_taken_in", "their logs".to_owned(), found.runs * aws.log_kb / 1e6)?;
    add("table_gb", format!("{} GB of records at rest", idle.table_gb), found.tables * idle.table_gb)?;
    add("recovery_gb", "their point-in-time recovery".to_owned(), found.recovered * idle.table_gb)?;
    add("file_gb", format!("{} GB of snapshots and files at rest", idle.files_gb), idle.files_gb)?;
    add("key", "customer keys".to_owned(), found.keys)?;
    add("secret", "secrets".to_owned(), found.secrets)?;
    add("metric", "metrics made of logs".to_owned(), found.metrics)?;
    add("dashboard", "dashboards".to_owned(), found.dashboards)?;
    Ok(bill)
}

/// What a template has that is paid for.
#[derive(Debug, Default)]
struct Found {
    alarms: f64,
    quick_alarms: f64,
    polled: f64,
    runs: f64,
    gb_seconds: f64,
    tables: f64,
    recovered: f64,
    keys: f64,
    secrets: f64,
    metrics: f64,
    dashboards: f64,
}

impl Found {
    fn count(&mut self, given: &Given, id: &str, resource: &Value) -> Result<()> {
        let kind = resource["Type"].as_str().context("Type")?;
        let properties = &resource["Properties"];
        match kind {
            "AWS::CloudWatch::Alarm" => self.alarm(properties)?,
            "AWS::CloudWatch::Dashboard" => self.dashboards += 1.0,
            // By the people who are active: none while nobody is.
            "AWS::Cognito::UserPool" => {
                ensure!(properties["UserPoolTier"] == "LITE", "only the plan LITE has its price in infra/prices.toml");
            }
            "AWS::DynamoDB::Table" => {
                ensure!(properties["BillingMode"] == "PAY_PER_REQUEST", "provisioned capacity costs while idle");
                refuse_anywhere(properties, "ContributorInsightsSpecification")?;
                self.tables += 1.0;
                let recovery = &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
                self.recovered += f64::from(u8::from(*recovery == true));
            }
            "AWS::KMS::Key" => self.keys += 1.0,
            "AWS::Lambda::EventSourceMapping" => self.source(given, properties)?,
            "AWS::Logs::MetricFilter" => self.metrics += 1.0,
            "AWS::Scheduler::Schedule" => self.schedule(given, properties)?,
            "AWS::SecretsManager::Secret" => self.secrets += 1.0,
            "AWS::Serverless::Function" => refuse(properties, &PAID_OF_FUNCTIONS)?,
            "AWS::ApiGatewayV2::Stage" => refuse_anywhere(properties, "DetailedMetricsEnabled")?,
            _ if FREE.contains(&kind) => {}
            _ => bail!("{id} is of the kind {kind}: say in infra/bill what one costs while nobody uses it"),
        }
        Ok(())
    }

    /// An alarm is paid for by each metric that it looks at.
    fn alarm(&mut self, properties: &Value) -> Result<()> {
        let is_quick = |period: &Value| period.as_f64().map(|seconds| seconds < 60.0).context("Period");
        let mut one = |period: &Value| -> Result<()> {
            match is_quick(period)? {
                true => self.quick_alarms += 1.0,
                false => self.alarms += 1.0,
            }
            Ok(())
        };
        match properties["Metrics"].as_array() {
            None => one(&properties["Period"]),
            Some(metrics) => metrics
                .iter()
                .map(|metric| &metric["MetricStat"])
                .filter(|stat| !stat.is_null())
                .try_for_each(|stat| one(&stat["Period"])),
        }
    }

    /// A queue is polled all the time. The table's stream costs nothing to whom Lambda reads it for.
    fn source(&mut self, given: &Given, properties: &Value) -> Result<()> {
        refuse(properties, &["ProvisionedPollerConfig"])?;
        let source = properties["EventSourceArn"]["Fn::GetAtt"][0].as_str().context("EventSourceArn")?;
        let mut of_kind = given.templates.resources().filter(|(id, _)| *id == source);
        if of_kind.any(|(_, resource)| resource["Type"] == "AWS::SQS::Queue") {
            self.polled += 1.0;
        }
        Ok(())
    }

    fn schedule(&mut self, given: &Given, properties: &Value) -> Result<()> {
        let expression = properties["ScheduleExpression"].as_str().context("ScheduleExpression")?;
        let hours = hours_between(expression).with_context(|| format!("{expression} is not known here"))?;
        let runs = given.activity.aws.hours / hours;
        let function = properties["Target"]["Arn"]["Fn::GetAtt"][0].as_str().context("Target.Arn")?;
        self.runs += runs;
        self.gb_seconds += runs * given.templates.memory_gb(function)? * given.activity.idle.scheduled_ms / 1000.0;
        Ok(())
    }
}

/// Refuses members whose price is not computed here.
fn refuse(properties: &Value, members: &[&str]) -> Result<()> {
    for member in members {
        ensure!(properties[*member].is_null(), "{member} costs while idle: say in infra/bill how much");
    }
    Ok(())
}

/// Refuses a member that is switched on, however deep it is.
fn refuse_anywhere(value: &Value, member: &str) -> Result<()> {
    let is_off = |value: &Value| value.is_null() || *value == false || value["Enabled"] == false;
    match value {
        Value::Object(members) => {
            let found = members.get(member).unwrap_or(&Value::Null);
            ensure!(is_off(found), "{member} costs while idle: say in infra/bill how much");
            members.values().try_for_each(|value| refuse_anywhere(value, member))
        }
        Value::Array(values) => values.iter().try_for_each(|value| refuse_anywhere(value, member)),
        _ => Ok(()),
    }
}

/// The hours between two runs of a rate: `rate(1 hour)`.
fn hours_between(expression: &str) -> Option<f64> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let hours = match unit.trim_end_matches('s') {
        "minute" => 1.0 / 60.0,
        "hour" => 1.0,
        "day" => 24.0,
        _ => return None,
    };
    number.parse::<f64>().ok().filter(|number| *number > 0.0).map(|number| number * hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_how_long_it_is_between_two_runs() {
        assert_eq!(hours_between("rate(1 hour)"), Some(1.0));
        assert_eq!(hours_between("rate(2 days)"), Some(48.0));
        assert_eq!(hours_between("rate(30 minutes)"), Some(0.5));
        assert_eq!(hours_between("cron(0 12 * * ? *)"), None);
    }
}
