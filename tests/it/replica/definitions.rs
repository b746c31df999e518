//! Somebody who keeps changing the schema while everybody writes: fields come, go, come back and become something else, an
//! object of the company's own is made, given up and taken up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::dice::Dice;
use super::values::WORDS;
use super::world::World;

/// The objects whose fields change; the last one is the company's own.
const OBJECTS: [&str; 3] = ["contact", "company", "x_thing"];
/// How many fields an object comes to have at most.
const FIELDS: usize = 9;
/// Types that fields are made as and become.
const TYPES: [&str; 12] = [
    "text",
    "long_text",
    "number",
    "money",
    "date",
    "datetime",
    "boolean",
    "select",
    "multi_select",
    "tags",
    "email",
    "reference",
];

/// The one who changes definitions, at work.
#[derive(Debug)]
pub(crate) struct Definer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Definer {
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(define(world.clone(), stop.clone()));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
    }
}

/// What every run has, so that there is something to count and to add up from the start.
pub(crate) async fn define_first(world: &Arc<World>) {
    let number = json!({ "name": "score", "type": "number", "decimals": 2 });
    let formula = json!({ "name": "double", "type": "formula", "expression": "custom.score * 2" });
    let roll_up = |name: &str, function: &str| json!({ "name": name, "type": "roll_up", "object": "contact", "via": "company_id", "function": function });
    let mut sum = roll_up("total", "sum");
    sum["field"] = json!("custom.score");
    for (object, field) in
        [("contact", number), ("contact", formula), ("company", roll_up("people", "count")), ("company", sum)]
    {
        let (status, answer) = world.ask(Method::POST, &fields_of(object), field).await;
        assert_eq!(status, 201, "{answer:#}");
    }
}

fn fields_of(object: &str) -> String {
    format!("/v1/schema/objects/{object}/fields")
}

async fn define(world: Arc<World>, stop: Arc<AtomicBool>) {
    let dice = Dice::new(world.plan.seed, 900);
    let mut made = 0;
    while !stop.load(Ordering::SeqCst) && !world.is_over() {
        tokio::time::sleep(dice.millis(2500)).await;
        let (_, object) =
            world.ask(Method::GET, &format!("/v1/schema/objects/{}", dice.pick(&OBJECTS)), json!(null)).await;
        let (method, path, body) = match object["name"].as_str() {
            Some(name) => change(name, &object, &dice, &mut made),
            None => (Method::POST, "/v1/schema/objects".to_owned(), json!({ "name": "x_thing", "plural": "x_things" })),
        };
        let (status, answer) = world.ask(method.clone(), &path, body.clone()).await;
        match status {
            200..300 => world.count("changes of the schema", 1),
            // What others count on, what would have to be looked at while the journal is late.
            400..500 | 503 => world.count("changes of the schema refused", 1),
            _ => world.fail(format!("{method} {path} {body}: {status} {answer}")),
        }
    }
}

/// A change of an object or of one of its fields.
fn change(name: &str, object: &Value, dice: &Dice, made: &mut usize) -> (Method, String, Value) {
    let all = fields_of(name);
    let one = format!("/v1/schema/objects/{name}");
    if object["archived"] == true {
        return (Method::POST, format!("{one}/restore"), json!({}));
    }
    if name == "x_thing" && dice.percent(10) {
        return (Method::DELETE, one, json!({}));
    }
    if dice.percent(5) {
        return (Method::PATCH, one, json!({ "private": dice.percent(50) }));
    }
    let fields: Vec<&Value> = object["fields"].as_array().into_iter().flatten().collect();
    let own: Vec<&Value> = fields
        .into_iter()
        .filter(|field| field["path"].as_str().is_some_and(|path| path.starts_with("custom.")))
        .collect();
    if own.len() < FIELDS && (own.is_empty() || dice.percent(40)) {
        *made += 1;
        let mut field = of_type(dice.pick::<&str>(&TYPES), dice);
        field["name"] = json!(format!("f{made}"));
        field["searched"] = json!(field["type"] == "text" && dice.percent(50));
        return (Method::POST, all, field);
    }
    let field = *dice.pick(&own);
    let path = format!("{all}/{}", field["name"].as_str().unwrap_or_default());
    match (field["archived"] == true, dice.below(10)) {
        (true, _) => (Method::POST, format!("{path}/restore"), json!({})),
        (false, 0..3) => (Method::DELETE, path, json!({})),
        (false, 3..7) => (Method::PATCH, format!("{path}?accept_loss=true"), of_type(dice.pick::<&str>(&TYPES), dice)),
        (false, 7..9) if field["options"].is_array() => {
            (Method::PATCH, format!("{path}?accept_loss=true"), json!({ "options": words(dice) }))
        }
        (false, _) => (Method::PATCH, path, json!({ "label": format!("Label {}", dice.below(100)) })),
    }
}

/// A type with its settings.
fn of_type(kind: &str, dice: &Dice) -> Value {
    match kind {
        "select" | "multi_select" => json!({ "type": kind, "options": words(dice) }),
        "reference" => json!({ "type": kind, "object": dice.pick(&["company", "contact"]) }),
        "number" => json!({ "type": kind, "decimals": dice.below(4) }),
        kind => json!({ "type": kind }),
    }
}

fn words(dice: &Dice) -> Vec<&'static str> {
    let first = dice.below(WORDS.len());
    WORDS.iter().cycle().skip(first).take(1 + dice.below(WORDS.len())).copied().collect()
}
