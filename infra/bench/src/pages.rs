//! Pages of any list: any field, sorted by any other, with an owner's restriction and without, the first page and deep ones.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::dice::Dice;
use crate::filters::{condition, encoded, orders, paths};
use crate::http::Caller;
use crate::plan::Plan;
use crate::server::Server;
use crate::stats::Millis;
use crate::world::{Sort, Workspace, World};
use report::{Report, ms};

/// How long a page may take in the replica, at the median.
const WANTED_MS: f64 = 20.0;
/// Pages of 200 that are turned before a deep page is asked for.
const DEEP: usize = 10;
/// How many of the slowest are told.
const TOLD: usize = 12;

/// One question, and who asks it.
struct Question {
    list: String,
    restricted: bool,
    deep: bool,
}

impl Question {
    fn group(&self) -> String {
        let who = if self.restricted { "own records only" } else { "administrator" };
        let page = if self.deep { "deep page" } else { "first page" };
        format!("{who}, {page}")
    }
}

/// Samples questions by the plan's seed.
///
/// # Errors
/// When one of them is refused.
pub(crate) fn measure(plan: &Plan, world: &World, server: &Server, report: &mut Report) -> Result<()> {
    let workspace = &world.large;
    let (admin, rep) = (Caller::new(&server.base, &workspace.admin), Caller::new(&server.base, &workspace.rep));
    let mut dice = Dice::new(plan.seed);
    let (mut all, mut groups, mut slowest) = (Millis::default(), BTreeMap::<String, Millis>::new(), Vec::new());
    for _ in 0..plan.pages {
        let question = question(workspace, &mut dice);
        let caller = if question.restricted { &rep } else { &admin };
        let (millis, found) = asked(caller, &question).with_context(|| question.list.clone())?;
        all.add(millis);
        groups.entry(question.group()).or_default().add(millis);
        slowest.push((millis, found, question));
    }
    let measured = format!(
        "median {}, 95 of 100 within {}, slowest {}, of {} pages",
        ms(all.median()),
        ms(all.percentile(95)),
        ms(all.max()),
        all.count()
    );
    let what = format!(
        "replica time of a page of 50 of {} contacts or {} companies by any field, sorted by any other, half of them by a \
         caller who sees their own contacts only",
        workspace.sizes.contacts, workspace.sizes.companies
    );
    report.target(&what, "under 20 ms at the median", measured, all.median() < WANTED_MS);
    let rows = groups.iter().map(|(group, millis)| {
        let figures = [50, 95, 100].map(|percent| ms(millis.percentile(percent)));
        [vec![group.clone(), millis.count().to_string()], figures.into()].concat()
    });
    let fields = [&workspace.contacts, &workspace.companies].map(|sort| paths(&sort.object).len());
    let text = format!(
        "Conditions on one of {} fields of contacts or {} of companies, custom ones, formulas, roll-ups and members of lists included, \
         with operators and values that some record meets, sorted by another field, of the record itself or of its company. A \
         deep page is the one after {} records, or the last. Time is that of the replica, as `Server-Timing` says.",
        fields[0],
        fields[1],
        DEEP * 200
    );
    report.part(
        "Pages of any list",
        &text,
        &["who and which", "pages", "median", "95 of 100", "slowest"],
        rows.collect(),
    );
    slowest.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let rows = slowest.iter().take(TOLD).map(|(millis, found, question)| {
        vec![format!("`{}`", question.list.replace('|', "%7C")), question.group(), found.to_string(), ms(*millis)]
    });
    let columns = ["list", "who and which", "records", "replica"];
    report.part("The slowest of them", "So that nobody is surprised.", &columns, rows.collect());
    Ok(())
}

fn question(workspace: &Workspace, dice: &mut Dice) -> Question {
    let contacts = dice.percent(70);
    let (plural, sort): (&str, &Sort) =
        if contacts { ("contacts", &workspace.contacts) } else { ("companies", &workspace.companies) };
    let sample = dice.pick(&sort.samples).clone();
    let path = dice.pick(&paths(&sort.object)).clone();
    let (name, value) = condition(&sort.object, &path, &sample, dice);
    let order = dice.pick(&orders(&sort.object)).clone();
    let minus = *dice.pick(&["", "-"]);
    let list = format!("/v1/{plural}?{name}={}&sort={minus}{order}", encoded(&value));
    Question { list, restricted: contacts && dice.percent(70), deep: dice.percent(40) }
}

/// The replica's time for a question's page, and how many records it has.
fn asked(caller: &Caller, question: &Question) -> Result<(f64, usize)> {
    let mut cursor = String::new();
    for _ in 0..if question.deep { DEEP } else { 0 } {
        let page = caller.get(&format!("{}&limit=200{cursor}", question.list))?;
        match page.next_cursor() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let page = caller.get(&format!("{}&limit=50{cursor}", question.list))?;
    Ok((page.timing("replica")?, page.len()))
}
