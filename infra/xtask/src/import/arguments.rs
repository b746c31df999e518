//! What the command is asked with.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};

/// Where `cargo dev` answers.
const HERE: &str = "http://localhost:4000";
/// The most files of one import: the API's own limit.
const MAX_FILES: usize = 10;
const MODES: [&str; 3] = ["upsert", "create", "update"];

/// The arguments, as they are said. No key is among them: whoever lists the processes of this machine sees arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// Whether only to tell what the command can do.
    pub(super) help: bool,
    pub(super) files: Vec<PathBuf>,
    /// The objects in the singular: one for all files, or one for each.
    pub(super) objects: Vec<String>,
    /// Where the API is, without a slash at the end and without `/v1`.
    pub(super) address: String,
    /// The file with the key, or `-` for standard input.
    pub(super) key: Option<String>,
    pub(super) mapping: Option<PathBuf>,
    pub(super) save_mapping: Option<PathBuf>,
    pub(super) new_fields: bool,
    /// Fields that records are found by: one list for all files, or one for each.
    pub(super) match_by: Vec<Vec<String>>,
    pub(super) source: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) skip_automations: bool,
    pub(super) dry_run: bool,
    pub(super) yes: bool,
    /// Where files with failed rows go.
    pub(super) errors: Option<PathBuf>,
    /// The job that is to be taken back.
    pub(super) undo: Option<String>,
}

impl Arguments {
    /// Reads what stands behind `cargo xtask import`.
    ///
    /// # Errors
    /// The first argument that is not as it should be.
    pub(super) fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut parsed = Self { address: HERE.to_owned(), ..Self::default() };
        let mut rest = arguments.iter();
        let mut only_files = false;
        while let Some(argument) = rest.next() {
            if only_files || !argument.starts_with("--") {
                ensure!(only_files || argument != "-h", "did you mean --help?");
                parsed.files.push(PathBuf::from(argument));
                continue;
            }
            let (name, given) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            if name == "--" {
                only_files = true;
            } else if let Some(switch) = parsed.switch(name) {
                ensure!(given.is_none(), "{name} takes no value");
                *switch = true;
            } else {
                let mut value = || given.clone().or_else(|| rest.next().cloned());
                parsed.set(name, &mut value)?;
            }
        }
        parsed.check()?;
        Ok(parsed)
    }

    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "--help" => &mut self.help,
            "--new-fields" => &mut self.new_fields,
            "--skip-automations" => &mut self.skip_automations,
            "--dry-run" => &mut self.dry_run,
            "--yes" => &mut self.yes,
            _ => return None,
        })
    }

    fn set(&mut self, name: &str, value: &mut dyn FnMut() -> Option<String>) -> anyhow::Result<()> {
        let mut value = || value().filter(|value| !value.is_empty()).with_context(|| format!("{name} needs a value"));
        match name {
            "--object" => self.objects.push(value()?),
            "--address" => self.address = address(&value()?)?,
            "--key" => self.key = Some(value()?),
            "--mapping" => self.mapping = Some(value()?.into()),
            "--save-mapping" => self.save_mapping = Some(value()?.into()),
            "--match-by" => self.match_by.push(value()?.split(',').map(|field| field.trim().to_owned()).collect()),
            "--source" => self.source = Some(value()?),
            "--mode" => self.mode = Some(value()?),
            "--errors" => self.errors = Some(value()?.into()),
            "--undo" => self.undo = Some(value()?),
            unknown => bail!("there is no option {unknown}"),
        }
        Ok(())
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.help {
            return Ok(());
        }
        if let Some(job) = &self.undo {
            let hex = job.strip_prefix("job_").unwrap_or_default();
            let is_id = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            ensure!(is_id, "--undo takes the id of a job, as `job_` and 32 hexadecimal digits");
            let (undo, address, key) = (self.undo.clone(), self.address.clone(), self.key.clone());
            let alone = Self { undo, address, key, yes: self.yes, ..Self::default() };
            ensure!(*self == alone, "--undo takes --address and --key besides, and nothing else");
            return Ok(());
        }
        ensure!(!self.files.is_empty(), "which files?");
        ensure!(self.files.len() <= MAX_FILES, "one import brings in at most {MAX_FILES} files");
        let fits = |count: usize| count <= 1 || count == self.files.len();
        ensure!(fits(self.objects.len()), "--object is said once for all files, or once for each in their order");
        ensure!(fits(self.match_by.len()), "--match-by is said once for all files, or once for each in their order");
        ensure!(self.match_by.iter().flatten().all(|field| !field.is_empty()), "--match-by names fields: email,domain");
        if let Some(mode) = &self.mode {
            ensure!(MODES.contains(&mode.as_str()), "--mode is {}", MODES.join(", "));
        }
        Ok(())
    }

    /// What was said for one file, or for all of them.
    pub(super) fn of_file<'a, T>(&self, said: &'a [T], file: usize) -> Option<&'a T> {
        if said.len() == 1 { said.first() } else { said.get(file) }
    }
}

