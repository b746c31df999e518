//! Duplicates: candidates for a draft, and the list of look-alikes.

use std::collections::BTreeSet;

use kernel::{AnyId, Position};
use records::{Fields, Schema};
use replica::{Candidate, Draft, LookAlikes, Reason, Replica, Visibility};
use serde_json::{Value, json};

use crate::desk::{Desk, text};

fn draft(object: &str, fields: Value) -> Draft {
    let description = Schema::built_in_object(object);
    let fields = Fields::parse(&description, fields.as_object().unwrap()).unwrap();
    Draft { object: object.to_owned(), fields, except: None, visibility: Visibility::all(), limit: 10 }
}

fn candidates(replica: &Replica, object: &str, fields: Value) -> Vec<(String, Vec<Reason>)> {
    let found = replica.duplicates_here(&draft(object, fields)).unwrap();
    let name = |candidate: &Candidate| {
        let document = &candidate.found.document;
        document.get("name").or_else(|| document.get("last_name")).map_or_else(String::new, text)
    };
    found.iter().map(|candidate| (name(candidate), candidate.reasons.clone())).collect()
}

#[tokio::test]
async fn contacts_are_alike_by_address_number_or_name_within_a_company() {
    let mut desk = Desk::new();
    let acme = desk.put("company", json!({ "name": "Acme" }));
    let apex = desk.put("company", json!({ "name": "Apex" }));
    let ada = json!({ "first_name": "Ada", "last_name": "Ёж", "email": "ada@example.com", "company_id": acme });
    desk.put("contact", ada);
    let emails = json!([{ "email": "Ada@EXAMPLE.com" }]);
    desk.put("contact", json!({ "last_name": "Further", "emails": emails, "phone": "+4930901820" }));
    let phones = json!([{ "phone": "+4930901820" }]);
    desk.put("contact", json!({ "last_name": "Phones", "phones": phones }));
    desk.put("contact", json!({ "first_name": "Ada", "last_name": "Еж", "company_id": apex }));
    desk.put(
        "contact",
        json!({ "last_name": "Gone", "email": "ada@example.com", "archived_at": "2026-01-01T00:00:00.000Z" }),
    );
    let replica = desk.open().await;
    let named = |found: &[(&str, &[Reason])]| {
        found.iter().map(|(name, reasons)| ((*name).to_owned(), reasons.to_vec())).collect::<Vec<_>>()
    };
    let by_email = candidates(&replica, "contact", json!({ "email": "ADA@example.com" }));
    assert_eq!(by_email, named(&[("Further", &[Reason::Email]), ("Ёж", &[Reason::Email])]));
    let both = json!({ "emails": [{ "email": "ada@example.com" }], "phones": [{ "phone": "+49 30 901820" }], "last_name": "X" });
    let wanted: [(&str, &[Reason]); 3] =
        [("Further", &[Reason::Email, Reason::Phone]), ("Ёж", &[Reason::Email]), ("Phones", &[Reason::Phone])];
    assert_eq!(candidates(&replica, "contact", both), named(&wanted));
    let same = json!({ "first_name": "ADA", "last_name": "еж", "company_id": acme });
    assert_eq!(candidates(&replica, "contact", same), named(&[("Ёж", &[Reason::NameAndCompany])]));
    assert!(candidates(&replica, "contact", json!({ "first_name": "Ada", "last_name": "Еж" })).is_empty());
    assert!(candidates(&replica, "contact", json!({ "email": "ada@example.co" })).is_empty());
    assert!(candidates(&replica, "contact", json!({ "last_name": "💥", "email": "x@example.com" })).is_empty());
}

#[tokio::test]
async fn namesakes_never_take_the_place_of_one_with_the_same_domain() {
    let mut desk = Desk::new();
    desk.put("company", json!({ "name": "Apex", "domain": "acme.com" }));
    desk.put("company", json!({ "name": "Atlas", "phone": "+4930901820" }));
    for _ in 0..2_001 {
        desk.put("company", json!({ "name": "Acme" }));
    }
    let replica = desk.open().await;
    let asked = json!({ "name": "Acme Inc", "domain": "acme.com", "phone": "+4930901820" });
    let found = candidates(&replica, "company", asked);
    let wanted = [("Atlas", Reason::Phone), ("Apex", Reason::Domain), ("Acme", Reason::Name)];
    assert_eq!(found[..3], wanted.map(|(name, reason)| (name.to_owned(), vec![reason])));
    assert_eq!(found.len(), 10);
}

