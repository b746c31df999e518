//! Operations, each carried out once on records that nothing else was done to.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::crowd::{Crowd, contact};
use crate::line::{Line, Reply};

/// All of them.
pub(super) const OPERATIONS: [&str; 22] = [
    "list of 50",
    "list by a select field, sorted by another",
    "search",
    "search everything",
    "figures by two fields",
    "duplicates of one",
    "read a record",
    "history",
    "links",
    "timeline",
    "create",
    "update",
    "update the email",
    "upsert, known",
    "upsert, new",
    "archive",
    "restore",
    "batch of 20 creations",
    "link",
    "merge",
    "start a bulk edit of 100 by id",
    "start a bulk edit of 100 by filter",
];

/// What one took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Cost {
    pub(crate) trips: f64,
    pub(crate) read: f64,
    pub(crate) written: f64,
}

/// Numbers of contacts that are made besides the crowd begin here.
const BESIDE: usize = 10_000_000;

/// Carries one out. What it needs is made before, and is not counted.
pub(super) fn ask(crowd: &Crowd, name: &str, time: usize) -> Result<Cost> {
    let mut line = crowd.line()?;
    let reply = match name {
        "list of 50" => quiet(&mut line, "GET", "/v1/contacts?limit=50", "")?,
        "list by a select field, sorted by another" => {
            quiet(&mut line, "GET", "/v1/contacts?limit=50&lifecycle_stage=customer&sort=last_name", "")?
        }
        "search" => quiet(&mut line, "GET", "/v1/contacts?limit=50&q=Bak", "")?,
        "search everything" => quiet(&mut line, "GET", "/v1/search?q=Bak", "")?,
        "figures by two fields" => {
            let body = json!({ "group_by": ["city", "lifecycle_stage"], "aggregates": ["count"] });
            quiet(&mut line, "POST", "/v1/contacts/aggregate", &body.to_string())?
        }
        "duplicates of one" => {
            quiet(&mut line, "GET", &format!("/v1/contacts/{}/duplicates", of(crowd, time, 0)?), "")?
        }
        _ => on_one(crowd, &mut line, name, time)?,
    };
    Ok(Cost {
        trips: reply.timing("round_trips")?,
        read: reply.timing("read_units")?,
        written: reply.timing("write_units")?,
    })
}

/// What is asked of one record, or makes some.
fn on_one(crowd: &Crowd, line: &mut Line, name: &str, time: usize) -> Result<Reply> {
    let path = |id: &str| format!("/v1/contacts/{id}");
    match name {
        "read a record" => line.wanted("GET", &path(of(crowd, time, 0)?), ""),
        "history" | "links" | "timeline" => line.wanted("GET", &format!("{}/{name}", path(of(crowd, time, 0)?)), ""),
        "create" => line.wanted("POST", "/v1/contacts", &beside(crowd, time, 1).to_string()),
        "upsert, new" => {
            let body = beside(crowd, time, 2);
            let email = body["email"].as_str().context("email")?;
            line.wanted("PUT", &format!("/v1/contacts/by/email/{email}"), &body.to_string())
        }
        "upsert, known" => {
            let (made, mut body) = (made(crowd, line, time, 3)?, beside(crowd, time, 3));
            body["city"] = json!("Tours");
            let email = made["email"].as_str().context("email")?;
            line.wanted("PUT", &format!("/v1/contacts/by/email/{email}"), &body.to_string())
        }
        "batch of 20 creations" => {
            let operation = |number: usize| json!({ "op": "create", "data": beside(crowd, time, 100 + number) });
            let body = json!({ "operations": (0..20).map(operation).collect::<Vec<_>>() });
            line.wanted("POST", "/v1/contacts/batch", &body.to_string())
        }
        "start a bulk edit of 100 by id" => {
            let ids = crowd.ids.get(time * 100..time * 100 + 100).context("too few contacts")?;
            line.wanted("POST", "/v1/contacts/bulk", &json!({ "ids": ids, "change": { "language": "de" } }).to_string())
        }
        "start a bulk edit of 100 by filter" => {
            let body = json!({ "filter": { "field": "city", "op": "eq", "value": "Nowhere" }, "change": { "language": "fr" } });
            line.wanted("POST", "/v1/contacts/bulk", &body.to_string())
        }
        _ => changing(crowd, line, name, time),
    }
}

/// What changes a record that was made for it.
fn changing(crowd: &Crowd, line: &mut Line, name: &str, time: usize) -> Result<Reply> {
    let place = OPERATIONS.iter().position(|known| *known == name).unwrap_or_default();
    let made = made(crowd, line, time, 10 + place)?;
    let path = format!("/v1/contacts/{}", made["id"].as_str().context("id")?);
    let other = of(crowd, time, 500)?;
    match name {
        "update" => line.wanted("PATCH", &path, &json!({ "city": "Tours" }).to_string()),
        "update the email" => {
            let email = format!("moved.{}", made["email"].as_str().context("email")?);
            line.wanted("PATCH", &path, &json!({ "email": email }).to_string())
        }
        "archive" => line.wanted("DELETE", &path, ""),
        "restore" => {
            line.wanted("DELETE", &path, "")?;
            line.wanted("POST", &format!("{path}/restore"), "")
        }
        "link" => line.wanted("PUT", &format!("{path}/links/contact/{other}?label=knows"), "{}"),
        "merge" => {
            let second = self::made(crowd, line, time, 50)?;
            let body = json!({ "others": [second["id"]] });
            line.wanted("POST", &format!("{path}/merge"), &body.to_string())
        }
        _ => bail!("{name} is not an operation"),
    }
}

/// Asks twice and counts the second: the first answer pays for what others have written.
fn quiet(line: &mut Line, method: &str, target: &str, body: &str) -> Result<Reply> {
    line.wanted(method, target, body)?;
    line.wanted(method, target, body)
}

/// One of the crowd.
fn of(crowd: &Crowd, time: usize, from: usize) -> Result<&str> {
    crowd.ids.get(from + time * 17).map(String::as_str).context("too few contacts")
}

/// A contact that is not of the crowd: another one for each size, time and use.
fn beside(crowd: &Crowd, time: usize, of_use: usize) -> Value {
    contact(7, BESIDE + crowd.ids.len() * 100_000 + time * 1_000 + of_use)
}

fn made(crowd: &Crowd, line: &mut Line, time: usize, of_use: usize) -> Result<Value> {
    line.wanted("POST", "/v1/contacts", &beside(crowd, time, of_use).to_string())?.json()
}
