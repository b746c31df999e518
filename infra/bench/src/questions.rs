//! Questions other than lists.

use anyhow::Result;
use serde_json::json;

use crate::filters::encoded;
use crate::http::{Answer, Caller};
use crate::server::Server;
use crate::stats::Millis;
use crate::world::World;
use report::{Report, ms};

/// How often each is asked.
const TIMES: usize = 15;

/// Asks each several times, as an administrator and as somebody who sees their own contacts only.
///
/// # Errors
/// When one is refused.
pub(crate) fn measure(world: &World, server: &Server, report: &mut Report) -> Result<()> {
    let workspace = &world.large;
    let callers = [("administrator", &workspace.admin), ("own records only", &workspace.rep)]
        .map(|(who, secret)| (who, Caller::new(&server.base, secret)));
    let mut rows = Vec::new();
    for (what, ask) in questions() {
        for (who, caller) in &callers {
            let (mut replica, mut total) = (Millis::default(), Millis::default());
            for number in 0..TIMES {
                let answer = ask(caller, number)?;
                replica.add(answer.timing("replica")?);
                total.add(answer.millis);
            }
            let figures = [replica.median(), replica.max(), total.median()].map(ms);
            rows.push([vec![what.to_owned(), (*who).to_owned()], figures.into()].concat());
        }
    }
    let text = format!(
        "Each {TIMES} times over the large workspace, with words and values that differ. The answer's time is from the \
                        request to the last byte over the loopback."
    );
    let columns = ["question", "who", "replica, median", "slowest", "answer, median"];
    report.part("Other questions", &text, &columns, rows);
    Ok(())
}

/// A question, by the number of the time it is asked.
type Ask = fn(&Caller, usize) -> Result<Answer>;

/// Beginnings of words that people type.
const TYPED: [&str; 8] = ["m", "ma", "mari", "ber", "Алёна", "東", "weiströ", "person77"];
/// Fields that people count by.
const GROUPS: [&str; 4] = ["custom.tier", "city", "lifecycle_stage", "company.custom.segment"];

fn questions() -> Vec<(&'static str, Ask)> {
    vec![
        ("words in contacts, `q=`", |caller, number| {
            caller.get(&format!("/v1/contacts?limit=50&q={}", encoded(TYPED[number % TYPED.len()])))
        }),
        ("a filter tree over fields, custom ones and those of the company", |caller, number| {
            caller.post(
                "/v1/contacts/search",
                &json!({
                    "filter": { "and": [
                        { "field": "custom.score", "op": "gte", "value": number },
                        { "or": [
                            { "field": "custom.tier", "op": "in", "value": ["gold", "silver"] },
                            { "field": "company.custom.segment", "op": "eq", "value": "small" },
                        ] },
                        { "not": { "field": "city", "op": "starts_with", "value": "b" } },
                    ] },
                    "sort": ["-custom.spend", "last_name"], "limit": 50,
                }),
            )
        }),
        ("words in everything, `GET /v1/search`", |caller, number| {
            caller.get(&format!("/v1/search?q={}", encoded(TYPED[number % TYPED.len()])))
        }),
        ("contacts by two fields: how many, and the sum of a third", |caller, number| {
            let by = [GROUPS[number % GROUPS.len()], GROUPS[(number + 1) % GROUPS.len()]];
            let sum = json!({ "function": "sum", "field": "custom.spend" });
            caller.post("/v1/contacts/aggregate", &json!({ "group_by": by, "aggregates": ["count", sum] }))
        }),
        ("contacts made, month by month", |caller, _| {
            let month = json!({ "field": "created_at", "unit": "month" });
            caller.post("/v1/contacts/aggregate", &json!({ "group_by": [month] }))
        }),
        ("who may be the same as a new contact", |caller, number| {
            let (email, phone) = (format!("person{number}@mail.example"), format!("+49301{number:06}"));
            let draft = json!({ "first_name": "Grace", "last_name": "Marikoten", "email": email, "phone": phone });
            caller.post("/v1/contacts/duplicates", &draft)
        }),
        ("groups of contacts that may be the same", |caller, _| caller.get("/v1/contacts/duplicates?limit=20")),
    ]
}
