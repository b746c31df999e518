//! The embedded stack in this process, with its own workers at rest: what an event asks for is left to the function that is measured,
//! and not done by the stack a moment before.

use std::path::Path;

use anyhow::{Context, Result};
use kernel::{Id, kinds};
use local::{Config, Stack};
use tokio::runtime::Runtime;

use crate::{server, world};

/// A stack that does nothing by itself.
pub(crate) struct Quiet {
    runtime: Runtime,
    stack: Stack,
    /// `http://127.0.0.1:49152`
    pub(crate) base: String,
    /// What functions in processes of their own need to know, as name and value.
    pub(crate) environment: Vec<(String, String)>,
}

impl Quiet {
    /// Starts it over a data directory.
    ///
    /// # Errors
    /// When the directory is in use.
    pub(crate) fn start(data: &Path) -> Result<Self> {
        let runtime = Runtime::new()?;
        let stack = runtime.block_on(Stack::start(&Config { background: false, ..Config::new(data) }))?;
        let base = stack.base_url().context("the stack has no port")?;
        Ok(Self { runtime, stack, base, environment: server::environment(data)? })
    }

    /// Where functions find the services.
    ///
    /// # Errors
    /// When it has no port.
    pub(crate) fn endpoint(&self) -> Result<String> {
        self.stack.aws_url().context("the stack has no port for AWS clients")
    }

    /// Lets what was written get into the journal, and into a snapshot.
    ///
    /// # Errors
    /// When the stack fails.
    pub(crate) fn settle(&self, workspace: Id<kinds::Workspace>) -> Result<()> {
        self.runtime.block_on(async {
            self.stack.drain().await?;
            world::snapshot(&self.stack, workspace).await
        })
    }

    /// Ends it.
    pub(crate) fn stop(self) {
        let Self { runtime, stack, .. } = self;
        runtime.block_on(stack.stop());
    }
}