#[tokio::test]
async fn companies_are_alike_by_domain_and_by_name_without_legal_forms() {
    let mut desk = Desk::new();
    let acme = desk.put("company", json!({ "name": "ACME Inc.", "domain": "acme.com" }));
    desk.put("company", json!({ "name": "Acme Tools GmbH" }));
    desk.put("company", json!({ "name": "ООО «Ромашка»" }));
    desk.put("company", json!({ "name": "山田株式会社" }));
    desk.put("company", json!({ "name": "Müller G.m.b.H. & Co. KG" }));
    let replica = desk.open().await;
    for (name, wanted) in [
        ("Acme", Some("ACME Inc.")),
        ("acme ltd", Some("ACME Inc.")),
        ("Acme Tools", Some("Acme Tools GmbH")),
        ("РОМАШКА", Some("ООО «Ромашка»")),
        ("株式会社山田", Some("山田株式会社")),
        ("muller AG", Some("Müller G.m.b.H. & Co. KG")),
        ("Acme Too", None),
        ("GmbH", None),
    ] {
        let found = candidates(&replica, "company", json!({ "name": name }));
        let wanted: Vec<_> = wanted.map(|name| (name.to_owned(), vec![Reason::Name])).into_iter().collect();
        assert_eq!(found, wanted, "{name}");
    }
    let both = json!({ "name": "Acme", "domain": "https://www.acme.com/" });
    assert_eq!(
        candidates(&replica, "company", both.clone()),
        [("ACME Inc.".to_owned(), vec![Reason::Domain, Reason::Name])]
    );
    let itself = Draft { except: Some(acme), ..draft("company", both) };
    assert!(replica.duplicates_here(&itself).unwrap().is_empty(), "nothing is a duplicate of itself");
}

async fn all_groups(replica: &Replica, object: &str, limit: u16) -> Vec<LookAlikes> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let visibility = Visibility::all();
        let page = replica
            .duplicate_groups(object, &visibility, limit, cursor.as_deref(), &Position::default())
            .await
            .unwrap();
        assert!(page.groups.len() <= usize::from(limit) && page.has_more == page.next_cursor.is_some());
        all.extend(page.groups);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return all,
        }
        assert!(all.len() < 100, "pages without an end");
    }
}

#[tokio::test]
async fn the_list_of_look_alikes_has_each_group_once_page_by_page() {
    let mut desk = Desk::new();
    let acme = desk.put("company", json!({ "name": "Acme" }));
    let mut put = |name: &str, email: &str, phone: &str| {
        let mut fields = json!({ "last_name": name, "company_id": acme });
        for (field, value) in [("email", email), ("phone", phone)] {
            if !value.is_empty() {
                fields[field] = json!(value);
            }
        }
        desk.put("contact", fields)
    };
    let one = put("A", "a@x.co", "+4930901820");
    let two = put("B", "a@x.co", "+4930901820");
    let three = put("B", "b@x.co", "");
    let four = put("D", "", "+4930901820");
    put("E", "e@x.co", "");
    let replica = desk.open().await;
    let ids = |group: &LookAlikes| -> BTreeSet<AnyId> {
        group.records.iter().map(|found| found.document["id"].as_str().unwrap().parse().unwrap()).collect()
    };
    let wanted = [
        (vec![Reason::Email], [one, two].into()),
        (vec![Reason::Phone], [one, two, four].into()),
        (vec![Reason::NameAndCompany], [two, three].into()),
    ];
    for limit in [1, 2, 50] {
        let groups = all_groups(&replica, "contact", limit).await;
        let found: Vec<_> = groups.iter().map(|group| (group.reasons.clone(), ids(group))).collect();
        assert_eq!(found, wanted, "{limit}");
    }
    assert!(all_groups(&replica, "company", 50).await.is_empty());
    let other = replica.duplicate_groups("company", &Visibility::all(), 5, Some("x"), &Position::default()).await;
    assert_eq!(other.unwrap_err().code(), "cursor_mismatch");
}

#[tokio::test]
async fn several_reasons_for_the_same_records_are_one_group_and_large_groups_are_cut() {
    let mut desk = Desk::new();
    for _ in 0..30 {
        desk.put("company", json!({ "name": "Acme Inc", "phone": "+4930901820" }));
    }
    let replica = desk.open().await;
    let groups = all_groups(&replica, "company", 5).await;
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].reasons.clone(), groups[0].count), (vec![Reason::Phone, Reason::Name], 30));
    assert_eq!(groups[0].records.len(), replica::MAX_MEMBERS);
}
