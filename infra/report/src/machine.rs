//! The machine that the figures are of.

use std::process::Command;

/// What is known of it.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its name.
    pub processor: String,
    /// How many.
    pub cores: usize,
    /// In GB.
    pub memory: String,
    /// Kernel and its version.
    pub system: String,
    /// The day.
    pub date: String,
    /// What was built.
    pub commit: String,
    /// By which compiler.
    pub rustc: String,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let member = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = member(&read("/proc/meminfo"), "MemTotal");
        let gigabytes = memory.and_then(|text| text.split(' ').next()?.parse::<f64>().ok()).map(|kb| kb / 1_048_576.0);
        Self {
            processor: member(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: gigabytes.map_or_else(|| "unknown".to_owned(), |gigabytes| format!("{gigabytes:.0} GB")),
            system: said("uname", &["-sr"]),
            date: jiff::Zoned::now().date().to_string(),
            commit: said("git", &["describe", "--always", "--dirty"]),
            rustc: said("rustc", &["--version"]),
        }
    }
}

/// How many processes wanted to run in the last minute: more than one's own, and the figures are worse than they could be.
#[must_use]
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    text.map_or_else(|| "unknown".to_owned(), |text| String::from_utf8_lossy(&text).trim().to_owned())
}
