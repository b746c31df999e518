//! The stack in the emulator: deployed by `sam`, asked and deleted by way of its control plane.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::ask::Asker;
use super::emulator::Emulator;
use super::{artefacts, child, tools};

/// How many lines of each function's log a failure tells.
const LOGGED: usize = 8;

/// A stack by name, whether it is there or not.
#[derive(Debug, Clone)]
pub(super) struct Stack<'run> {
    root: &'run Path,
    folder: &'run Path,
    emulator: &'run Emulator,
    asker: &'run Asker,
    rapport: &'run Path,
    name: &'run str,
}

/// What the deployed stack says of itself.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    /// `127.0.0.1:<port>`.
    pub(super) address: String,
    /// The API's host name.
    pub(super) host: String,
    /// The table's name.
    pub(super) table: String,
    /// The ARN of the table's stream.
    pub(super) stream: String,
    /// The bucket's name.
    pub(super) bucket: String,
    /// The URL of the queue of the snapshots' worker.
    pub(super) snapshots: String,
    /// The URL of the queue of what stream consumers gave up.
    pub(super) failures: String,
    /// The URL of the queue of what the snapshots' worker gave up.
    pub(super) dead_letters: String,
    /// Who says who people are.
    pub(super) issuer: String,
    /// What that one calls the application that people sign in to.
    pub(super) client: String,
    /// The id of the user pool, where that is who says it.
    pool: Option<String>,
}

impl Outputs {
    /// The id of the user pool.
    ///
    /// # Errors
    /// When people sign in elsewhere.
    pub(super) fn pool(&self) -> anyhow::Result<&str> {
        self.pool.as_deref().context("the stack has no user pool")
    }
}

impl<'run> Stack<'run> {
    /// `rapport` is the binary that makes workspaces.
    pub(super) fn new(
        root: &'run Path,
        folder: &'run Path,
        (emulator, asker): (&'run Emulator, &'run Asker),
        rapport: &'run Path,
    ) -> Self {
        Self { root, folder, emulator, asker, rapport, name: "rapport" }
    }

    /// The folder of this run.
    pub(super) fn folder(&self) -> &Path {
        self.folder
    }

    /// The repository's root.
    pub(super) fn root(&self) -> &Path {
        self.root
    }

    /// Another stack from the same template in the same emulator.
    pub(super) fn named(&self, name: &'run str) -> Self {
        Self { name, ..self.clone() }
    }

    /// Its name, which is also part of its log groups' names.
    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// Creates or updates it from the unchanged template, with a sender of mails.
    ///
    /// # Errors
    /// With the end of what `sam deploy` wrote.
    pub(super) fn deploy(&self) -> anyhow::Result<Outputs> {
        self.deploy_from(self.root, &[])
    }

