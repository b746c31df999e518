//! Invitations by mail, through the stack: from an event in the table to the mailbox, once, whatever happens on the way.

mod once;

use events::{Actor, Event};
use kernel::{Clock, Id, Ids, Timestamp, kinds};
use local::{Config, Stack};
use serde_json::{Value, json};
use table::{Changes, Meter, Sort, TenantTable};

use crate::app::Caller;

/// A stack with a workspace, into which a test puts invitations past the API.
pub(crate) struct Post {
    pub(crate) stack: Stack,
    pub(crate) me: Caller,
    pub(crate) workspace: Id<kinds::Workspace>,
    pub(crate) ids: Ids,
    by: Id<kinds::User>,
    directory: tempfile::TempDir,
}

impl Post {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let app_url = Some("https://app.crm.example".to_owned());
        let stack = Stack::start(&Config { app_url, ..Config::quiet(directory.path()) }).await.unwrap();
        Self::on(stack, directory).await
    }

    async fn on(stack: Stack, directory: tempfile::TempDir) -> Self {
        let me = Caller::on(stack.router(), stack.api_key());
        let id = |body: &Value, pointer: &str| body.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let workspace = id(&me.get("/v1/workspace").await.expect(200), "/id").parse().unwrap();
        let by = id(&me.get("/v1/users?sort=created_at").await.expect(200), "/data/0/id").parse().unwrap();
        Self { stack, me, workspace, ids: Ids::new(Clock::System), by, directory }
    }

    pub(crate) fn table(&self) -> TenantTable {
        self.stack.app().tables.workspace(self.workspace, Meter::default())
    }

    /// An open invitation with more in it, as whoever makes one writes it.
    pub(crate) async fn invite(&self, more: Value) -> Id<kinds::Invitation> {
        let id: Id<kinds::Invitation> = self.ids.next();
        let mut document = json!({
            "id": id, "object": "invitation", "version": 1, "email": "ada@example.com", "role": "rep", "state": "open",
            "good_until": Clock::System.now().plus_seconds(7 * 24 * 3600), "invited_by": self.by,
        });
        document.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let mut changes = Changes::new();
        let key = self.table().keys().record("invitation", id.erase());
        changes.create(key, Sort::Record, document.as_object().cloned().unwrap());
        self.table().commit(&changes).await.unwrap();
        id
    }

    /// Says that something has happened to an invitation.
    pub(crate) async fn tell(&self, invitation: Id<kinds::Invitation>, name: &str) -> Id<kinds::Event> {
        let event = Event {
            id: self.ids.next(),
            name: format!("invitation.{name}"),
            workspace: self.workspace,
            record: invitation.erase(),
            version: 1,
            at: Clock::System.now(),
            by: Actor { user: self.by, api_key: None },
            request_id: "req_test".to_owned(),
            job: None,
            quiet: false,
            changes: Default::default(),
            salt: None,
            digest: String::new(),
        };
        let event = event.sealed(self.ids.salt());
        let mut changes = Changes::new();
        changes.event(self.table().keys(), "invitation", &event, None).unwrap();
        self.table().commit(&changes).await.unwrap();
        event.id
    }

    pub(crate) async fn drain(&self) {
        self.stack.drain().await.unwrap();
    }

    /// What was sent, the newest first.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        mails(&self.stack).await
    }
}

