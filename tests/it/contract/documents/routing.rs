//! The routes as the gateway and `cargo lambda watch` know them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use api::Operation;

use super::compare_between;
use crate::app::App;
use crate::contract::{capabilities, text};

const BEGIN: &str = "# routes: written by `cargo xtask openapi`";
const END: &str = "# routes: end";

/// Every operation with the capability that answers it, by path and method.
fn routed(app: &App) -> BTreeMap<(String, String), (Operation, &'static str)> {
    let all = capabilities(app)
        .into_iter()
        .flat_map(|capability| capability.operations.into_iter().map(move |operation| (operation, capability.name)));
    all.map(|(operation, name)| ((operation.path.clone(), operation.method.to_string()), (operation, name))).collect()
}

fn camel(words: &str) -> String {
    api::record_schema_name(words)
}

/// What the resources of routes are called that the template has already: CloudFormation makes a route anew when its name
/// changes, and refuses, since the old one is still there.
fn names() -> BTreeMap<String, String> {
    let template = text("template.yaml");
    let mut names = BTreeMap::new();
    let mut name = "";
    for line in template.lines() {
        if let Some(key) = line.strip_prefix("      RouteKey: ") {
            names.insert(key.to_owned(), name.to_owned());
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            name = line.trim().trim_end_matches(':');
        }
    }
    names
}

#[tokio::test]
async fn the_template_has_a_route_for_every_operation() {
    let app = App::start().await;
    let names = names();
    let mut resources = String::new();
    for ((path, method), (operation, capability)) in routed(&app) {
        let key = format!("{method} {path}");
        let name = names.get(&key).cloned().unwrap_or_else(|| camel(&operation.id) + "Route");
        writeln!(resources, "  {name}:\n    Type: AWS::ApiGatewayV2::Route\n    Properties:").unwrap();
        writeln!(resources, "      ApiId: !Ref HttpApi\n      RouteKey: {key}").unwrap();
        writeln!(resources, "      Target: !Sub integrations/${{{}Integration}}", camel(capability)).unwrap();
        if operation.public {
            writeln!(resources, "      AuthorizationType: NONE\n").unwrap();
        } else {
            writeln!(resources, "      AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Authorizer\n").unwrap();
        }
    }
    compare_between("template.yaml", BEGIN, &format!("  {END}"), &resources);
}

#[tokio::test]
async fn the_manifest_tells_cargo_lambda_every_route() {
    let app = App::start().await;
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((path, method), (_, capability)) in routed(&app) {
        paths.entry(path).or_default().push(format!("{{ method = \"{method}\", function = \"{capability}\" }}"));
    }
    let mut lines = String::new();
    for (path, routes) in paths {
        match routes.as_slice() {
            [only] => writeln!(lines, "\"{path}\" = [{only}]").unwrap(),
            several => writeln!(lines, "\"{path}\" = [\n    {},\n]", several.join(",\n    ")).unwrap(),
        }
    }
    compare_between("Cargo.toml", BEGIN, END, &lines);
}
