//! Labelled links on the real engine.

use kernel::{AnyId, Result};
use records::{Other, Written};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn link(bench: &Bench, from: AnyId, label: &str, kind: &str, to: AnyId) -> Result<Written> {
    let object = bench.object("contact").await;
    records::link(&bench.cx, &object, from, label, Other { object: kind, id: &to.to_string() }).await
}

async fn links(bench: &Bench, object: &str, id: AnyId) -> Vec<(String, String)> {
    let page = records::links(&bench.cx, &*bench.object(object).await, id, None, None, 200).await.unwrap();
    let text = |link: &events::Document, name: &str| link[name].as_str().unwrap().to_owned();
    page.links.iter().map(|link| (text(link, "label"), text(link, "title"))).collect()
}

#[tokio::test]
async fn a_link_is_under_both_records_and_so_is_its_event() {
    let bench = Bench::new();
    let ada = bench.create("contact", json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
    let acme = bench.create("company", json!({ "name": "Acme" })).await;
    assert_eq!(link(&bench, ada, "advises", "company", acme).await.unwrap().status, 201);
    assert_eq!(link(&bench, ada, "advises", "company", acme).await.unwrap().status, 200, "twice is once");
    assert_eq!(links(&bench, "contact", ada).await, [("advises".to_owned(), "Acme".to_owned())]);
    assert_eq!(links(&bench, "company", acme).await, [("advises".to_owned(), "Ada Lovelace".to_owned())]);
    assert_eq!(bench.events("contact", ada).await, ["contact.created", "contact.linked"]);
    assert_eq!(bench.events("company", acme).await, ["company.created", "company.linked"]);
    assert_eq!(bench.read("contact", ada).await["version"], 1, "a link makes no version");
}

#[tokio::test]
async fn a_link_is_the_same_from_the_other_side_and_goes_from_there_too() {
    let bench = Bench::new();
    let ada = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let acme = bench.create("company", json!({ "name": "Acme" })).await;
    link(&bench, ada, "advises", "company", acme).await.unwrap();
    let company = bench.object("company").await;
    let (id, object) = (ada.to_string(), "contact");
    let again = records::link(&bench.cx, &company, acme, "advises", Other { object, id: &id }).await.unwrap();
    assert_eq!((again.status, again.document.unwrap()["direction"].as_str()), (200, Some("in")));
    for _ in 0..2 {
        let gone = records::unlink(&bench.cx, &company, acme, "advises", Other { object, id: &id }).await.unwrap();
        assert_eq!(gone.status, 204);
    }
    assert!(links(&bench, "contact", ada).await.is_empty());
    let events = bench.events("contact", ada).await;
    assert_eq!(events, ["contact.created", "contact.linked", "contact.unlinked"], "nothing happened the second time");
}

#[tokio::test]
async fn what_is_in_the_trash_or_is_itself_is_not_linked() {
    let bench = Bench::new();
    let ada = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let acme = bench.create("company", json!({ "name": "Acme" })).await;
    assert_eq!(link(&bench, ada, "knows", "contact", ada).await.unwrap_err().code(), "invalid");
    assert_eq!(link(&bench, ada, "knows", "x_ghosts", acme).await.unwrap_err().code(), "not_found");
    assert_eq!(link(&bench, ada, "knows", "contact", acme).await.unwrap_err().code(), "not_found");
    records::archive(&bench.cx, &*bench.object("company").await, acme, None).await.unwrap();
    assert_eq!(link(&bench, ada, "knows", "company", acme).await.unwrap_err().code(), "archived");
    records::archive(&bench.cx, &*bench.object("contact").await, ada, None).await.unwrap();
    let bob = bench.create("contact", json!({ "first_name": "Bob" })).await;
    assert_eq!(link(&bench, ada, "knows", "contact", bob).await.unwrap_err().code(), "archived");
}

#[tokio::test]
async fn a_record_has_a_thousand_links_and_no_more() {
    let bench = Bench::new();
    let hub = bench.create("contact", json!({ "first_name": "Hub" })).await;
    let spoke = bench.create("contact", json!({ "first_name": "Spoke" })).await;
    let keys = bench.cx.table.keys();
    for chunk in 0..40 {
        let mut changes = table::Changes::new();
        for _ in 0..25 {
            let other = bench.cx.ids.next::<kernel::kinds::Company>().erase();
            let link = table::Link {
                from: table::End::new("contact", hub),
                to: table::End::new("company", other),
                label: format!("l{chunk}"),
                version: 0,
                created_at: bench.cx.clock.now(),
                created_by: bench.cx.caller.user,
                more: events::Document::new(),
            };
            changes.link(keys, &link).unwrap();
        }
        bench.cx.commit(&changes).await.unwrap();
    }
    let refused = link(&bench, hub, "one_more", "contact", spoke).await.unwrap_err();
    assert!(format!("{refused:?}").contains("too_many_links"), "{refused:?}");
    let refused = link(&bench, spoke, "one_more", "contact", hub).await.unwrap_err();
    assert!(format!("{refused:?}").contains("too_many_links"), "from the other side as well: {refused:?}");
}

#[tokio::test]
async fn links_come_in_pages_and_a_cursor_of_another_list_is_refused() {
    let bench = Bench::new();
    let ada = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let other = bench.create("company", json!({ "name": format!("Company {number}") })).await;
        let label = if number < 3 { "advises" } else { "owns" };
        link(&bench, ada, label, "company", other).await.unwrap();
        expected.push((label.to_owned(), format!("Company {number}")));
    }
    let contact = bench.object("contact").await;
    let (mut found, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
    loop {
        let page = records::links(&bench.cx, &contact, ada, None, cursor.as_deref(), 2).await.unwrap();
        assert!(page.links.len() <= 2);
        found.extend(page.links.into_iter().map(|link| json!([link["label"], link["title"]])));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(json!(found), json!(expected));
    let owned = records::links(&bench.cx, &contact, ada, Some("owns"), None, 1).await.unwrap();
    let next = owned.next.unwrap();
    assert_eq!(records::links(&bench.cx, &contact, ada, Some("owns"), Some(&next), 5).await.unwrap().links.len(), 1);
    for (label, cursor) in [(Some("advises"), next.as_str()), (None, "x"), (None, "owns.con_1"), (None, "#.#")] {
        let refused = records::links(&bench.cx, &contact, ada, label, Some(cursor), 5).await;
        assert_eq!(refused.unwrap_err().code(), "cursor_mismatch", "{cursor}");
    }
}

#[tokio::test]
async fn what_is_linked_while_it_is_erased_leaves_no_link_behind() {
    let bench = Bench::new();
    let (contact, company) = (bench.object("contact").await, bench.object("company").await);
    let mut outcomes = Vec::new();
    for _ in 0..10 {
        let ada = bench.create("contact", json!({ "first_name": "Ada" })).await;
        let acme = bench.create("company", json!({ "name": "Acme" })).await;
        let id = acme.to_string();
        let (linked, erased) = tokio::join!(
            records::link(&bench.cx, &contact, ada, "owns", Other { object: "company", id: &id }),
            records::erase(&bench.cx, &company, acme, None),
        );
        assert_eq!(erased.unwrap().status, 204);
        outcomes.push(linked.is_ok());
        let keys = bench.cx.table.keys();
        for (object, id) in [("contact", ada), ("company", acme)] {
            let record = keys.record(object, id);
            let left = bench.cx.table.children(&record, &keys.links_prefix(None), None, 10, false).await.unwrap();
            assert_eq!(left.documents, [], "{outcomes:?}");
        }
    }
}
