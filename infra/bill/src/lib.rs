//! What a month costs on AWS: idle, computed from the template, and with people at work, computed from what they are assumed to
//! do, what operations were measured to take, and the list prices.
//!
//! Four files at hand: the template with those nested in it, `prices.toml`, `activity.toml` and `units.toml`. A resource of a kind
//! that is not known here is an error: whoever adds one says what it costs while nobody uses it.
//!
//! 1. [`Prices`] and [`Activity`] are what the files say.
//! 2. [`idle()`] walks the template.
//! 3. [`month()`] adds what people do.

mod activity;
mod idle;
mod month;
mod prices;

pub use activity::{Activity, Units};
pub use idle::idle;
pub use month::month;
pub use prices::Prices;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What an idle month may cost, in US dollars.
pub const IDLE_TARGET: f64 = 1.75;

/// The disk that every function has at no price, in MB.
const FREE_DISK_MB: f64 = 512.0;

/// A month's bill.
#[derive(Debug, Clone, Default)]
pub struct Bill {
    /// What is paid for.
    pub lines: Vec<Line>,
}

/// One line of a bill.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is for.
    pub what: String,
    /// How much of it.
    pub quantity: f64,
    /// What that is counted in.
    pub unit: String,
    /// What it costs, in US dollars.
    pub usd: f64,
}

impl Bill {
    /// The sum, in US dollars.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.lines.iter().map(|line| line.usd).sum()
    }

    fn add(&mut self, prices: &Prices, price: &str, what: impl Into<String>, quantity: f64) -> Result<()> {
        let (usd, unit) = prices.of(price, quantity)?;
        self.lines.push(Line { what: what.into(), quantity, unit: unit.to_owned(), usd });
        Ok(())
    }
}

/// A template, and those nested in it.
#[derive(Debug, Clone)]
pub struct Templates {
    /// The outermost first.
    pub documents: Vec<Value>,
}

impl Templates {
    /// Reads a template and whatever its nested stacks name, relative to it.
    ///
    /// # Errors
    /// When a file is missing or not YAML.
    pub fn read(path: &Path) -> Result<Self> {
        let mut documents = Vec::new();
        let mut open = vec![path.to_path_buf()];
        while let Some(path) = open.pop() {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let document = cloudformation::read(&text).with_context(|| path.display().to_string())?;
            let folder = path.parent().context("a template lies in a folder")?;
            for (id, resource) in resources(&document) {
                if resource["Type"] == "AWS::CloudFormation::Stack" {
                    let nested = resource["Properties"]["TemplateURL"].as_str();
                    open.push(folder.join(nested.with_context(|| format!("TemplateURL of {id}"))?));
                }
            }
            documents.push(document);
        }
        Ok(Self { documents })
    }

    /// Every resource of every template, by logical id.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.documents.iter().flat_map(resources)
    }

    /// What a function has of memory, in GB.
    pub(crate) fn memory_gb(&self, function: &str) -> Result<f64> {
        let (_, found) = self.resources().find(|(id, _)| *id == function).with_context(|| format!("no {function}"))?;
        let own = found["Properties"]["MemorySize"].as_f64();
        let of_all = || self.documents.iter().find_map(|one| one["Globals"]["Function"]["MemorySize"].as_f64());
        Ok(own.or_else(of_all).with_context(|| format!("MemorySize of {function}"))? / 1024.0)
    }

    /// What a function has of disk beyond the 512 MB that cost nothing, in GB: those that have a replica have some.
    pub(crate) fn disk_gb(&self, function: &str) -> Result<f64> {
        let (_, found) = self.resources().find(|(id, _)| *id == function).with_context(|| format!("no {function}"))?;
        let own = found["Properties"]["EphemeralStorage"]["Size"].as_f64();
        let of_all =
            || self.documents.iter().find_map(|one| one["Globals"]["Function"]["EphemeralStorage"]["Size"].as_f64());
        Ok((own.or_else(of_all).unwrap_or(FREE_DISK_MB) - FREE_DISK_MB).max(0.0) / 1024.0)
    }
}

fn resources(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    document["Resources"].as_object().into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
}

/// Everything that bills are computed from.
#[derive(Debug, Clone)]
pub struct Given {
    /// `template.yaml` and those nested in it.
    pub templates: Templates,
    /// `infra/prices.toml`.
    pub prices: Prices,
    /// `infra/activity.toml` and `infra/units.toml`.
    pub activity: Activity,
}

