//! Who may depend on whom.

use super::{Finding, House};
use crate::tidy::house::Member;

/// `shared/`, from the innermost crate outwards. A crate uses what stands left of it.
const SHARED: [&str; 10] =
    ["kernel", "tabular", "events", "cloud", "table", "auth", "records", "replica", "api", "runtime"];

/// Crates of `shared/` that stand beside the replica, so that a function that asks no questions does not link SQLite.
const BESIDE_THE_REPLICA: [&str; 2] = ["api", "runtime"];

/// Capabilities and the tier they stand in; they use those of lower tiers.
const CAPABILITIES: [(&str, u8); 21] = [
    // What moves data; nobody's library.
    ("authorizer", 3),
    ("journal", 3),
    ("relay", 3),
    ("snapshots", 3),
    ("scheduler", 3),
    ("identity", 1),
    ("schema", 1),
    ("contacts", 1),
    ("objects", 1),
    ("activities", 1),
    ("deals", 1),
    ("leads", 2),
    ("cases", 2),
    ("views", 2),
    ("reports", 2),
    ("jobs", 2),
    ("mail", 2),
    ("campaigns", 2),
    ("automation", 2),
    ("integrations", 2),
    ("privacy", 2),
];

/// Outside worlds and the crates that own them. A folder with a slash at its end stands for all crates in it.
const OWNED: [(&str, &[&str]); 6] = [
    ("aws-sdk-dynamodb", &["shared/table", "shared/testkit"]),
    ("aws-sdk-sqs", &["shared/cloud"]),
    ("aws-sdk-s3", &["shared/cloud"]),
    ("aws-sdk-ses", &["shared/cloud"]),
    ("rusqlite", &["shared/replica", "shared/testkit", "infra/local"]),
    ("axum", &["shared/api", "shared/runtime", "functions/", "infra/local", "tests"]),
];

/// What `kernel` must not link, by the beginning of the name.
const NOT_IN_KERNEL: [&str; 4] = ["tokio", "aws-", "axum", "hyper"];

const LEFT: &str = "dependencies in shared/ point left only";
const TIERS: &str = "a capability uses lower tiers only, so that no change of one ripples through its neighbours";
const OWNER: &str = "one crate owns each outside world";
const NO_SQLITE: &str = "a function that asks no questions does not link SQLite";

/// The tier of a capability, `None` when the architecture does not know it.
pub(crate) fn tier(name: &str) -> Option<u8> {
    CAPABILITIES.iter().find(|(known, _)| *known == name).map(|(_, tier)| *tier)
}

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &house.members {
        let mut tell = |name: &str, message: String, why| {
            let manifest = member.manifest();
            let line = house.files.get(&manifest).map_or(1, |text| line_of(text, name));
            findings.push(Finding::new(&manifest, line, message, why));
        };
        if let ("functions", None) = (area(member), tier(&member.name)) {
            let message =
                format!("`{}` has no tier: give it one in tidy's layers and in docs/ARCHITECTURE.md", member.name);
            tell("name", message, TIERS);
        }
        for dependency in &member.dependencies {
            if let Some((why, instead)) = forbidden(house, member, &dependency.name, dependency.dev) {
                tell(&dependency.name, format!("`{}` depends on `{}`; {instead}", member.name, dependency.name), why);
            }
        }
        if let Some(linked) = member.linked.iter().find(|name| *name == "libsqlite3-sys" || *name == "rusqlite")
            && !links_sqlite(member)
        {
            tell("replica", format!("`{}` links `{linked}` through its dependencies", member.name), NO_SQLITE);
        }
        if member.folder == "shared/kernel" {
            for name in member.linked.iter().filter(|name| NOT_IN_KERNEL.iter().any(|start| name.starts_with(start))) {
                tell(name, format!("`kernel` links `{name}`"), "kernel is pure: no runtime, no AWS, no HTTP server");
            }
        }
    }
    findings
}

/// The folder at the root that a member lies in.
fn area(member: &Member) -> &str {
    member.folder.split('/').next().unwrap_or_default()
}

/// Whether SQLite may be linked: by what asks questions, and by tests and tools, which do not run in Lambda.
fn links_sqlite(member: &Member) -> bool {
    let asks = member.dependencies.iter().any(|dependency| dependency.name == "replica" && !dependency.dev);
    match area(member) {
        "functions" => asks,
        "shared" => ["replica", "testkit"].contains(&member.name.as_str()),
        _ => true,
    }
}

/// Why a dependency is wrong, and what to do instead.
fn forbidden(house: &House, member: &Member, name: &str, dev: bool) -> Option<(&'static str, String)> {
    if let Some((_, owners)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return (!owns(member, owners, dev)).then(|| (OWNER, format!("only {} may", owners.join(", "))));
    }
    let other = house.members.iter().find(|other| other.name == name)?;
    match (area(member), area(other)) {
        ("infra" | "tests", _) => None,
        (_, "shared") if name == "testkit" => {
            (!dev).then(|| ("testkit is for tests and infra/local", "make it a dev-dependency".to_owned()))
        }
        ("shared", "shared") if member.name == "testkit" => None,
        ("shared", "shared") => points_right(&member.name, name).map(|instead| (LEFT, instead)),
        ("functions", "shared") => None,
        ("functions", "functions") => (tier(name)? >= tier(&member.name)?)
            .then(|| (TIERS, "both use a library below, or one reacts to the other's events".to_owned())),
        (from, to) => Some((LEFT, format!("nothing in {from}/ uses {to}/"))),
    }
}

