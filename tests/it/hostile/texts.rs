//! Bodies that are no bodies: not JSON, not text, not an object, too deep, too large, in another language; and SQL, the search
//! engine's language, control characters and marks that turn text around, wherever text is taken.

use http::Method;
use serde_json::{Value, json};

use super::case::Case;
use super::scene::Scene;

/// Text that means something to somebody else.
pub(super) const HOSTILE: [&str; 16] = [
    "' OR '1'='1",
    "'; DROP TABLE t_contact; --",
    "\" OR 1=1 --",
    "1) UNION SELECT doc FROM t_contact --",
    "city\" FROM t_contact; --",
    "x' AND randomblob(1000000000) --",
    "NEAR(ada lovelace, 5)",
    "first_name: ada* OR last_name: *",
    "\"unbalanced",
    "{first_name last_name} : ^ada",
    "* AND NOT",
    "ada\u{0}lovelace",
    "\u{202e}ecalevol",
    "\u{1f}a\u{1f}",
    "%' ESCAPE '\\",
    "${jndi:ldap://x}/{{7*7}}",
];

/// Bodies that cannot be read, with the status and the code of their refusal.
fn unreadable() -> Vec<(Vec<u8>, u16, &'static str)> {
    let deep = |open: &str, close: &str| format!("{{\"a\":{}{}}}", open.repeat(5000), close.repeat(5000)).into_bytes();
    vec![
        (b"{".to_vec(), 400, "bad_json"),
        (b"}".to_vec(), 400, "bad_json"),
        (b"{}{}".to_vec(), 400, "bad_json"),
        (b"{'first_name': 'Ada'}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": NaN}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": Infinity}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": 1e999}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": 0x10}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": \"a\tb\"}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": \"\\ud800\"}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": \"Ada\",}".to_vec(), 400, "bad_json"),
        (b"// Ada\n{}".to_vec(), 400, "bad_json"),
        (b"\xef\xbb\xbf{\"first_name\": \"Ada\"}".to_vec(), 400, "bad_json"),
        (vec![0xff, 0xfe, b'{', 0, b'}', 0], 400, "bad_json"),
        (b"{\"first_name\": \"\xc3\x28\"}".to_vec(), 400, "bad_json"),
        (b"{\"first_name\": \"\xed\xa0\x80\"}".to_vec(), 400, "bad_json"),
        (deep("[", "]"), 400, "too_deep"),
        (deep("{\"a\":", "}"), 400, "too_deep"),
        (format!("{{\"a\":{}", "[".repeat(200_000)).into_bytes(), 400, "too_deep"),
        (format!("{{\"a\":[{}0]}}", "0,".repeat(60_000)).into_bytes(), 400, "too_many_values"),
        (format!("{{\"a\":[{}", "{},".repeat(60_000)).into_bytes(), 400, "too_many_values"),
        (format!("{{\"{}\":[{}0]}}", "n".repeat(140_000), "0,".repeat(50_000)).into_bytes(), 400, "too_many_values"),
        (b"[]".to_vec(), 400, "not_an_object"),
        (b"null".to_vec(), 400, "not_an_object"),
        (b"true".to_vec(), 400, "not_an_object"),
        (b"7".to_vec(), 400, "not_an_object"),
        (b"\"first_name\"".to_vec(), 400, "not_an_object"),
        (vec![b' '; 300 * 1024], 413, "too_large"),
        (format!("{{\"description\":\"{}\"}}", "x".repeat(300 * 1024)).into_bytes(), 413, "too_large"),
    ]
}

/// Every route that takes a body.
fn routes(scene: &Scene) -> Vec<(Method, String)> {
    let Scene { contact, project, view, team, company, .. } = scene;
    [
        (Method::POST, "/v1/contacts".to_owned()),
        (Method::PATCH, format!("/v1/contacts/{contact}")),
        (Method::PUT, format!("/v1/contacts/by/email/{}", scene.email)),
        (Method::POST, "/v1/contacts/search".to_owned()),
        (Method::POST, "/v1/contacts/aggregate".to_owned()),
        (Method::POST, "/v1/contacts/duplicates".to_owned()),
        (Method::POST, "/v1/contacts/batch".to_owned()),
        (Method::POST, "/v1/contacts/bulk".to_owned()),
        (Method::POST, format!("/v1/contacts/{contact}/merge")),
        (Method::PUT, format!("/v1/contacts/{contact}/shares/{team}")),
        (Method::PATCH, format!("/v1/companies/{company}")),
        (Method::POST, "/v1/x_projects".to_owned()),
        (Method::PATCH, format!("/v1/x_projects/{project}")),
        (Method::POST, "/v1/views".to_owned()),
        (Method::PATCH, format!("/v1/views/{view}")),
        (Method::POST, "/v1/users".to_owned()),
        (Method::POST, "/v1/api_keys".to_owned()),
        (Method::PATCH, "/v1/workspace".to_owned()),
        (Method::POST, "/v1/schema/objects".to_owned()),
        (Method::PATCH, "/v1/schema/objects/contact".to_owned()),
        (Method::POST, "/v1/schema/objects/contact/fields".to_owned()),
        (Method::PATCH, "/v1/schema/objects/contact/fields/tier".to_owned()),
    ]
    .into()
}

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    let unreadable = unreadable();
    for (number, (method, path)) in routes(scene).into_iter().enumerate() {
        // Every body to the first route, some of them to every other one.
        let some = unreadable.iter().enumerate().filter(|(index, _)| number == 0 || (index + number) % 5 == 0);
        for (_, (body, status, code)) in some {
            let case = Case::new("a body that cannot be read", method.clone(), &path).bytes(body.clone());
            cases.push(case.refused(*status).code(code));
        }
        for media in
            ["application/x-www-form-urlencoded", "text/plain", "application/xml", "multipart/form-data; boundary=x"]
        {
            let case = Case::new("a body of another kind", method.clone(), &path).bytes(&b"first_name=Ada"[..]);
            cases.push(case.header("content-type", media).refused(415).code("unsupported_media_type"));
        }
    }
    cases.extend(twice(scene));
    cases.extend(in_names(scene));
    cases.extend(in_questions());
    cases
}

