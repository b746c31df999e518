//! What a page of fifty costs at the table: the same in a workspace of a hundred times as many records.

use anyhow::{Result, ensure};

use crate::http::{Answer, Caller};
use crate::server::Server;
use crate::world::{Workspace, World};
use report::{Report, ms};

/// Lists that people look at.
const LISTS: [(&str, &str); 8] = [
    ("the newest", "/v1/contacts?limit=50"),
    ("by family name, counted", "/v1/contacts?limit=50&sort=last_name,-first_name&count=exact"),
    ("of one city", "/v1/contacts?limit=50&city=berlin"),
    ("by a custom field", "/v1/contacts?limit=50&custom.tier=gold&sort=-custom.score"),
    ("one step away", "/v1/contacts?limit=50&company.custom.segment=small&sort=company.name"),
    ("mine", "/v1/contacts?limit=50&owner_id=me&sort=-updated_at"),
    ("found by words", "/v1/contacts?limit=50&q=ma"),
    ("companies by a roll-up", "/v1/companies?limit=50&sort=-custom.spent"),
];

/// Asks every list of both workspaces twice, the first time to open the replica.
///
/// # Errors
/// When a list is refused.
pub(crate) fn measure(world: &World, server: &Server, report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut equal = true;
    let mut costs = Vec::new();
    for (what, path) in LISTS {
        let small = asked(&world.small, server, path)?;
        let large = asked(&world.large, server, path)?;
        let cost =
            |answer: &Answer| -> Result<[f64; 2]> { Ok([answer.timing("read_units")?, answer.timing("round_trips")?]) };
        let (at_small, at_large) = (cost(&small)?, cost(&large)?);
        equal &= at_small == at_large;
        costs.push(at_large);
        let shown = |[units, trips]: [f64; 2]| format!("{units} / {trips}");
        rows.push(vec![
            what.to_owned(),
            shown(at_small),
            shown(at_large),
            ms(small.timing("replica")?),
            ms(large.timing("replica")?),
        ]);
    }
    costs.dedup();
    let [units, trips] = costs.first().copied().unwrap_or_default();
    let measured = match (equal, costs.len()) {
        (true, 1) => format!("{units} read units, {trips} round trip in both, for every list"),
        (true, _) => format!("equal in both: {costs:?}"),
        (false, _) => "different: see below".to_owned(),
    };
    let sizes = (world.small.sizes.contacts, world.large.sizes.contacts);
    let what = format!("read units and round trips of a page of 50 at {} and at {} contacts", sizes.0, sizes.1);
    report.target(&what, "equal", measured, equal);
    let text = "Pages of 50 of the running binary, over HTTP, by an administrator; nothing has changed since the question before. \
                Read units of the table and round trips to it are what `Server-Timing` says.";
    let columns = ["contacts", "small: units / trips", "large: units / trips", "small: replica", "large: replica"];
    report.part("What a page costs", text, &columns, rows);
    Ok(())
}

fn asked(workspace: &Workspace, server: &Server, path: &str) -> Result<Answer> {
    let admin = Caller::new(&server.base, &workspace.admin);
    let first = admin.get(path)?;
    ensure!(first.len() > 0, "{path} answers nothing");
    admin.get(path)
}
