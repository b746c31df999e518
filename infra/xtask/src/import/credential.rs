//! The API key: from a file, from standard input or from the environment, and never from an argument.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

/// The variable that may hold a key.
pub(super) const VARIABLE: &str = "RAPPORT_API_KEY";
/// Where `cargo dev` puts its administrator's key.
const LOCAL: &str = ".rapport/api-key";
/// No key is longer. It keeps a whole export from being read as one.
const MAX_BYTES: u64 = 1_000;

/// Finds the key: where the argument says, else in the variable, else, for an API of this machine, where `cargo dev` puts it.
///
/// # Errors
/// When there is none, or what is there is none. What was read is never repeated.
pub(super) fn find(
    said: Option<&str>,
    variable: Option<String>,
    input: &mut dyn Read,
    is_local: bool,
) -> anyhow::Result<String> {
    match (said, variable) {
        (Some("-"), _) => read(input).context("the key on standard input"),
        (Some(file), _) => {
            // Whoever types the key itself gets no message with it in it.
            let mistaken = file.starts_with("rk_") && !Path::new(file).exists();
            ensure!(!mistaken, "--key takes a file that has the key, not the key itself: others can see arguments");
            from_file(Path::new(file))
        }
        (None, Some(value)) if !value.trim().is_empty() => checked(&value).context(VARIABLE),
        (None, _) if is_local && Path::new(LOCAL).exists() => from_file(Path::new(LOCAL)),
        (None, _) => bail!("no API key: name its file with --key, or - for standard input, or set {VARIABLE}"),
    }
}

fn from_file(path: &Path) -> anyhow::Result<String> {
    let name = || format!("the key in {}", path.display());
    read(&mut std::fs::File::open(path).with_context(name)?).with_context(name)
}

fn read(from: &mut dyn Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(MAX_BYTES).read_to_string(&mut text)?;
    checked(&text)
}

fn checked(text: &str) -> anyhow::Result<String> {
    let key = text.trim();
    let is_key = key.starts_with("rk_") && key.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(is_key, "is no API key: those begin with rk_ and are one word");
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(said: Option<&str>, variable: Option<&str>, input: &str) -> anyhow::Result<String> {
        find(said, variable.map(str::to_owned), &mut input.as_bytes(), false)
    }

    #[test]
    fn a_key_comes_from_where_it_is_said_to_be() {
        assert_eq!(find_in(Some("-"), Some("rk_b"), "rk_a\n").unwrap(), "rk_a");
        assert_eq!(find_in(None, Some(" rk_b "), "").unwrap(), "rk_b");
        assert!(find_in(None, None, "rk_a").unwrap_err().to_string().contains(VARIABLE));
        assert!(find_in(Some("/nowhere/key"), Some("rk_b"), "").is_err());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for wrong in ["hunter2", "rk_a rk_b", "rk_ä"] {
            let error = format!("{:#}", find_in(Some("-"), None, wrong).unwrap_err());
            assert!(error.contains("no API key") && !error.contains(wrong), "{error}");
        }
        let typed = format!("{:#}", find_in(Some("rk_secret"), None, "").unwrap_err());
        assert!(typed.contains("not the key itself") && !typed.contains("rk_secret"), "{typed}");
    }
}