impl Given {
    /// Reads the files of a work tree.
    ///
    /// # Errors
    /// When one is missing or says something that is not known here.
    pub fn read(root: &Path) -> Result<Self> {
        let text = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
        Ok(Self {
            templates: Templates::read(&root.join("template.yaml"))?,
            prices: Prices::parse(&text("infra/prices.toml")?)?,
            activity: Activity::parse(&text("infra/activity.toml")?, &text("infra/units.toml")?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given() -> Given {
        Given::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    /// An idle month of the template with something more in it.
    fn idle_with(id: &str, resource: Value) -> Result<f64> {
        let mut given = given();
        given.templates.documents[0]["Resources"][id] = resource;
        Ok(idle(&given)?.total())
    }

    #[test]
    fn an_idle_month_costs_no_more_than_was_promised() {
        let bill = idle(&given()).unwrap();
        assert!(bill.total() < IDLE_TARGET, "{:.2} USD: {bill:#?}", bill.total());
        assert!(bill.total() > 1.0, "something was overlooked: {bill:#?}");
    }

    #[test]
    fn alarms_too_many_are_noticed() {
        let mut given = given();
        let alarm = |period: u32| json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": { "Period": period } });
        let before = idle(&given).unwrap().total();
        let affordable = ((IDLE_TARGET - before) / 0.10).floor() as usize;
        for number in 0..affordable {
            given.templates.documents[1]["Resources"][format!("Alarm{number}")] = alarm(60);
        }
        assert!(idle(&given).unwrap().total() < IDLE_TARGET);
        given.templates.documents[1]["Resources"]["OneTooMany"] = alarm(60);
        assert!(idle(&given).unwrap().total() > IDLE_TARGET);
        assert!((idle_with("Quick", alarm(10)).unwrap() - before - 0.30).abs() < 1e-9);
    }

    #[test]
    fn an_alarm_is_paid_for_by_the_metrics_it_looks_at() {
        let before = idle(&given()).unwrap().total();
        let metric = |id: &str| json!({ "Id": id, "MetricStat": { "Period": 60 } });
        let share = json!({ "Id": "share", "Expression": "a / b" });
        let two =
            json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": [metric("a"), metric("b"), share] } });
        assert!((idle_with("Two", two).unwrap() - before - 0.20).abs() < 1e-9);
    }

    #[test]
    fn a_polled_queue_costs_what_its_empty_polls_cost() {
        let before = idle(&given()).unwrap().total();
        let mapping = json!({
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": { "EventSourceArn": { "Fn::GetAtt": ["JobsQueue", "Arn"] } },
        });
        // 5 pollers, 3 times a minute, 43,800 minutes, at 0.40 a million.
        assert!((idle_with("Third", mapping).unwrap() - before - 0.2628).abs() < 1e-9);
    }

    #[test]
    fn what_costs_while_nobody_uses_it_is_counted_or_refused() {
        let before = idle(&given()).unwrap().total();
        let key = json!({ "Type": "AWS::KMS::Key", "Properties": {} });
        assert!((idle_with("Key", key).unwrap() - before - 1.0).abs() < 1e-9);
        let unknown = json!({ "Type": "AWS::EC2::NatGateway", "Properties": {} });
        assert!(idle_with("Nat", unknown).is_err());
        let warm = json!({ "Type": "AWS::Serverless::Function", "Properties": { "ProvisionedConcurrencyConfig": {} } });
        assert!(idle_with("Warm", warm).is_err());
        let provisioned = json!({ "Type": "AWS::DynamoDB::Table", "Properties": { "BillingMode": "PROVISIONED" } });
        assert!(idle_with("Provisioned", provisioned).is_err());
        let pool = |plan: &str| json!({ "Type": "AWS::Cognito::UserPool", "Properties": { "UserPoolTier": plan } });
        assert!((idle_with("Pool", pool("LITE")).unwrap() - before).abs() < 1e-9);
        assert!(idle_with("Pool", pool("PLUS")).is_err());
    }

    #[test]
    fn a_user_pool_costs_by_the_people_in_it() {
        let people = |users: u32| {
            let lines = month(&given(), users).unwrap().lines;
            lines.into_iter().find(|line| line.what == "people in the user pool").unwrap().usd
        };
        assert_eq!(people(0), 0.0);
        assert!((people(500) - 2.75).abs() < 1e-9);
    }

    #[test]
    fn what_costs_is_found_wherever_a_template_can_say_it() {
        let mut given = given();
        given.templates.documents[0]["Globals"]["Function"]["ProvisionedConcurrencyConfig"] = json!({});
        assert!(idle(&given).is_err());
        let clock = json!({ "Clock": { "Type": "Schedule", "Properties": { "Schedule": "rate(1 minute)" } } });
        let function = json!({ "Type": "AWS::Serverless::Function", "Properties": { "Events": clock } });
        assert!(idle_with("Clocked", function).is_err());
        let stage = |settings: Value| json!({ "Type": "AWS::ApiGatewayV2::Stage", "Properties": settings });
        let (on, off) = (json!({ "DetailedMetricsEnabled": true }), json!({ "DetailedMetricsEnabled": false }));
        assert!(idle_with("Stage", stage(json!({ "DefaultRouteSettings": on }))).is_err());
        assert!(idle_with("Stage", stage(json!({ "RouteSettings": { "GET /v1/me": on } }))).is_err());
        assert!(idle_with("Stage", stage(json!({ "DefaultRouteSettings": off }))).is_ok());
        let table = |insights: Value| {
            let index = json!({ "IndexName": "due", "ContributorInsightsSpecification": insights });
            let properties = json!({ "BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": [index] });
            json!({ "Type": "AWS::DynamoDB::Table", "Properties": properties })
        };
        assert!(idle_with("Watched", table(json!({ "Enabled": true }))).is_err());
        assert!(idle_with("Unwatched", table(json!({ "Enabled": false }))).is_ok());
    }

    #[test]
    fn what_is_due_is_looked_for_in_every_shard() {
        let key = include_str!("../../../shared/table/src/key.rs");
        // Days that are to be sealed have a part of the index of their own.
        let said = format!("pub const DUE_SHARDS: u32 = {};", given().activity.idle.scheduled_looks - 1.0);
        assert!(key.contains(&said), "{said}");
        let looks =
            idle(&given()).unwrap().lines.into_iter().find(|line| line.what == "their looks at the table").unwrap();
        assert!((looks.quantity - 730.0 * 5.0 * 0.5).abs() < 1e-9, "{looks:?}");
    }

    /// Users see what their keys cost by prices that stand in the code.
    #[test]
    fn what_users_are_told_is_computed_from_these_prices() {
        let told = include_str!("../../../shared/table/src/prices.rs");
        let given = given();
        for (constant, price) in [
            ("API_REQUEST_MICROS", "api_request"),
            ("FUNCTION_REQUEST_MICROS", "function_request"),
            ("READ_UNIT_MICROS", "read_unit"),
            ("WRITE_UNIT_MICROS", "write_unit"),
        ] {
            let (micros, _) = given.prices.of(price, 1e6).unwrap();
            assert!(told.contains(&format!("const {constant}: f64 = {micros:?};")), "{constant} is {micros:?}");
        }
    }

    #[test]
    fn logs_of_the_gateway_disks_and_fetched_snapshots_are_paid_for() {
        let total = |given: &Given| month(given, 50).unwrap().total();
        let (all, mut without) = (given(), given());
        without.activity.aws.access_log_kb = 0.0;
        let month = month(&all, 50).unwrap();
        let requests = month.lines.iter().find(|line| line.what == "requests to the API").unwrap().quantity;
        let logs = requests * all.activity.aws.access_log_kb / 1e6 * (0.50 + 0.03);
        assert!(logs > 0.01 && (total(&all) - total(&without) - logs).abs() < 1e-9);
        let mut fetched = given();
        fetched.activity.aws.fetch_ms = 0.0;
        assert!(total(&fetched) < total(&all));
        let disks = |given: &Given| {
            let bill = super::month(given, 50).unwrap();
            bill.lines.into_iter().find(|line| line.what.starts_with("their disks")).unwrap().quantity
        };
        let mut small = given();
        for (_, resource) in small.templates.documents[0]["Resources"].as_object_mut().unwrap() {
            resource["Properties"]["EphemeralStorage"] = Value::Null;
        }
        assert!(disks(&all) > 0.0);
        assert_eq!(disks(&small), 0.0);
    }

    #[test]
    fn more_people_cost_more_and_less_each() {
        let given = given();
        let total = |users| month(&given, users).unwrap().total();
        assert!(total(0) - idle(&given).unwrap().total() < 0.5, "only the metric of its own is left");
        assert!(total(5) < total(50) && total(50) < total(500));
        assert!(total(500) / 500.0 < total(50) / 50.0 && total(50) / 50.0 < total(5) / 5.0);
    }

    #[test]
    fn every_price_says_where_it_is_from() {
        let given = given();
        let page = |name: &str| given.prices.page(name).unwrap_or_default().to_owned();
        for name in given.prices.names() {
            assert!(page(name).starts_with("https://aws.amazon.com/"), "{name}");
        }
        assert!(given.prices.of("nothing", 1.0).is_err());
    }
}