pub(crate) async fn mails(stack: &Stack) -> Vec<Value> {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;
    let request = http::Request::get("/mailbox.json").header("host", "localhost").body(Body::empty()).unwrap();
    let response = stack.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

pub(crate) fn header(mail: &Value, name: &str) -> String {
    let all = mail["header"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|pair| pair[0] == name).collect();
    assert_eq!(found.len(), 1, "{name} in {all:#?}");
    found[0][1].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_is_sent_in_the_language_of_whom_it_is_to() {
    let post = Post::start().await;
    let english = post.invite(json!({ "name": "Ada Lovelace" })).await;
    let russian = post.invite(json!({ "email": "maria@example.com", "language": "ru", "name": "Мария" })).await;
    let event = post.tell(english, "created").await;
    post.drain().await;
    post.tell(russian, "created").await;
    post.drain().await;
    let mails = post.mails().await;
    assert_eq!(mails.len(), 2, "{mails:#?}");
    let inviter =
        post.me.get("/v1/users?sort=created_at").await.expect(200)["data"][0]["name"].as_str().unwrap().to_owned();
    let [russian, english] = [&mails[0], &mails[1]];
    assert_eq!(english["subject"], format!("{inviter} invites you to demo"));
    assert_eq!(
        (&english["to"], &english["destinations"]),
        (&json!("Ada Lovelace <ada@example.com>"), &json!(["ada@example.com"]))
    );
    let text = english["text"].as_str().unwrap();
    for part in
        ["Hello Ada Lovelace,", "“demo”", "as a sales representative", "https://app.crm.example", "ada@example.com"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(english["html"].as_str().unwrap().contains("<a href=\"https://app.crm.example\""), "{}", english["html"]);
    assert_eq!(header(english, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(english, "Message-ID"), format!("<{event}@localhost.example>"));
    assert_eq!(russian["subject"], format!("{inviter} приглашает вас в «demo»"));
    assert!(russian["text"].as_str().unwrap().starts_with("Здравствуйте, Мария!"), "{}", russian["text"]);
    assert!(russian["html"].as_str().unwrap().contains("<b>«demo»</b>"), "{}", russian["html"]);
}

#[tokio::test]
async fn whoever_is_asked_in_by_the_api_gets_a_mail_about_it() {
    let post = Post::start().await;
    let asked = json!({ "email": "grace@example.com", "name": "Grace", "role": "manager", "language": "en" });
    let made = post.me.post("/v1/invitations", asked).await.expect(201);
    post.drain().await;
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    post.me.post(&format!("{path}/send"), json!({})).await.expect(200);
    post.drain().await;
    let mails = post.mails().await;
    assert_eq!(mails.len(), 2, "{mails:#?}");
    assert!(mails.iter().all(|mail| mail["to"] == "Grace <grace@example.com>"), "{mails:#?}");
    let text = mails[0]["text"].as_str().unwrap();
    assert!(text.contains("Hello Grace,") && text.contains("as a manager"), "{text}");
    // Erased, it leaves nothing behind: neither in the table nor in the mailbox.
    post.me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    post.drain().await;
    assert_eq!(post.mails().await, [] as [Value; 0]);
    assert_eq!(post.me.get(&path).await.refused(404), "not_found");
}

#[tokio::test]
async fn an_invitation_is_sent_again_when_somebody_says_so() {
    let post = Post::start().await;
    let invitation = post.invite(json!({})).await;
    let mut events = Vec::new();
    for name in ["created", "sent_again", "changed", "sent_again"] {
        events.push(post.tell(invitation, name).await);
        post.drain().await;
    }
    let mails = post.mails().await;
    let ids: Vec<String> = mails.iter().rev().map(|mail| header(mail, "Message-ID")).collect();
    let expected = [events[0], events[1], events[3]].map(|event| format!("<{event}@localhost.example>"));
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn what_is_not_open_any_more_is_not_sent() {
    let post = Post::start().await;
    let past = Clock::System.now().plus_seconds(-1);
    for more in [
        json!({ "state": "accepted" }),
        json!({ "state": "revoked" }),
        json!({ "good_until": past }),
        json!({ "archived_at": past }),
    ] {
        let invitation = post.invite(more).await;
        post.tell(invitation, "created").await;
    }
    post.tell(post.ids.next(), "created").await;
    post.drain().await;
    assert_eq!(post.mails().await, Vec::<Value>::new());
    let claims = post.stack.engine().dispatch("Scan", &json!({ "TableName": local::TABLE }).to_string()).1;
    assert!(!claims.contains("#MAIL#"), "nothing is claimed for what is not sent");
}

#[tokio::test]
async fn hostile_names_are_names_and_an_address_that_is_none_gets_nothing() {
    let post = Post::start().await;
    let name = "Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>{{link}}";
    post.me.patch("/v1/workspace", json!({ "name": "<img src=x> \"; Bcc: x@example.com" })).await.expect(200);
    let invitation = post.invite(json!({ "name": name })).await;
    post.tell(invitation, "created").await;
    for email in ["nobody", "a@b.example>, <c@d.example", "ада@example.com"] {
        let invitation = post.invite(json!({ "email": email })).await;
        post.tell(invitation, "created").await;
    }
    post.drain().await;
    let mails = post.mails().await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    let mail = &mails[0];
    let names: Vec<&str> = mail["header"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert!(!names.contains(&"Bcc"), "{names:?}");
    assert_eq!(mail["destinations"], json!(["ada@example.com"]));
    assert!(
        mail["text"].as_str().unwrap().contains("Eve Bcc: all@example.com <script>alert(1)</script>{{link}},"),
        "{}",
        mail["text"]
    );
    let html = mail["html"].as_str().unwrap();
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
}

#[tokio::test]
async fn the_claim_names_nobody_and_goes_by_itself() {
    let post = Post::start().await;
    let invitation = post.invite(json!({ "name": "Ada Lovelace" })).await;
    let event = post.tell(invitation, "created").await;
    post.drain().await;
    let claim = post.table().get(&post.table().keys().mail(event)).await.unwrap().unwrap();
    assert_eq!(claim["state"], "sent");
    assert_eq!(claim.keys().collect::<Vec<_>>(), ["claimed_by", "state"], "{claim:?}");
    let scan = post.stack.engine().dispatch("Scan", &json!({ "TableName": local::TABLE }).to_string()).1;
    let items: Value = serde_json::from_str(&scan).unwrap();
    let item = items["Items"].as_array().unwrap().iter().find(|item| item["item"]["S"] == "mail").unwrap();
    let ends: i64 = item["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    let days = (ends - Clock::System.now().as_seconds()) / (24 * 3600);
    assert!((39..=40).contains(&days), "{days}");
    // Neither the journal nor the relay tells of it.
    let journal = post.table().journal_after(0, 100, true).await.unwrap().entries;
    let changes: Vec<_> = journal.iter().flat_map(|entry| events::decode(&entry.packed).unwrap()).collect();
    assert!(changes.iter().any(|change| change.kind == "invitation"), "{changes:?}");
    assert!(changes.iter().all(|change| change.item != "mail"), "{changes:?}");
}

#[tokio::test]
async fn mails_to_whoever_is_erased_are_forgotten_and_no_others() {
    let post = Post::start().await;
    let contact = json!({ "first_name": "Ada", "emails": [{ "email": "ada@example.com" }] });
    let contact = post.me.post("/v1/contacts", contact).await.expect(201)["id"].as_str().unwrap().to_owned();
    for (email, name) in [("Ada@example.com", "Ada"), ("grace@example.com", "Grace")] {
        let invitation = post.invite(json!({ "email": email, "name": name })).await;
        post.tell(invitation, "created").await;
    }
    post.drain().await;
    post.me.delete(&format!("/v1/contacts/{contact}")).await.expect(200);
    post.drain().await;
    assert_eq!(post.mails().await.len(), 2, "what is in the trash is still there");
    post.me.post(&format!("/v1/contacts/{contact}/erase"), json!({})).await.expect(204);
    post.drain().await;
    let mails = post.mails().await;
    assert_eq!(mails.iter().map(|mail| &mail["destinations"]).collect::<Vec<_>>(), [&json!(["grace@example.com"])]);
}

#[tokio::test]
async fn mails_about_an_invitation_that_is_removed_are_forgotten() {
    let post = Post::start().await;
    let invitation = post.invite(json!({})).await;
    post.tell(invitation, "created").await;
    post.drain().await;
    assert_eq!(post.mails().await.len(), 1);
    let mut changes = Changes::new();
    changes.remove(post.table().keys().record("invitation", invitation.erase()), 1);
    post.table().commit(&changes).await.unwrap();
    post.drain().await;
    assert_eq!(post.mails().await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_sent_is_there_after_a_restart() {
    let post = Post::start().await;
    let invitation = post.invite(json!({})).await;
    post.tell(invitation, "created").await;
    post.drain().await;
    let before = post.mails().await;
    let Post { stack, directory, .. } = post;
    stack.stop().await;
    let stack = Stack::start(&Config::quiet(directory.path())).await.unwrap();
    assert_eq!(mails(&stack).await, before);
    stack.drain().await.unwrap();
    assert_eq!(mails(&stack).await.len(), 1);
}

/// A time as the table has it.
pub(crate) fn long_ago() -> Timestamp {
    "2026-01-01T00:00:00.000Z".parse().unwrap()
}