/// Members that are given twice: which of the two counts would be a guess.
fn twice(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    [
        (Method::POST, "/v1/contacts", "{\"first_name\":\"Ada\",\"first_name\":\"Eve\"}"),
        (Method::PATCH, one.as_str(), "{\"custom\":{\"tier\":\"gold\",\"tier\":\"silver\"}}"),
        (Method::PATCH, one.as_str(), "{\"custom\":{\"tier\":\"gold\"},\"custom\":{}}"),
        (Method::POST, "/v1/contacts/search", "{\"limit\":1,\"limit\":200}"),
    ]
    .into_iter()
    .map(|(method, path, body)| Case::new("a member given twice", method, path).bytes(body).refused_by(&[400, 422]))
    .collect()
}

/// Hostile text where names, ids and words of the API are expected.
fn in_names(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    let one = format!("/v1/contacts/{}", scene.contact);
    for text in HOSTILE {
        cases.push(Case::patch("text for a word", &one, json!({ "custom": { "tier": text } })).at("/custom/tier"));
        cases.push(Case::patch("text for a word", &one, json!({ "owner_id": text })).at("/owner_id"));
        cases.push(
            Case::post("text for a name", "/v1/schema/objects", json!({ "name": text, "plural": "x_others" }))
                .at("/name"),
        );
        let field = json!({ "name": text, "type": "text" });
        cases.push(Case::post("text for a name", "/v1/schema/objects/contact/fields", field).at("/name"));
        let formula = json!({ "name": "sum", "type": "formula", "expression": text });
        cases.push(Case::post("text for a formula", "/v1/schema/objects/contact/fields", formula).at("/expression"));
        let search = |body: Value| Case::post("text in a search", "/v1/contacts/search", body).refused(422);
        cases.push(search(json!({ "filter": { "field": text, "op": "eq", "value": 1 } })));
        cases.push(search(json!({ "filter": { "field": "city", "op": text, "value": "x" } })));
        cases.push(search(json!({ "sort": [text] })));
        cases.push(search(json!({ "filter": { "field": "custom.score", "op": "gt", "value": text } })));
        let figures = json!({ "group_by": [text], "aggregates": [{ "function": "sum", "field": text }] });
        cases.push(Case::post("text in figures", "/v1/contacts/aggregate", figures).refused(422));
        let batch = json!({ "operations": [{ "op": text, "id": scene.contact }] });
        cases.push(Case::post("text for an operation", "/v1/contacts/batch", batch).refused(422));
        let merge = json!({ "others": [text] });
        cases.push(Case::post("text for an id", format!("{one}/merge"), merge).refused(422));
    }
    cases
}

/// The same in query strings: names, orders, comparisons and values that are no text.
fn in_questions() -> Vec<Case> {
    let mut cases = Vec::new();
    for text in HOSTILE {
        let coded = encoded(text);
        for (query, status) in [
            (format!("{coded}=x"), 422),
            (format!("sort={coded}"), 422),
            (format!("sort=-{coded}"), 422),
            (format!("limit={coded}"), 422),
            (format!("archived={coded}"), 422),
            (format!("count={coded}"), 422),
            (format!("cursor={coded}"), 400),
            (format!("created_at.gte={coded}"), 422),
            (format!("owner_id={coded}"), 422),
            (format!("custom.score.lt={coded}"), 422),
            (format!("city.{coded}=x"), 422),
            (format!("custom.{coded}=x"), 422),
            (format!("company.{coded}=x"), 422),
            (format!("include={coded}"), 422),
        ] {
            cases.push(Case::get("text in a query", format!("/v1/contacts?{query}")).refused(status));
        }
    }
    cases
}

/// A text as part of a query string or a path.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
