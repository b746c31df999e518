//! What API keys have been used for: when last, and what this month's requests cost at list prices.

use kernel::Error;
use records::Cx;
use serde_json::{Value, json};
use table::UsageOf;

pub(crate) fn last_used_schema() -> Value {
    json!({
        "type": ["string", "null"],
        "format": "date-time",
        "description": "About when it was used last, within ten seconds; null if never, or more than a year ago.",
    })
}

/// An amount of money is in cents, which most keys never come to: millionths are told besides, and what they are made of.
pub(crate) fn cost_schema() -> Value {
    json!({
        "title": "CostThisMonth",
        "type": "object",
        "description": "What this month's requests cost at AWS's list prices, in UTC: requests, invocations, read and write units. \
                        An estimate, a little less than the bill: what functions compute and answers weigh is not in it.",
        "required": ["amount", "currency", "micros", "requests", "read_units", "write_units"],
        "properties": {
            "amount": { "type": "integer", "minimum": 0, "description": "Cents, rounded." },
            "currency": { "const": "USD" },
            "micros": { "type": "integer", "minimum": 0, "description": "Millionths of a dollar.", "examples": [1840] },
            "requests": { "type": "integer", "minimum": 0, "examples": [1200] },
            "read_units": { "type": "number", "minimum": 0, "examples": [1300.5] },
            "write_units": { "type": "number", "minimum": 0, "examples": [380] },
        },
    })
}

/// Adds to keys, as they are answered, what they have been used for. One round trip for all of them.
pub(crate) async fn add_to(cx: &Cx, keys: &mut [Value]) -> Result<(), Error> {
    let ids: Vec<String> = keys.iter().filter_map(|key| key["id"].as_str().map(str::to_owned)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let used = cx.table.usage_of(&ids, cx.clock.now()).await?;
    for key in keys {
        let usage = key["id"].as_str().and_then(|id| used.get(id)).cloned().unwrap_or_default();
        key["last_used_at"] = json!(usage.last_used_at);
        key["cost_this_month"] = cost(&usage);
    }
    Ok(())
}

fn cost(usage: &UsageOf) -> Value {
    const MICROS_OF_A_CENT: u64 = 10_000;
    let (month, micros) = (&usage.this_month, usage.this_month.cost_micros());
    json!({
        "amount": (micros + MICROS_OF_A_CENT / 2) / MICROS_OF_A_CENT,
        "currency": "USD",
        "micros": micros,
        "requests": month.requests,
        "read_units": month.read_units,
        "write_units": month.write_units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use table::Usage;

    #[test]
    fn a_cost_is_told_in_cents_and_in_what_it_is_made_of() {
        let this_month = Usage { requests: 10_000, read_units: 12_000.0, write_units: 4_000.5 };
        let told = cost(&UsageOf { last_used_at: None, this_month });
        assert_eq!((&told["micros"], &told["amount"]), (&json!(16_000), &json!(2)));
        assert_eq!(cost(&UsageOf::default())["amount"], 0);
    }
}
