//! Records as they were, through HTTP.

use http::Method;
use kernel::Clock;
use serde_json::json;

use crate::app::App;
use crate::links::made;

/// The time now: everything before has happened by then, and nothing after.
pub(crate) async fn moment() -> String {
    let now = Clock::System.now();
    while Clock::System.now() == now {
        tokio::task::yield_now().await;
    }
    now.to_string()
}

#[tokio::test]
async fn a_contact_is_read_as_it_was_at_a_time() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let before = moment().await;
    let id = made(&me, "contacts", json!({ "first_name": "Ada", "city": "London" })).await;
    let path = format!("/v1/contacts/{id}");
    let first = (moment().await, me.get(&path).await.expect(200));
    me.patch(&path, json!({ "city": "Paris", "tags": ["vip"] })).await.expect(200);
    me.delete(&path).await.expect(200);
    let last = (moment().await, me.get(&path).await.expect(200));
    assert_eq!(me.get(&format!("{path}?as_of={before}")).await.refused(404), "not_found");
    for (at, expected) in [first, last] {
        let then = me.get(&format!("{path}?as_of={at}")).await;
        assert!(then.headers.get("etag").is_none(), "what it was cannot be written on");
        assert_eq!(then.expect(200), expected);
    }
    for (query, status) in [("as_of=yesterday", 422), ("as_of=", 422), ("asof=x", 422)] {
        assert_eq!(me.get(&format!("{path}?{query}")).await.status.as_u16(), status, "{query}");
    }
    let other = app.workspace("south").await;
    assert_eq!(other.get(&format!("{path}?as_of={before}")).await.refused(404), "not_found");
    me.send(Method::POST, &format!("{path}/erase"), &[], None).await.expect(204);
    assert_eq!(me.get(&format!("{path}?as_of={before}")).await.refused(404), "not_found");
}
