//! The Python tools, each in a virtual environment of its own, since their pins of botocore disagree.
//!
//! They live in `$RAPPORT_TOOLS_DIR`, or `rapport/tools` in the user's cache, and are used again while their versions match.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::child;

/// A tool from the Python package index, at the version that the proof was made with.
#[derive(Debug)]
pub(super) struct Tool {
    /// The folder's name.
    pub(super) name: &'static str,
    /// What pip is asked for, with spaces between.
    requirement: &'static str,
    /// The versions of all that it depends on: what `pip freeze` said in an environment that worked.
    constraints: &'static str,
}

/// The emulator. `full` brings the SAM transform.
pub(super) const MINISTACK: Tool = Tool {
    name: "ministack",
    requirement: "ministack[full]==1.5.33",
    constraints: include_str!("../../tools/ministack.txt"),
};
/// The deployer; its Python also has boto3, for the few questions to the emulator's control plane.
pub(super) const SAM: Tool = Tool {
    name: "aws-sam-cli",
    requirement: "aws-sam-cli==1.170.0",
    constraints: include_str!("../../tools/aws-sam-cli.txt"),
};
/// The linter of templates.
pub(super) const CFN_LINT: Tool =
    Tool { name: "cfn-lint", requirement: "cfn-lint==1.58.0", constraints: include_str!("../../tools/cfn-lint.txt") };
/// The builder for release and the watcher; the proof itself builds with cargo, to share what the tests have compiled.
pub(super) const CARGO_LAMBDA: Tool = Tool {
    name: "cargo-lambda",
    requirement: "cargo-lambda==1.9.2",
    constraints: include_str!("../../tools/cargo-lambda.txt"),
};

/// The asker of everything that an OpenAPI document allows, and of much that it does not.
pub(super) const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    requirement: "schemathesis==4.32.5",
    constraints: include_str!("../../tools/schemathesis.txt"),
};

/// An OpenID Connect client, in a web app of another framework.
pub(super) const AUTHLIB: Tool = Tool {
    name: "authlib",
    requirement: "authlib==1.9.6 flask==3.1.3 requests==2.34.2",
    constraints: include_str!("../../tools/authlib.txt"),
};

/// Every tool that the project uses.
pub(super) const ALL: &[&Tool] = &[&MINISTACK, &SAM, &CFN_LINT, &CARGO_LAMBDA, &SCHEMATHESIS, &AUTHLIB];

/// Written last, so that an environment whose making was interrupted is made again; it holds what was asked for.
const STAMP: &str = "rapport-requirement";

/// The tool's virtual environment, made when it is missing or of another version.
///
/// # Errors
/// When there is no Python 3 with `venv`, or pip cannot install the tool.
pub(super) fn folder(tool: &Tool) -> anyhow::Result<PathBuf> {
    let folder = home()?.join(tool.name);
    let stamp = folder.join(STAMP);
    let wanted = format!("{}\n{}", tool.requirement, tool.constraints);
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(folder);
    }
    crate::say(&format!("      making {} for {}", folder.display(), tool.requirement));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot replace {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut make = child::command("python3", Path::new("/"));
    make.args(["-m", "venv"]).arg(&folder);
    child::run(&mut make, Duration::from_secs(180)).context("python3 -m venv (Debian: package python3-venv)")?;
    let constraints = folder.join("constraints.txt");
    std::fs::write(&constraints, tool.constraints)?;
    let mut install = child::command(folder.join("bin/pip"), Path::new("/"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "--constraint"]);
    install.arg(&constraints).args(tool.requirement.split(' '));
    child::run(&mut install, Duration::from_secs(900)).with_context(|| format!("pip install {}", tool.requirement))?;
    std::fs::write(&stamp, wanted)?;
    Ok(folder)
}

/// A program of the tool.
///
/// # Errors
/// As [`folder`].
pub(super) fn program(tool: &Tool, name: &str) -> anyhow::Result<PathBuf> {
    Ok(folder(tool)?.join("bin").join(name))
}

fn home() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("RAPPORT_TOOLS_DIR") {
        return std::path::absolute(folder).context("RAPPORT_TOOLS_DIR");
    }
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    Ok(cache.context("neither RAPPORT_TOOLS_DIR, XDG_CACHE_HOME nor HOME is set")?.join("rapport/tools"))
}
