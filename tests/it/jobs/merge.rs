//! What follows a merge, and how it is taken back.

use http::Method;
use serde_json::{Value, json};

use super::{Scene, counts, text};

/// Companies that refer to each other, people who work and have worked for them, and links.
struct Firm {
    scene: Scene,
    /// The one that is left, two that become part of it, one that stands below one of these, and another one.
    left: String,
    gone: [String; 2],
    below: String,
    other: String,
}

impl Firm {
    async fn found() -> Self {
        let scene = Scene::with(4).await;
        let mut made = Vec::new();
        for name in ["Left", "Gone", "Lost", "Below", "Other"] {
            made.push(text(&scene.me.post("/v1/companies", json!({ "name": name })).await.expect(201)["id"]));
        }
        let [left, first, second, below, other]: [String; 5] = made.try_into().unwrap();
        let people = [
            (0, json!({ "company_id": first, "job_title": "Boss" })),
            (1, json!({ "company_id": second, "former_jobs": [{ "company_id": first, "job_title": "Clerk" }] })),
            (2, json!({ "company_id": left })),
            (3, json!({ "company_id": other, "former_jobs": [{ "company_id": other }] })),
        ];
        for (number, patch) in people {
            scene.me.patch(&scene.path(number), patch).await.expect(200);
        }
        scene.me.patch(&format!("/v1/companies/{below}"), json!({ "parent_id": first })).await.expect(200);
        let firm = Self { scene, left, gone: [first, second], below, other };
        firm.link(&firm.gone[0], "partner", "company", &firm.other).await;
        firm.link(&firm.gone[1], "partner", "company", &firm.other).await;
        firm.link(&firm.gone[0], "advised_by", "contact", &firm.scene.ids[3]).await;
        firm.link(&firm.left, "related", "company", &firm.gone[0]).await;
        firm.scene.app.drain().await;
        firm
    }

    async fn link(&self, company: &str, label: &str, object: &str, other: &str) {
        let path = format!("/v1/companies/{company}/links/{object}/{other}?label={label}");
        let answer = self.scene.me.send(Method::PUT, &path, &[], None).await;
        assert!(answer.status.is_success(), "{:#}", answer.body);
    }

    async fn merge(&self) -> Value {
        let path = format!("/v1/companies/{}/merge", self.left);
        let merged = self.scene.me.post(&path, json!({ "others": self.gone })).await;
        assert!(merged.status.is_success(), "{:#}", merged.body);
        self.scene.app.drain().await;
        let jobs = self.scene.me.get("/v1/jobs?kind=merge").await.expect(200);
        jobs["data"][0].clone()
    }

    /// Everything that a merge may touch, without what every write changes.
    async fn state(&self) -> Vec<Value> {
        let mut state = self.scene.state().await;
        for company in [&self.left, &self.gone[0], &self.gone[1], &self.below, &self.other] {
            let answer = self.scene.me.get(&format!("/v1/companies/{company}")).await;
            let mut record =
                if answer.status.as_u16() == 308 { json!({ "merged": company }) } else { answer.expect(200) };
            for own in ["version", "updated_at", "updated_by"] {
                record.as_object_mut().unwrap().remove(own);
            }
            state.push(record);
            state.push(json!(self.links(company).await));
        }
        state
    }

    /// The links of a company: label, other record, direction, since when.
    async fn links(&self, company: &str) -> Vec<String> {
        let answer = self.scene.me.get(&format!("/v1/companies/{company}/links")).await;
        if answer.status.as_u16() == 308 {
            return Vec::new();
        }
        let body = answer.expect(200);
        let links = body["data"].as_array().unwrap().iter();
        links
            .map(|link| format!("{} {} {}", text(&link["label"]), text(&link["id"]), text(&link["direction"])))
            .collect()
    }
}

#[tokio::test]
async fn a_merge_makes_everything_refer_to_the_record_that_is_left() {
    let firm = Firm::found().await;
    let job = firm.merge().await;
    // Three people and companies refer to the two, and each of the two has links.
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [5, 5, 5, 0, 0]), "{job:#}");
    let contact = async |number: usize| firm.scene.me.get(&firm.scene.path(number)).await.expect(200);
    let boss = contact(0).await;
    assert_eq!((&boss["company_id"], &boss["former_jobs"]), (&json!(firm.left), &Value::Null), "nobody has moved");
    assert_eq!(contact(1).await["former_jobs"], json!([{ "company_id": firm.left, "job_title": "Clerk" }]));
    assert_eq!(contact(3).await["company_id"], json!(firm.other));
    let below = firm.scene.me.get(&format!("/v1/companies/{}", firm.below)).await.expect(200);
    assert_eq!(below["parent_id"], json!(firm.left));
    let expected = [format!("advised_by {} out", firm.scene.ids[3]), format!("partner {} out", firm.other)];
    assert_eq!(firm.links(&firm.left).await, expected, "the same twice is one, and none is with itself");
    assert_eq!(firm.links(&firm.other).await, [format!("partner {} in", firm.left)]);
}

