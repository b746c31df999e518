//! Records of private objects: who sees them, who changes them, and what everybody else is told.

use kernel::{AnyId, Result};
use records::{Batch, Cx, Other};
use serde_json::json;
use table::Level;

use crate::bench::{Bench, map};

/// A workspace in which contacts are private, with one of somebody's.
struct Private {
    bench: Bench,
    owner: Cx,
    other: Cx,
    team: AnyId,
    id: AnyId,
}

impl Private {
    async fn new() -> Self {
        let bench = Bench::new();
        bench.define(json!({ "object": "contact", "private": true })).await;
        let team = bench.create("team", json!({ "name": "Sales" })).await;
        let owner = bench.user("olga", None).await;
        let other = bench.user("otto", Some(team)).await;
        let object = bench.object("contact").await;
        let input = map(json!({ "first_name": "Ada", "email": "ada@example.com" }));
        let id = records::create(&owner, &object, bench.cx.ids.next_of(object.prefix), &input).await.unwrap().id;
        Self { bench, owner, other, team, id }
    }

    async fn share(&self, subject: &str, level: Level) {
        records::share(&self.owner, &*self.bench.object("contact").await, self.id, subject, level).await.unwrap();
    }

    async fn unshare(&self, subject: &str) {
        records::unshare(&self.owner, &*self.bench.object("contact").await, self.id, subject).await.unwrap();
    }

    /// What comes of every way to look at the record, by name.
    async fn reads(&self, cx: &Cx) -> Vec<(&'static str, String)> {
        let object = &*self.bench.object("contact").await;
        let now = cx.clock.now();
        let code =
            |name, outcome: Result<()>| (name, outcome.map_or_else(|e| e.code().to_owned(), |()| "ok".to_owned()));
        let body = map(json!({ "operations": [{ "op": "read", "id": self.id }] }));
        let batch = Batch::parse(&body, &cx.ids).unwrap();
        let batched = records::batch(cx, &self.bench.object("contact").await, &batch).await.unwrap().remove(0).outcome;
        vec![
            code("load", records::load(cx, object, self.id).await.map(drop)),
            code("history", records::history(cx, object, self.id, 10, None).await.map(drop)),
            code("as of", records::as_of(cx, object, self.id, now).await.map(drop)),
            code("links", records::links(cx, object, self.id, None, None, 10).await.map(drop)),
            code("shares", records::shares(cx, object, self.id).await.map(drop)),
            code("batch", batched.map(drop)),
        ]
    }

    /// The same of every way to write it. None of them changes anything for good.
    async fn writes(&self, cx: &Cx) -> Vec<(&'static str, String)> {
        let bench = &self.bench;
        let object = &*bench.object("contact").await;
        let cx = &Cx { dry_run: true, ..cx.clone() };
        let team = self.team.to_string();
        let team = Other { object: "team", id: &team };
        let patch = map(json!({ "city": "Berlin" }));
        let code =
            |name, outcome: Result<()>| (name, outcome.map_or_else(|e| e.code().to_owned(), |()| "ok".to_owned()));
        let body = map(json!({ "operations": [{ "op": "update", "id": self.id, "data": patch }] }));
        let batch = Batch::parse(&body, &cx.ids).unwrap();
        let batched = records::batch(cx, &bench.object("contact").await, &batch).await.unwrap().remove(0).outcome;
        vec![
            code("update", records::update(cx, object, self.id, &patch, None).await.map(drop)),
            code("archive", records::archive(cx, object, self.id, None).await.map(drop)),
            code("restore", records::restore(cx, object, self.id, None).await.map(drop)),
            code("share", records::share(cx, object, self.id, "everyone", Level::Write).await.map(drop)),
            code("unshare", records::unshare(cx, object, self.id, "everyone").await.map(drop)),
            code("link", records::link(cx, object, self.id, "knows", team).await.map(drop)),
            code("unlink", records::unlink(cx, object, self.id, "knows", team).await.map(drop)),
            code("batch", batched.map(drop)),
        ]
    }
}

