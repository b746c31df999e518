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
            commit: commit(),
            rustc: said("rustc", &["--version"]),
        }
    }
}

/// How many processes wanted to run in the last minute: more than one's own, and the figures are worse than they could be.
#[must_use]
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// What the processors together have done since the machine was started, in hundredths of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Processor {
    all: u64,
    /// What the machine wanted and its host gave to others: a virtual machine shares its cores with strangers.
    stolen: u64,
}

impl Processor {
    /// Until now; nothing where the system does not say.
    pub(crate) fn now() -> Self {
        Self::read(&std::fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
    }

    /// The line of all processors: user, nice, system, idle, waiting for disks, two kinds of interrupts, stolen. What follows is in
    /// the first two already.
    fn read(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let times: Vec<u64> = line.split_whitespace().take(8).map_while(|time| time.parse().ok()).collect();
        Some(Self { all: times.iter().sum(), stolen: *times.get(7)? })
    }

    /// The share that was stolen since an earlier moment; none when no time has passed.
    pub(crate) fn stolen_since(self, earlier: Self) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|all| *all > 0)?;
        Some(self.stolen.saturating_sub(earlier.stolen) as f64 / all as f64)
    }
}

/// The commit that is checked out, and whether anything is not as it is there but for what is written here.
fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let changes =
        ["status", "--porcelain", "--", ":/", ":(top,exclude)docs/PERFORMANCE.md", ":(top,exclude)infra/units.toml"];
    if said("git", &changes).is_empty() { commit } else { commit + ", changed" }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    text.map_or_else(|| "unknown".to_owned(), |text| String::from_utf8_lossy(&text).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_took_is_a_share_of_all_time_since_then() {
        let stat = |line: &str| Processor::read(&format!("{line}\ncpu0 9 9 9 9 9 9 9 9 9 9\nintr 5\n")).unwrap();
        let (before, after) = (stat("cpu  100 0 50 800 10 0 0 40 7 0"), stat("cpu  160 0 70 890 10 0 0 70 9 0"));
        assert_eq!(before.stolen_since(Processor::default()), Some(0.04));
        assert_eq!(after.stolen_since(before), Some(0.15));
        assert_eq!(before.stolen_since(before), None);
        assert_eq!(Processor::read("cpu 1 2 3\n"), None);
        assert_eq!(Processor::read("nothing"), None);
    }
}