/// Whether the member is an owner. Tests of the outermost tier may talk to an outside world directly.
fn owns(member: &Member, owners: &[&str], dev: bool) -> bool {
    let outermost = member.folder == "tests" || (dev && area(member) == "infra");
    outermost
        || owners.iter().any(|owner| match owner.strip_suffix('/') {
            Some(folder) => area(member) == folder,
            None => member.folder == *owner,
        })
}

fn points_right(from: &str, to: &str) -> Option<String> {
    let rank = |name: &str| SHARED.iter().position(|known| *known == name);
    let (Some(from_rank), Some(to_rank)) = (rank(from), rank(to)) else {
        return Some("give both a place in tidy's layers".to_owned());
    };
    let beside = BESIDE_THE_REPLICA.contains(&from) && to == "replica";
    (to_rank >= from_rank || beside).then(|| format!("the order is {}", SHARED.join(" <- ")))
}

/// Where a manifest names something first at the beginning of a line.
fn line_of(manifest: &str, name: &str) -> usize {
    let found = manifest
        .lines()
        .position(|line| line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '=', '.'])));
    found.map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(members: &[Member]) -> Vec<String> {
        let house = House { members: members.to_vec(), ..House::default() };
        check(&house).into_iter().map(|finding| finding.message).collect()
    }

    fn dev(folder: &str, name: &str) -> Member {
        let mut member = Member::of(folder, &[name]);
        member.dependencies[0].dev = true;
        member.linked.clear();
        member
    }

    #[test]
    fn shared_points_left() {
        let kernel = Member::of("shared/kernel", &[]);
        let api = Member::of("shared/api", &["kernel"]);
        assert!(findings(&[kernel, api.clone()]).is_empty());
        let wrong = findings(&[Member::of("shared/kernel", &["api"]), api]);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with("`kernel` depends on `api`"));
    }

    #[test]
    fn api_and_runtime_stand_beside_the_replica() {
        let replica = Member::of("shared/replica", &[]);
        for name in ["shared/api", "shared/runtime"] {
            assert_eq!(findings(&[replica.clone(), Member::of(name, &["replica"])]).len(), 1);
        }
    }

    #[test]
    fn capabilities_use_lower_tiers_only() {
        let contacts = Member::of("functions/contacts", &[]);
        let views = Member::of("functions/views", &["contacts"]);
        assert!(findings(&[contacts.clone(), views]).is_empty());
        assert_eq!(findings(&[contacts, Member::of("functions/deals", &["contacts"])]).len(), 1);
        let journal = Member::of("functions/journal", &[]);
        assert_eq!(findings(&[journal, Member::of("functions/views", &["journal"])]).len(), 1);
    }

    #[test]
    fn a_capability_unknown_to_the_architecture_is_told() {
        assert_eq!(findings(&[Member::of("functions/gadgets", &[])]).len(), 1);
    }

    #[test]
    fn nothing_shared_uses_a_capability() {
        let contacts = Member::of("functions/contacts", &[]);
        assert_eq!(findings(&[contacts, Member::of("shared/api", &["contacts"])]).len(), 1);
    }

    #[test]
    fn testkit_is_for_tests_and_the_embedded_stack() {
        let testkit = Member::of("shared/testkit", &[]);
        assert!(findings(&[testkit.clone(), dev("shared/table", "testkit")]).is_empty());
        assert!(findings(&[testkit.clone(), Member::of("infra/local", &["testkit"])]).is_empty());
        assert_eq!(findings(&[testkit, Member::of("functions/contacts", &["testkit"])]).len(), 1);
    }

    #[test]
    fn one_crate_owns_each_outside_world() {
        assert!(findings(&[Member::of("shared/table", &["aws-sdk-dynamodb"])]).is_empty());
        assert!(findings(&[Member::of("functions/contacts", &["axum"])]).is_empty());
        assert!(findings(&[dev("infra/local", "aws-sdk-sqs")]).is_empty());
        assert_eq!(findings(&[Member::of("functions/contacts", &["aws-sdk-sqs"])]).len(), 1);
        assert_eq!(findings(&[Member::of("shared/records", &["aws-sdk-dynamodb"])]).len(), 1);
        assert_eq!(findings(&[Member::of("shared/cloud", &["axum"])]).len(), 1);
    }

    #[test]
    fn only_what_asks_links_sqlite() {
        let replica = Member::of("shared/replica", &["rusqlite"]);
        let mut views = Member::of("functions/views", &["replica"]);
        views.linked.insert("libsqlite3-sys".to_owned());
        assert!(findings(&[replica.clone(), views.clone()]).is_empty());
        views.dependencies.clear();
        assert_eq!(findings(&[replica, views]).len(), 1);
    }

    #[test]
    fn kernel_is_pure() {
        assert_eq!(findings(&[Member::of("shared/kernel", &["tokio", "serde"])]), ["`kernel` links `tokio`"]);
    }

    #[test]
    fn a_finding_points_at_the_line() {
        assert_eq!(line_of("[dependencies]\naxum-core = 1\naxum = { workspace = true }\n", "axum"), 3);
        assert_eq!(line_of("[dependencies]\n", "axum"), 1);
    }
}
