//! One set of routes, in four places.

use std::collections::{BTreeMap, BTreeSet};

use local::Template;
use serde_json::Value;

use super::{capabilities, text};
use crate::app::App;

/// `METHOD /path`, and whose it is.
type Owners = BTreeMap<String, String>;

/// The first words of operation ids: a new one is a new word in every generated client.
const VERBS: [&str; 18] = [
    "aggregate",
    "archive",
    "batch",
    "create",
    "erase",
    "find",
    "link",
    "list",
    "merge",
    "preview",
    "read",
    "restore",
    "search",
    "share",
    "unlink",
    "unshare",
    "update",
    "upsert",
];
/// Those that ask a question too long for a query string: `POST`, and nothing is changed.
const QUESTIONS: [&str; 4] = ["aggregate", "find", "preview", "search"];
/// What makes something that is kept nowhere: an address.
const UNKEPT: [&str; 3] = ["create_upload", "create_sign_in", "create_workspace"];
/// Verbs that few nouns have.
const OWN_VERBS: [&str; 11] = [
    "bulk_edit_companies",
    "bulk_edit_contacts",
    "bulk_edit_custom_records",
    "cancel_job",
    "reassign_user",
    "remove_role",
    "revoke_api_key",
    "revoke_invitation",
    "rotate_api_key",
    "send_invitation",
    "undo_job",
];

fn owners(app: &App) -> Owners {
    let all = capabilities(app);
    let routes = all.iter().flat_map(|capability| {
        let route = |operation: &api::Operation| format!("{} {}", operation.method, operation.path);
        capability.operations.iter().map(move |operation| (route(operation), capability.name.to_owned()))
    });
    let routes: Vec<_> = routes.collect();
    let owners: Owners = routes.iter().cloned().collect();
    assert_eq!(owners.len(), routes.len(), "two capabilities answer the same route");
    owners
}

#[tokio::test]
async fn the_template_sends_every_route_to_the_capability_that_answers_it() {
    let app = App::start().await;
    let template = Template::of_this_build().unwrap();
    let routed: Owners = template
        .routes
        .iter()
        .map(|route| (format!("{} {}", route.method, route.path), template.functions[&route.function].artefact.clone()))
        .collect();
    assert_eq!(routed, owners(&app));
    for route in &template.routes {
        assert_eq!(template.functions[&route.function].entry, "http", "{route:?}");
    }
}

/// What every request takes, whatever it asks: its caller's quota, and an event if it is denied.
#[test]
fn every_function_that_answers_may_count_requests_and_note_who_is_denied() {
    let template = text("template.yaml");
    let role_of = |function: &str| -> Vec<String> {
        let name = function.trim_end_matches("Function");
        let lines = template.lines().skip_while(|line| *line != format!("  {name}Role:")).skip(1);
        let own = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
        own.map(|line| line.trim().trim_start_matches("- ").trim_start_matches("Action: ").to_owned()).collect()
    };
    let functions: BTreeSet<String> =
        Template::of_this_build().unwrap().routes.into_iter().map(|route| route.function).collect();
    for function in &functions {
        let role = role_of(function);
        for needed in ["Sid: CountRequests", "dynamodb:UpdateItem", "dynamodb:PutItem"] {
            assert!(role.iter().any(|line| line == needed), "the role of {function} has no {needed}: {role:#?}");
        }
    }
    assert!(functions.len() >= 7, "{functions:?}");
}

#[tokio::test]
async fn only_public_operations_are_answered_without_a_credential() {
    let app = App::start().await;
    let template = Template::of_this_build().unwrap();
    let open: BTreeSet<String> = template
        .routes
        .iter()
        .filter(|route| !route.authorized)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let public: BTreeSet<String> = capabilities(&app)
        .iter()
        .flat_map(|capability| &capability.operations)
        .filter(|operation| operation.public)
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert_eq!(open, public);
}

#[tokio::test]
async fn cargo_lambda_watch_knows_every_route() {
    let app = App::start().await;
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let router = &manifest["workspace"]["metadata"]["lambda"]["watch"]["router"];
    let mut watched = Owners::new();
    for (path, functions) in router.as_table().unwrap() {
        for entry in functions.as_array().unwrap() {
            let word = |name: &str| entry[name].as_str().unwrap().to_owned();
            watched.insert(format!("{} {path}", word("method")), word("function"));
        }
    }
    assert_eq!(watched, owners(&app));
}

#[tokio::test]
async fn the_openapi_document_has_every_route() {
    let app = App::start().await;
    let document: Value = serde_json::from_str(&text("docs/openapi.json")).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    assert_eq!(described, owners(&app).into_keys().collect());
}

#[tokio::test]
async fn operation_ids_are_a_verb_and_a_noun_and_nobody_shares_one() {
    let app = App::start().await;
    let mut seen = BTreeSet::new();
    for operation in capabilities(&app).iter().flat_map(|capability| &capability.operations) {
        let id = operation.id.as_str();
        assert!(seen.insert(id.to_owned()), "{id} is there twice");
        let (verb, noun) = id.split_once('_').unwrap_or_else(|| panic!("{id} has no noun"));
        assert!(VERBS.contains(&verb) || OWN_VERBS.contains(&id), "{id} begins with a new verb");
        assert!(!noun.is_empty() && id.chars().all(|char| char.is_ascii_lowercase() || char == '_'), "{id}");
        assert!(!operation.summary.is_empty() && !operation.summary.ends_with('.'), "{id}: {}", operation.summary);
        let asks = operation.method == "GET" || QUESTIONS.contains(&verb) || UNKEPT.contains(&id);
        assert_eq!(operation.writes, !asks, "{id}");
    }
}