#[tokio::test]
async fn an_undone_merge_gives_everything_back_that_nobody_has_changed_since() {
    let firm = Firm::found().await;
    let before = firm.state().await;
    let job = firm.merge().await;
    let undo = firm.scene.undone(&job).await;
    assert_eq!(
        (text(&undo["state"]), &undo["counts"]["failed"], &undo["counts"]["kept"]),
        ("done".into(), &json!(0), &json!(0)),
        "{undo:#}"
    );
    assert_eq!(firm.state().await, before);
    let again = firm.scene.me.post(&format!("/v1/jobs/{}/undo", text(&undo["id"])), json!({})).await;
    assert_eq!(again.refused(409), "not_undoable");
}

#[tokio::test]
async fn what_somebody_has_changed_after_a_merge_is_kept_by_its_undo_and_told() {
    let firm = Firm::found().await;
    let job = firm.merge().await;
    firm.scene.me.patch(&firm.scene.path(0), json!({ "company_id": firm.other })).await.expect(200);
    let link = format!("/v1/companies/{}/links/contact/{}?label=advised_by", firm.left, firm.scene.ids[3]);
    firm.scene.me.delete(&link).await.expect(204);
    let undo = firm.scene.undone(&job).await;
    let mut errors = firm.scene.errors(&undo).await;
    errors.sort();
    let kept = |record: &String, field: &str| (record.clone(), "kept".to_owned(), Some(field.to_owned()));
    let mut expected = vec![kept(&firm.gone[0], "links.advised_by"), kept(&firm.scene.ids[0], "company_id")];
    expected.sort();
    assert_eq!(errors, expected);
    let boss = firm.scene.me.get(&firm.scene.path(0)).await.expect(200);
    assert_eq!(boss["company_id"], json!(firm.other));
    assert_eq!(firm.links(&firm.gone[1]).await, [format!("partner {} out", firm.other)]);
}

#[tokio::test]
async fn a_merge_whose_undo_failed_can_be_undone_when_nothing_is_in_the_way_any_more() {
    let scene = Scene::with(3).await;
    let before = scene.state().await;
    let merge = async |winner: usize, other: usize| {
        let body = json!({ "others": [scene.ids[other]] });
        let merged = scene.me.post(&format!("{}/merge", scene.path(winner)), body).await.expect(200);
        scene.finished(&json!({ "id": merged["job"] })).await
    };
    let first = merge(1, 2).await;
    let second = merge(0, 1).await;
    let failed = scene.undone(&first).await;
    assert_eq!(text(&failed["state"]), "failed");
    assert!(text(&failed["error"]).contains("take that back first"), "{failed:#}");
    assert_eq!(text(&scene.undone(&second).await["state"]), "done");
    assert_eq!(text(&scene.undone(&first).await["state"]), "done");
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn links_between_merged_records_are_gone_after_the_merge_and_there_again_after_its_undo() {
    let scene = Scene::with(4).await;
    let link = async |from: usize, to: usize, label: &str| {
        let path = format!("{}/links/contact/{}?label={label}", scene.path(from), scene.ids[to]);
        scene.me.put(&path, json!({})).await.expect(201);
    };
    link(1, 2, "knows").await;
    link(2, 1, "hired").await;
    link(3, 1, "knows").await;
    link(3, 2, "knows").await;
    link(0, 3, "hired").await;
    let links = async || {
        let mut all = Vec::new();
        for number in 0..4 {
            let answer = scene.me.get(&format!("{}/links", scene.path(number))).await.expect(200);
            let shown =
                |link: &Value| format!("{} {} {}", text(&link["label"]), text(&link["id"]), text(&link["direction"]));
            all.push(answer["data"].as_array().unwrap().iter().map(shown).collect::<Vec<_>>());
        }
        all
    };
    let before = links().await;
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [1, 3, 3, 3]);
    let merged =
        scene.me.post(&format!("{}/merge", scene.path(0)), json!({ "others": scene.ids[1..] })).await.expect(200);
    let job = scene.finished(&json!({ "id": merged["job"] })).await;
    let [total, done, _, _, failed] = counts(&job);
    assert_eq!((text(&job["state"]), total, done, failed), ("done".into(), 3, 3, 0), "{job:#}");
    assert_eq!(links().await, [const { Vec::<String>::new() }; 4], "what is a part of the other is not linked with it");
    let undo = scene.undone(&job).await;
    assert_eq!((text(&undo["state"]), scene.errors(&undo).await), ("done".into(), Vec::new()));
    assert_eq!(links().await, before);
}
