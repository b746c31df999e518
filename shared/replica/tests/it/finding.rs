//! Looking for something among all records: what is found in every script, and what comes first.

use replica::{Condition, Filter, Match, Op, Query, Replica, Search, Visibility};
use serde_json::{Value, json};

use crate::desk::{Desk, text};

fn searching(text: &str) -> Search {
    Search { text: text.to_owned(), objects: None, limit: 20, visibility: Visibility::all() }
}

/// What is found: the title of each and how well it matches.
fn found(replica: &Replica, wanted: &str) -> Vec<(String, Match)> {
    let hits = replica.search_here(&searching(wanted)).unwrap();
    let title = |document: &events::Document| {
        let names = ["name", "first_name", "last_name"].map(|name| document.get(name).map_or(String::new(), text));
        names.join(" ").trim().to_owned()
    };
    hits.hits.iter().map(|hit| (title(&hit.found.document), hit.matched)).collect()
}

fn names(replica: &Replica, wanted: &str) -> Vec<String> {
    found(replica, wanted).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn the_whole_title_or_an_exact_address_comes_first_then_the_title_then_the_rest() {
    let mut desk = Desk::new();
    desk.put("contact", json!({ "first_name": "Anna", "last_name": "Acme" }));
    desk.put("company", json!({ "name": "Acme" }));
    desk.put("company", json!({ "name": "Acme Labs", "domain": "labs.example.com" }));
    desk.put("contact", json!({ "last_name": "Bo", "email": "acme@example.com" }));
    desk.put("contact", json!({ "last_name": "Cy", "emails": [{ "email": "CY@acme.com" }], "phone": "+4930901820" }));
    desk.put("team", json!({ "name": "Acme" }));
    desk.put("company", json!({ "name": "Gone Acme", "archived_at": "2026-01-01T00:00:00.000Z" }));
    let replica = desk.open().await;
    let wanted = [
        ("Acme", Match::Exact),
        ("Acme", Match::Exact),
        ("Acme Labs", Match::Title),
        ("Anna Acme", Match::Title),
        ("Cy", Match::Other),
        ("Bo", Match::Other),
    ];
    assert_eq!(found(&replica, "ACME"), wanted.map(|(name, matched)| (name.to_owned(), matched)));
    let first = |wanted: &str| found(&replica, wanted).into_iter().next();
    assert_eq!(first("anna  acme"), Some(("Anna Acme".to_owned(), Match::Exact)), "blanks do not matter");
    assert_eq!(first("acme anna"), Some(("Anna Acme".to_owned(), Match::Title)));
    assert_eq!(first("cy@ACME.com"), Some(("Cy".to_owned(), Match::Exact)), "a further address is as good");
    assert_eq!(first("0049 30 90-18-20"), Some(("Cy".to_owned(), Match::Exact)));
    assert_eq!(first("https://www.labs.example.com/about"), Some(("Acme Labs".to_owned(), Match::Exact)));
    assert_eq!(first("labs.example"), Some(("Acme Labs".to_owned(), Match::Other)));
    assert!(names(&replica, "!!!").is_empty() && names(&replica, "acm nobody").is_empty());
}

#[tokio::test]
async fn equally_good_hits_are_told_apart_by_when_they_were_changed_and_bounded() {
    let mut desk = Desk::new();
    for number in 0..30 {
        desk.put(
            if number % 2 == 0 { "contact" } else { "company" },
            json!({ "name": format!("N{number}"), "last_name": "Ann" }),
        );
    }
    desk.put("company", json!({ "name": "Ann" }));
    let mut old = desk.record("company", desk.id("company"), &json!({ "name": "Ann" }));
    old.insert("updated_at".to_owned(), json!("2020-01-01T00:00:00.000Z"));
    desk.put_document(old);
    let replica = desk.open().await;
    let hits = replica.search_here(&Search { limit: 3, ..searching("ann") }).unwrap();
    let updated: Vec<&Value> = hits.hits.iter().map(|hit| &hit.found.document["updated_at"]).collect();
    assert!(hits.has_more);
    assert!(
        text(updated[0]).starts_with("2026") && updated.windows(2).all(|pair| text(pair[0]) >= text(pair[1])),
        "{updated:?}"
    );
    let all = replica.search_here(&searching("ann")).unwrap();
    assert!(!all.has_more, "there are 15 contacts and 2 companies");
    assert_eq!(all.hits.last().unwrap().found.document["updated_at"], json!("2020-01-01T00:00:00.000Z"));
    let contacts = Search { objects: Some(vec!["contact".to_owned()]), ..searching("ann") };
    assert_eq!(replica.search_here(&contacts).unwrap().hits.len(), 15);
}

/// Names as they stand in the workspace.
const NAMES: [&str; 9] = [
    "Пётр Ёлкин",
    "Jürgen Müller",
    "Anna Straße",
    "İpek İstanbul",
    "東京都株式会社",
    "ﾔﾏﾀﾞ ﾀﾛｳ",
    "Ｆｕｌｌ Ｗｉｄｔｈ",
    "Łukasz Żółć",
    "김철수",
];

/// How people write what they look for, and the place of the name that it finds; nine finds none.
const WRITTEN: [(&str, usize); 24] = [
    ("елкин", 0),
    ("ЁЛКИН петр", 0),
    ("Ё", 0),
    ("muller", 1),
    ("MÜLLER", 1),
    ("Mu\u{308}ller jür", 1),
    ("strasse", 2),
    ("STRASSE", 2),
    ("straß", 2),
    ("istanbul", 3),
    ("ISTANBUL", 3),
    ("ıstanbul", 3),
    ("I\u{307}stanbul", 3),
    ("東京都", 4),
    ("京都", 4),
    ("東京", 4),
    ("都", 4),
    ("ヤマダ", 5),
    ("ﾔﾏﾀﾞ", 5),
    ("山", 9),
    ("full width", 6),
    ("FULL", 6),
    ("lukasz zolc", 7),
    ("철수", 8),
];

#[tokio::test]
async fn names_are_found_however_they_are_written() {
    let mut desk = Desk::new();
    for name in NAMES {
        desk.put("company", json!({ "name": name }));
    }
    let replica = desk.open().await;
    for (wanted, place) in WRITTEN {
        let expected: Vec<&str> = NAMES.get(place).copied().into_iter().collect();
        assert_eq!(names(&replica, wanted), expected, "{wanted}");
        let list = Query { search: Some(wanted.to_owned()), ..Query::new("company") };
        assert_eq!(crate::desk::column(&replica.ask(&list).unwrap(), "name"), expected, "q={wanted}");
    }
    for nothing in ["mueller", "елкім", "東都", "カマダ", "アマ", "アンカラ"] {
        assert!(names(&replica, nothing).is_empty(), "{nothing}");
    }
    let contains = |wanted: &str| {
        let filter = Filter::Is(Condition::new("name", Op::Contains, wanted));
        crate::desk::column(&replica.ask(&Query { filter, ..Query::new("company") }).unwrap(), "name")
    };
    for (wanted, place) in
        [("ЛКИ", 0), ("ülle", 1), ("TRASS", 2), ("TANBU", 3), ("京都株", 4), ("ﾏﾀﾞ", 5), ("ULL W", 6), ("철수", 8)]
    {
        assert_eq!(contains(wanted), [NAMES[place]], "{wanted}");
    }
}

#[tokio::test]
async fn a_search_that_cannot_be_is_refused_and_no_text_is_syntax() {
    let mut desk = Desk::new();
    desk.put("contact", json!({ "last_name": "NEAR OR AND NOT", "first_name": "x" }));
    let replica = desk.open().await;
    let told = |search: Search| {
        let Err(kernel::Error::Invalid(violations)) = replica.search_here(&search) else { panic!("was not refused") };
        violations.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect::<Vec<_>>()
    };
    let objects = Some(vec!["contact".to_owned(), "contact'; --".to_owned()]);
    assert_eq!(
        told(Search { objects, limit: 0, ..searching("a") }),
        ["/limit out_of_range", "/objects/1 unknown_object"]
    );
    assert_eq!(told(searching(&"a".repeat(10_000_000))), ["/q too_long"]);
    assert_eq!(told(searching(&"a ".repeat(50))), ["/q too_long"]);
    for text in [
        "\"",
        "near(\"a\" b, 5)",
        "last_name:x",
        "{f_last_name} : x",
        "x* ^",
        "-x",
        "(",
        "x\u{0}y",
        "' OR 1=1",
        "💥",
        "\u{1f}",
    ] {
        assert!(replica.search_here(&searching(text)).is_ok(), "{text}");
    }
    assert_eq!(names(&replica, "NEAR OR").len(), 1);
}
