//! What a run is to do, from the command line.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::world::Sizes;

/// What a run is to do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The records of the large workspace. The small one has a hundredth.
    pub(crate) sizes: Sizes,
    /// How many pages are sampled.
    pub(crate) pages: usize,
    /// How many cold starts.
    pub(crate) starts: usize,
    /// How many requests a warm function gets.
    pub(crate) requests: usize,
    /// How long each question is asked of the embedded stack, in seconds.
    pub(crate) seconds: usize,
    pub(crate) seed: u64,
    /// The page whose section is written.
    pub(crate) out: Option<PathBuf>,
    /// Whether a target that is missed is a failure.
    pub(crate) check: bool,
    /// Whether nobody has chosen another number than the usual ones.
    usual: bool,
}

/// Numbers that can be chosen, with what they are if nobody chooses. Each part takes them all: most of them mean the same in all.
const NUMBERS: [(&str, &str, &str); 7] = [
    ("contacts", "100000", "Contacts of the large workspace"),
    ("companies", "20000", "Companies of the large workspace"),
    ("pages", "600", "How many pages of lists are sampled"),
    ("starts", "21", "How many cold starts"),
    ("requests", "1000", "How many requests a warm function gets"),
    ("seconds", "10", "How long each question is asked of the embedded stack"),
    ("seed", "1", "What the records and the sample follow from"),
];

/// The command line.
pub(crate) fn command(parts: &[(&'static str, &'static str)]) -> Command {
    let mut command = Command::new("bench").about("What Rapport costs in time and units").subcommand_required(true);
    for (name, about) in parts {
        let mut part = Command::new(*name).about(*about);
        for (number, default, help) in NUMBERS {
            let argument = Arg::new(number).long(number).value_name("NUMBER").default_value(default);
            part = part.arg(argument.value_parser(value_parser!(usize)).help(help));
        }
        let out = Arg::new("out").long("out").value_name("FILE").value_parser(value_parser!(PathBuf));
        let check = Arg::new("check").long("check").action(ArgAction::SetTrue);
        part = part
            .arg(out.help("The page whose section is written, if all numbers are the usual ones; none if nobody says"))
            .arg(check.help("End with 1 when a target is missed"));
        command = command.subcommand(part);
    }
    command
}

impl Plan {
    /// What the arguments of a part say.
    pub(crate) fn of(arguments: &ArgMatches) -> Result<Self> {
        let is_usual = |(name, usual, _): &(&str, &str, &str)| {
            arguments.get_one::<usize>(name).is_some_and(|number| number.to_string() == *usual)
        };
        let number = |name: &str| arguments.get_one::<usize>(name).copied().with_context(|| name.to_owned());
        Ok(Self {
            sizes: Sizes { contacts: number("contacts")?, companies: number("companies")? },
            pages: number("pages")?,
            starts: number("starts")?,
            requests: number("requests")?,
            seconds: number("seconds")?,
            seed: number("seed")? as u64,
            out: arguments.get_one::<PathBuf>("out").cloned(),
            check: arguments.get_flag("check"),
            usual: NUMBERS.iter().all(is_usual),
        })
    }

    /// Whether what is measured is kept: it is to go somewhere, and is comparable with what stands there.
    pub(crate) const fn writes(&self) -> bool {
        self.out.is_some() && self.usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Plan {
        let words = [&["bench", "stack"], arguments].concat();
        let matches = command(&[("stack", "")]).try_get_matches_from(words).unwrap();
        Plan::of(matches.subcommand().unwrap().1).unwrap()
    }

    #[test]
    fn only_what_the_usual_numbers_give_is_kept() {
        assert!(plan(&["--out", "page.md"]).writes());
        assert!(plan(&["--out", "page.md", "--seconds", "10", "--check"]).writes());
        assert!(!plan(&["--out", "page.md", "--seconds", "1"]).writes());
        assert!(!plan(&["--out", "page.md", "--contacts", "200000"]).writes());
        assert!(!plan(&[]).writes());
    }
}