/// The address of an API, as everything else is put behind it.
fn address(said: &str) -> anyhow::Result<String> {
    let said = said.trim_end_matches('/');
    let said = said.strip_suffix("/v1").unwrap_or(said).trim_end_matches('/');
    let uri: ureq::http::Uri = said.parse().context("--address is not an address")?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    ensure!(is_web && uri.query().is_none(), "--address is the address of an API, such as https://crm.example.com");
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    ensure!(!has_user, "--address has no user and no password: the API takes a key");
    Ok(said.to_owned())
}

/// Whether an address is of this machine.
pub(super) fn is_local(address: &str) -> bool {
    let Ok(uri) = address.parse::<ureq::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Arguments> {
        Arguments::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn refused(line: &str) -> String {
        parse(line).unwrap_err().to_string()
    }

    #[test]
    fn everything_that_can_be_said_is_understood() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let parsed = parse(
            "a.csv --object company --object=contact --address https://crm.example.com/v1/ --key - --mapping m.json \
             --new-fields --match-by domain --match-by email,external_id --source legacy --mode update --skip-automations \
             --dry-run --yes --save-mapping n.json --errors out -- --c.csv",
        );
        let expected = Arguments {
            help: false,
            files: vec!["a.csv".into(), "--c.csv".into()],
            objects: words(&["company", "contact"]),
            address: "https://crm.example.com".to_owned(),
            key: Some("-".to_owned()),
            mapping: Some("m.json".into()),
            save_mapping: Some("n.json".into()),
            new_fields: true,
            match_by: vec![words(&["domain"]), words(&["email", "external_id"])],
            source: Some("legacy".to_owned()),
            mode: Some("update".to_owned()),
            skip_automations: true,
            dry_run: true,
            yes: true,
            errors: Some("out".into()),
            undo: None,
        };
        assert_eq!(parsed.unwrap(), expected);
    }

    #[test]
    fn what_is_said_once_is_said_for_all_files() {
        let parsed = parse("a.csv b.csv --object contact").unwrap();
        assert_eq!(parsed.of_file(&parsed.objects, 1).unwrap(), "contact");
        assert_eq!(parsed.of_file(&parsed.match_by, 0), None);
        assert_eq!(parsed.address, HERE);
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_sent() {
        for (line, part) in [
            ("", "which files"),
            ("a.csv --fast", "--fast"),
            ("a.csv --object", "needs a value"),
            ("a.csv --yes=no", "takes no value"),
            ("a.csv b.csv c.csv --object company --object contact", "once for each"),
            ("a.csv --match-by id --match-by email", "once for each"),
            ("a.csv --mode replace", "upsert, create, update"),
            ("a.csv --match-by email,,id", "names fields"),
            ("a.csv --address localhost:4000", "https://"),
            ("a.csv --address https://ann:secret@crm.example.com", "no user"),
            ("a b c d e f g h i j k", "at most 10"),
            ("a.csv -h", "--help"),
            ("--undo 12", "job_"),
        ] {
            let said = refused(line);
            assert!(said.contains(part), "{line}: {said}");
        }
    }

    #[test]
    fn an_undo_is_of_a_job_and_of_nothing_else() {
        let job = format!("job_{}", "0a".repeat(16));
        assert_eq!(parse(&format!("--undo {job} --address http://[::1]:4000 --yes")).unwrap().undo, Some(job.clone()));
        assert!(refused(&format!("a.csv --undo {job}")).contains("nothing else"));
        assert!(refused(&format!("--undo {job} --dry-run")).contains("nothing else"));
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for local in ["http://localhost:4000", "http://127.0.0.1", "http://[::1]:8080"] {
            assert!(is_local(local), "{local}");
        }
        for other in ["http://localhost.example.com", "https://10.0.0.1", "http://127.0.0.1.example.com", "nonsense"] {
            assert!(!is_local(other), "{other}");
        }
    }
}
