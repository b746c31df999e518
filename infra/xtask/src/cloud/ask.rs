//! Questions to the emulator's control plane, by way of boto3, which `sam` brings along.
//!
//! One process answers all questions of a run: starting Python and loading boto3 takes longer than most answers.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::emulator::Emulator;
use super::{child, tools};

/// A question is a line: service, operation, arguments. So is an answer: what AWS said, or why not.
const PROGRAM: &str = "
import boto3, botocore.config, json, sys
config = botocore.config.Config(read_timeout=50, connect_timeout=5, retries={'total_max_attempts': 1})
text = lambda value: value.read().decode() if hasattr(value, 'read') else str(value)
clients = {}
for line in sys.stdin:
    service, operation, arguments = json.loads(line)
    try:
        if service not in clients:
            clients[service] = boto3.client(service, config=config)
        answer = getattr(clients[service], operation)(**arguments)
        answer.pop('ResponseMetadata', None)
        told = json.dumps({'answer': answer}, default=text)
    except Exception as error:
        told = json.dumps({'error': str(error)})
    print(told, flush=True)
";

/// More than boto3 waits for the emulator.
const LIMIT: Duration = Duration::from_secs(60);

/// Somebody who asks as the emulator's administrator; dropping it ends its process.
#[derive(Debug)]
pub(super) struct Asker {
    process: RefCell<Child>,
    questions: RefCell<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
    log: PathBuf,
}

impl Asker {
    /// Starts the process; it loads boto3 while other things happen.
    ///
    /// # Errors
    /// When it cannot start.
    pub(super) fn start(emulator: &Emulator, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("ask.log");
        let mut command = emulator.command(&tools::program(&tools::SAM, "python")?, folder);
        command.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut process = command.spawn().context("cannot start Python")?;
        let questions = process.stdin.take().context("no way to ask")?;
        let said = process.stdout.take().context("no way to hear")?;
        let (tell, answers) = channel();
        // Ends with the process, or when nobody listens any more.
        std::thread::spawn(move || BufReader::new(said).lines().try_for_each(|line| tell.send(line)));
        Ok(Self { process: RefCell::new(process), questions: RefCell::new(questions), answers, log })
    }

    /// The answer of one AWS API.
    ///
    /// # Errors
    /// With the API's own words, or when there is no answer within a minute.
    pub(super) fn ask(&self, service: &str, operation: &str, arguments: &Value) -> anyhow::Result<Value> {
        let told = self.exchange(&json!([service, operation, arguments]).to_string());
        let told = told.with_context(|| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            format!("{service} {operation}\n{}", child::tail(&log, 20))
        })?;
        let mut told: Value = serde_json::from_str(&told).with_context(|| format!("{service} {operation}: {told}"))?;
        if let Some(error) = told["error"].as_str() {
            bail!("{service} {operation}: {error}");
        }
        Ok(told["answer"].take())
    }

    fn exchange(&self, question: &str) -> anyhow::Result<String> {
        writeln!(self.questions.borrow_mut(), "{question}").context("the question does not get through")?;
        self.answers.recv_timeout(LIMIT).context("no answer")?.context("the answer cannot be read")
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let _ = child::end(&mut self.process.borrow_mut());
    }
}
