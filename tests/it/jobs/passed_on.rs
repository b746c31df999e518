//! Who reaches a private record that was merged, and what is left of that after an undo.

use serde_json::{Value, json};

use super::text;
use crate::app::{App, Caller};
use crate::links::made;
use crate::shares::{colleague, make_contacts_private};

/// Ann has a contact that Bob's is to become part of, which she may write to and Tom's team may read.
struct Private {
    app: App,
    admin: Caller,
    ann: Caller,
    bob: Caller,
    tom: Caller,
    ids: [String; 3],
    /// The contact that is left, and the one that is merged.
    contacts: [String; 2],
}

impl Private {
    async fn new() -> Self {
        let app = App::start().await;
        let admin = app.workspace("north").await;
        make_contacts_private(&app, &admin).await;
        let team = made(&admin, "teams", json!({ "name": "Sales" })).await;
        let (ann, ann_id) = colleague(&app, &admin, "ann", None).await;
        let (bob, bob_id) = colleague(&app, &admin, "bob", None).await;
        let (tom, _) = colleague(&app, &admin, "tom", Some(&team)).await;
        let left = made(&ann, "contacts", json!({ "first_name": "P" })).await;
        let gone = made(&bob, "contacts", json!({ "first_name": "Q" })).await;
        let path = format!("/v1/contacts/{gone}/shares");
        bob.put(&format!("{path}/{ann_id}"), json!({ "level": "write" })).await.expect(201);
        bob.put(&format!("{path}/{team}"), json!({ "level": "read" })).await.expect(201);
        app.drain().await;
        Self { app, admin, ann, bob, tom, ids: [ann_id, bob_id, team], contacts: [left, gone] }
    }

    fn path(&self, number: usize) -> String {
        format!("/v1/contacts/{}", self.contacts[number])
    }

    async fn merge(&self) -> Value {
        self.merge_of(&self.contacts[1]).await
    }

    async fn merge_of(&self, other: &str) -> Value {
        let body = json!({ "others": [other] });
        let merged = self.ann.post(&format!("{}/merge", self.path(0)), body).await.expect(200);
        self.app.drain().await;
        self.ann.get(&format!("/v1/jobs/{}", text(&merged["job"]))).await.expect(200)
    }

    /// What an undo of a job has kept.
    async fn undo(&self, job: &Value) -> Value {
        let undo = self.ann.post(&format!("/v1/jobs/{}/undo", text(&job["id"])), json!({})).await.expect(202);
        self.app.drain().await;
        let path = format!("/v1/jobs/{}", text(&undo["id"]));
        assert_eq!(self.ann.get(&path).await.expect(200)["state"], "done");
        self.admin.get(&format!("{path}/errors")).await.expect(200)["data"].clone()
    }

    /// With whom a contact is shared, and how.
    async fn shares(&self, number: usize) -> Vec<(String, String)> {
        let listed = self.admin.get(&format!("{}/shares", self.path(number))).await.expect(200);
        let shares = listed["data"].as_array().unwrap().iter();
        let mut shares: Vec<_> = shares.map(|share| (text(&share["subject"]), text(&share["level"]))).collect();
        shares.sort();
        shares
    }
}

fn sorted(shares: &[(&String, &str)]) -> Vec<(String, String)> {
    let mut shares: Vec<_> = shares.iter().map(|(subject, level)| ((*subject).clone(), (*level).to_owned())).collect();
    shares.sort();
    shares
}

#[tokio::test]
async fn who_reached_a_merged_record_reaches_the_one_that_is_left() {
    let scene = Private::new().await;
    let [_, bob, team] = &scene.ids;
    let shared = scene.shares(1).await;
    let job = scene.merge().await;
    assert_eq!((&job["state"], &job["counts"]["failed"]), (&json!("done"), &json!(0)), "{job:#}");
    assert_eq!(scene.shares(0).await, sorted(&[(bob, "write"), (team, "read")]));
    scene.bob.patch(&scene.path(0), json!({ "city": "Rome" })).await.expect(200);
    scene.tom.get(&scene.path(0)).await.expect(200);
    assert_eq!(scene.tom.patch(&scene.path(0), json!({ "city": "Bonn" })).await.refused(403), "denied");
    let told = scene.undo(&job).await;
    assert_eq!(told, json!([]));
    assert_eq!((scene.shares(0).await, scene.shares(1).await), (Vec::new(), shared));
    for caller in [&scene.bob, &scene.tom] {
        assert_eq!(caller.get(&scene.path(0)).await.refused(404), "not_found");
        caller.get(&scene.path(1)).await.expect(200);
    }
}

#[tokio::test]
async fn shares_that_were_there_before_or_were_changed_since_are_left_by_an_undo() {
    let scene = Private::new().await;
    let [_, bob, team] = &scene.ids;
    let share = async |subject: &str, level: &str| {
        let path = format!("{}/shares/{subject}", scene.path(0));
        assert!(scene.ann.put(&path, json!({ "level": level })).await.status.is_success());
    };
    share(bob, "read").await;
    share("everyone", "read").await;
    let everyone = "everyone".to_owned();
    let job = scene.merge().await;
    assert_eq!(scene.shares(0).await, sorted(&[(bob, "write"), (team, "read"), (&everyone, "read")]));
    share(team, "write").await;
    let told = scene.undo(&job).await;
    assert_eq!(scene.shares(0).await, sorted(&[(bob, "read"), (team, "write"), (&everyone, "read")]));
    assert_eq!(told.as_array().unwrap().len(), 1, "{told:#}");
    let kept = json!([told[0]["record"], told[0]["code"], told[0]["field"]]);
    assert_eq!(kept, json!([scene.contacts[0], "kept", format!("shares.{team}")]));
}

#[tokio::test]
async fn what_another_merge_has_made_reachable_stays_so_after_an_undo() {
    let scene = Private::new().await;
    let [ann, bob, _] = &scene.ids;
    let first = made(&scene.bob, "contacts", json!({ "first_name": "R" })).await;
    let path = format!("/v1/contacts/{first}/shares/{ann}");
    scene.bob.put(&path, json!({ "level": "write" })).await.expect(201);
    scene.app.drain().await;
    let (first, second) = (scene.merge_of(&first).await, scene.merge().await);
    let told = scene.undo(&first).await;
    assert_eq!(json!([told[0]["code"], told[0]["field"]]), json!(["kept", format!("shares.{bob}")]), "{told:#}");
    scene.bob.patch(&scene.path(0), json!({ "city": "Rome" })).await.expect(200);
    assert_eq!(second["state"], "done");
}