fn all(codes: Vec<(&'static str, String)>, expected: &str) {
    let wrong: Vec<_> = codes.iter().filter(|(_, code)| code != expected).collect();
    assert!(wrong.is_empty(), "{expected} was expected: {wrong:?}");
}

#[tokio::test]
async fn nobody_but_the_owner_and_administrators_knows_of_a_private_record() {
    let private = Private::new().await;
    all(private.reads(&private.other).await, "not_found");
    all(private.writes(&private.other).await, "not_found");
    for cx in [&private.owner, &private.bench.cx] {
        all(private.reads(cx).await, "ok");
        all(private.writes(cx).await, "ok");
    }
}

#[tokio::test]
async fn a_share_to_read_shows_it_and_a_share_to_write_opens_it() {
    let private = Private::new().await;
    for subject in [private.other.caller.user.to_string(), private.team.to_string(), "everyone".to_owned()] {
        private.share(&subject, Level::Read).await;
        all(private.reads(&private.other).await, "ok");
        all(private.writes(&private.other).await, "denied");
        private.share(&subject, Level::Write).await;
        all(private.writes(&private.other).await, "ok");
        private.unshare(&subject).await;
        all(private.reads(&private.other).await, "not_found");
    }
}

#[tokio::test]
async fn the_widest_of_several_shares_counts() {
    let private = Private::new().await;
    private.share("everyone", Level::Read).await;
    private.share(&private.team.to_string(), Level::Write).await;
    private.share(&private.other.caller.user.to_string(), Level::Read).await;
    all(private.writes(&private.other).await, "ok");
}

#[tokio::test]
async fn a_unique_value_of_a_hidden_record_is_taken_and_tells_no_more() {
    let private = Private::new().await;
    let object = &*private.bench.object("contact").await;
    let (id, patch) = (private.bench.cx.ids.next_of(object.prefix), map(json!({ "city": "Berlin" })));
    let email = ("email", "ada@example.com");
    let hidden = records::upsert(&private.other, object, id, email, &patch, None).await;
    assert_eq!(hidden.unwrap_err().code(), "conflict");
    private.share("everyone", Level::Read).await;
    let read_only = records::upsert(&private.other, object, id, email, &patch, None).await;
    assert_eq!(read_only.unwrap_err().code(), "denied");
    private.share("everyone", Level::Write).await;
    let written = records::upsert(&private.other, object, id, email, &patch, None).await.unwrap();
    assert_eq!((written.status, written.id), (200, private.id));
}

#[tokio::test]
async fn a_hidden_record_is_neither_referred_to_nor_linked_nor_merged() {
    let private = Private::new().await;
    let bench = &private.bench;
    let referrer = json!({ "name": "referrer", "type": "reference", "object": "contact" });
    bench.define(json!({ "object": "company", "fields": [referrer] })).await;
    let company = bench.object("company").await;
    let contact = bench.object("contact").await;
    let input = map(json!({ "name": "Acme", "custom": { "referrer": private.id } }));
    let id = bench.cx.ids.next_of(company.prefix);
    let refused = records::create(&private.other, &company, id, &input).await.unwrap_err();
    assert!(format!("{refused:?}").contains("unknown_record"), "{refused:?}");
    let acme = bench.create("company", json!({ "name": "Acme" })).await;
    let hidden = private.id.to_string();
    let linked = |cx: Cx| {
        let (company, hidden) = (company.clone(), hidden.clone());
        async move { records::link(&cx, &company, acme, "knows", Other { object: "contact", id: &hidden }).await }
    };
    assert_eq!(linked(private.other.clone()).await.unwrap_err().code(), "not_found");
    let own = bench.cx.ids.next_of(contact.prefix);
    records::create(&private.other, &contact, own, &map(json!({ "first_name": "Own" }))).await.unwrap();
    let merge = records::Merge::parse(&map(json!({ "others": [private.id] }))).unwrap();
    let merged = |cx: Cx| {
        let (contact, merge) = (contact.clone(), merge.clone());
        async move { records::merge(&cx, &contact, own, &merge, None).await }
    };
    let refused = merged(private.other.clone()).await.unwrap_err();
    assert!(format!("{refused:?}").contains("unknown_record"), "{refused:?}");
    private.share("everyone", Level::Read).await;
    assert_eq!(merged(private.other.clone()).await.unwrap_err().code(), "denied");
    // To be linked it is enough to be seen.
    assert_eq!(linked(private.other.clone()).await.unwrap().status, 201);
    private.unshare("everyone").await;
    let left = records::links(&private.other, &company, acme, None, None, 10).await.unwrap();
    assert_eq!(left.links.len(), 0, "links with what is hidden are left out");
    assert_eq!(records::links(&bench.cx, &company, acme, None, None, 10).await.unwrap().links.len(), 1);
}

#[tokio::test]
async fn a_record_is_shared_with_those_who_are_there() {
    let private = Private::new().await;
    let (bench, object) = (&private.bench, &*private.bench.object("contact").await);
    let gone = bench.create("user", json!({ "name": "Gone", "email": "gone@example.com", "role": "rep" })).await;
    records::archive(&bench.cx, &*bench.object("user").await, gone, None).await.unwrap();
    let contact = private.id.to_string();
    let never = bench.cx.ids.next::<kernel::kinds::Team>().to_string();
    for subject in ["somebody", "", "#", &contact, &gone.to_string(), &never] {
        let refused = records::share(&private.owner, object, private.id, subject, Level::Read).await;
        assert_eq!(refused.unwrap_err().code(), "not_found", "{subject}");
        let taken_back = records::unshare(&private.owner, object, private.id, subject).await;
        let could_be = [gone.to_string(), never.clone()].contains(&subject.to_owned());
        let status = taken_back.map_or_else(|error| error.code().to_owned(), |written| written.status.to_string());
        assert_eq!(status, if could_be { "204" } else { "not_found" }, "{subject}");
    }
    private.share("everyone", Level::Read).await;
    private.share(&private.team.to_string(), Level::Write).await;
    let shares = records::shares(&private.owner, object, private.id).await.unwrap();
    let shown: Vec<_> = shares.iter().map(|share| json!([share["subject"], share["level"], share["name"]])).collect();
    assert_eq!(json!(shown), json!([["everyone", "read", null], [private.team, "write", "Sales"]]));
    let events = bench.events("contact", private.id).await;
    assert_eq!(events, ["contact.created", "contact.shared", "contact.shared"]);
}