    /// Updates it with other parameters: the template, and those that are not named, stay.
    ///
    /// # Errors
    /// In CloudFormation's words, or when it is not updated within two minutes.
    pub(super) fn update(&self, changed: &[(&str, &str)]) -> anyhow::Result<Outputs> {
        let described = self.described()?;
        let names = described["Parameters"].as_array().context("the stack has no parameters")?.iter();
        let parameters: Vec<Value> = names
            .map(|parameter| &parameter["ParameterKey"])
            .map(|name| match changed.iter().find(|(changed, _)| name == changed) {
                Some((_, value)) => json!({"ParameterKey": name, "ParameterValue": value}),
                None => json!({"ParameterKey": name, "UsePreviousValue": true}),
            })
            .collect();
        let arguments = json!({
            "StackName": self.name, "UsePreviousTemplate": true, "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        });
        self.ask("cloudformation", "update_stack", &arguments)?;
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            match self.described()?["StackStatus"].as_str() {
                Some("UPDATE_COMPLETE") => return self.outputs(),
                Some(other) if other.ends_with("PROGRESS") && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(300));
                }
                other => bail!("the stack {} is {other:?}", self.name),
            }
        }
    }

    fn described(&self) -> anyhow::Result<Value> {
        let mut answer = self.ask("cloudformation", "describe_stacks", &json!({"StackName": self.name}))?;
        Ok(answer["Stacks"][0].take())
    }

    /// Creates it over the table and the user pool of a stack that is gone.
    ///
    /// # Errors
    /// As [`Stack::deploy`].
    pub(super) fn deploy_over(&self, gone: &Outputs) -> anyhow::Result<Outputs> {
        let parameters = [
            format!("ExistingTableName={}", gone.table),
            format!("ExistingTableStreamArn={}", gone.stream),
            format!("ExistingUserPoolId={}", gone.pool()?),
        ];
        self.deploy_from(self.root, &parameters)
    }

    /// Updates it from the template as `change` rewrites it, in a folder that otherwise looks like the repository.
    ///
    /// # Errors
    /// As [`Stack::deploy`].
    pub(super) fn deploy_changed(
        &self,
        change: impl FnOnce(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<Outputs> {
        let variant = self.folder.join("variant");
        std::fs::create_dir_all(&variant)?;
        for name in ["infra", "target"] {
            let link = variant.join(name);
            if !link.exists() {
                std::os::unix::fs::symlink(self.root.join(name), link)?;
            }
        }
        let template = std::fs::read_to_string(self.root.join("template.yaml"))?;
        std::fs::write(variant.join("template.yaml"), change(&template)?)?;
        self.deploy_from(&variant, &[])
    }

    fn deploy_from(&self, folder: &Path, parameters: &[String]) -> anyhow::Result<Outputs> {
        let sam = tools::program(&tools::SAM, "sam")?;
        let mut command = self.emulator.command(&sam, folder);
        command
            .args(["deploy", "--template-file", "template.yaml", "--stack-name", self.name])
            .args(["--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"])
            .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
            .arg("--parameter-overrides")
            .arg(format!("Architecture={}", artefacts::architecture()))
            .arg("MailFrom=rapport@example.com")
            .args(parameters);
        let written = child::run(&mut command, Duration::from_secs(300)).context("sam deploy")?;
        std::fs::write(self.log(), written)?;
        self.outputs()
    }

    fn log(&self) -> PathBuf {
        (1..)
            .map(|number| self.folder.join(format!("sam-deploy-{}-{number}.log", self.name)))
            .find(|path| !path.exists())
            .expect("the numbers do not end")
    }

    fn outputs(&self) -> anyhow::Result<Outputs> {
        let stack = self.described()?;
        let output = |key: &str| -> anyhow::Result<String> {
            let all = stack["Outputs"].as_array().context("the stack has no outputs")?;
            let found = all.iter().find(|output| output["OutputKey"] == key);
            let value = found.and_then(|output| output["OutputValue"].as_str());
            Ok(value.with_context(|| format!("the stack has no output {key}"))?.to_owned())
        };
        let url = output("ApiUrl")?;
        Ok(Outputs {
            address: self.emulator.address(),
            host: url.split_once("://").map_or(url.as_str(), |(_, host)| host).to_owned(),
            table: output("TableName")?,
            stream: output("TableStreamArn")?,
            bucket: output("BucketName")?,
            snapshots: output("SnapshotsQueueUrl")?,
            failures: output("StreamFailuresUrl")?,
            dead_letters: output("SnapshotsDeadLettersUrl")?,
            issuer: output("Issuer")?,
            client: output("ClientId")?,
            // Only where people sign in there.
            pool: output("UserPoolId").ok(),
        })
    }

    /// Deletes it and waits until it is gone.
    ///
    /// # Errors
    /// When that fails or takes longer than two minutes.
    pub(super) fn delete(&self) -> anyhow::Result<()> {
        self.ask("cloudformation", "delete_stack", &json!({"StackName": self.name}))?;
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let stacks = self.ask("cloudformation", "list_stacks", &json!({}))?;
            let all = stacks["StackSummaries"].as_array().context("no list of stacks")?;
            let status = all.iter().find(|stack| stack["StackName"] == self.name).map(|stack| &stack["StackStatus"]);
            match status.and_then(Value::as_str) {
                None | Some("DELETE_COMPLETE") => return Ok(()),
                Some("DELETE_IN_PROGRESS") if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(500))
                }
                Some(other) => bail!("the stack {} is {other}", self.name),
            }
        }
    }

    /// Makes a workspace in the deployed table, as an operator would, and gives its admin's API key.
    ///
    /// # Errors
    /// When the command fails or prints no key.
    pub(super) fn workspace(&self, outputs: &Outputs, name: &str) -> anyhow::Result<String> {
        self.workspace_of(outputs, name, "admin@example.com")
    }

    /// The same for an admin with an address of their own.
    ///
    /// # Errors
    /// As [`Stack::workspace`].
    pub(super) fn workspace_of(&self, outputs: &Outputs, name: &str, email: &str) -> anyhow::Result<String> {
        let mut command = self.emulator.command(self.rapport, self.root);
        command.args(["workspace", "create", "--table", &outputs.table, "--name", name, "--admin-email", email]);
        let written = child::run(&mut command, Duration::from_secs(60)).context("rapport workspace create")?;
        let word = written.split_whitespace().find(|word| word.starts_with("rk_"));
        Ok(word.with_context(|| format!("it printed no API key:\n{written}"))?.to_owned())
    }

    /// Whether the table is there and holds items of this record.
    ///
    /// # Errors
    /// When the table is gone.
    pub(super) fn holds(&self, outputs: &Outputs, record: &str) -> anyhow::Result<bool> {
        let answer = self.ask(
            "dynamodb",
            "scan",
            &json!({
                "TableName": outputs.table, "Select": "COUNT", "FilterExpression": "contains(pk, :record)",
                "ExpressionAttributeValues": {":record": {"S": record}},
            }),
        )?;
        Ok(answer["Count"].as_u64().is_some_and(|count| count > 0))
    }

    /// The last lines that each function logged, for somebody who wants to know why a step failed.
    pub(super) fn logged(&self, functions: &[String]) -> String {
        let mut told = String::new();
        for function in functions {
            let group = format!("/rapport/{}/{function}", self.name);
            // A function that was never called has no log, and a failed run may have no function.
            let Ok(events) = self.ask("logs", "filter_log_events", &json!({"logGroupName": group})) else { continue };
            let messages =
                events["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
            let own = |message: &&str| !["START ", "END ", "REPORT "].iter().any(|start| message.starts_with(start));
            let lines: Vec<&str> = messages.filter(own).collect();
            for line in &lines[lines.len().saturating_sub(LOGGED)..] {
                told.push_str(&format!("{function}: {}\n", line.trim_end()));
            }
        }
        told
    }

    /// Asks an AWS API of the emulator, as its administrator.
    ///
    /// # Errors
    /// With the API's own words.
    pub(super) fn ask(&self, service: &str, operation: &str, arguments: &Value) -> anyhow::Result<Value> {
        self.asker.ask(service, operation, arguments)
    }

    /// What AWS calls a resource of the template.
    ///
    /// # Errors
    /// When the stack has no such resource.
    pub(super) fn resource(&self, logical: &str) -> anyhow::Result<String> {
        let arguments = json!({"StackName": self.name, "LogicalResourceId": logical});
        let answer = self.ask("cloudformation", "describe_stack_resource", &arguments)?;
        let id = answer["StackResourceDetail"]["PhysicalResourceId"].as_str();
        Ok(id.with_context(|| format!("{logical} has no id: {answer}"))?.to_owned())
    }
}
