//! Lists of those who see a part of the records: whole, page by page, whatever happens between the pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::app::{App, Caller};
use crate::links::made;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    /// A number below another one.
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Contacts and their owners, as they are and as they have been.
struct Scene {
    app: App,
    owner: Caller,
    /// The caller, a colleague and somebody else.
    people: [String; 3],
    /// By contact.
    owners: BTreeMap<String, usize>,
    dice: Dice,
}

impl Scene {
    async fn start(seed: u64) -> Self {
        let app = App::start().await;
        let owner = app.workspace("north").await;
        for scope in ["own", "team"] {
            let role = json!({ "name": format!("x_{scope}"), "objects": { "contact": { "read": scope } } });
            owner.post("/v1/roles", role).await.expect(201);
        }
        let team = made(&owner, "teams", json!({ "name": "Ours" })).await;
        let mut people = Vec::new();
        for (name, team) in [("me", Some(&team)), ("mate", Some(&team)), ("other", None)] {
            let user =
                json!({ "name": name, "email": format!("{name}@example.com"), "role": "x_team", "team_id": team });
            people.push(made(&owner, "users", user).await);
        }
        let people = people.try_into().unwrap();
        let mut scene = Self { app, owner, people, owners: BTreeMap::new(), dice: Dice(seed) };
        for _ in 0..24 {
            scene.create().await;
        }
        scene.app.drain().await;
        scene
    }

    async fn create(&mut self) {
        let whose = self.dice.below(3);
        let name = format!("{:03}", self.dice.below(1000));
        let contact = json!({ "first_name": name, "owner_id": self.people[whose] });
        let id = made(&self.owner, "contacts", contact).await;
        self.owners.insert(id, whose);
    }

    /// Gives a contact to somebody.
    async fn reassign(&mut self) {
        let (number, whose) = (self.dice.below(self.owners.len()), self.dice.below(3));
        let id = self.owners.keys().nth(number).unwrap().clone();
        let path = format!("/v1/contacts/{id}");
        self.owner.patch(&path, json!({ "owner_id": self.people[whose] })).await.expect(200);
        self.owners.insert(id, whose);
    }

    fn visible(&self, people: usize) -> BTreeSet<String> {
        self.owners.iter().filter(|(_, whose)| **whose < people).map(|(id, _)| id.clone()).collect()
    }

    /// Goes through a list while others write. `people` is how many of them have what the caller sees.
    async fn page_through(&mut self, me: &Caller, query: &str, people: usize) {
        let mut throughout = self.visible(people);
        let mut ever = throughout.clone();
        let (mut told, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = me.get(&format!("/v1/contacts?limit=3{query}{cursor}")).await.expect(200);
            let ids = page["data"].as_array().unwrap().iter().map(|contact| contact["id"].as_str().unwrap().to_owned());
            told.extend(ids);
            let Some(next) = page["page"]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            for _ in 0..self.dice.below(4) {
                match self.dice.below(3) {
                    0 => self.create().await,
                    _ => self.reassign().await,
                }
                let visible = self.visible(people);
                throughout.retain(|id| visible.contains(id));
                ever.extend(visible);
            }
            self.app.drain().await;
            assert!(told.len() < 500, "the list does not end");
        }
        let once: BTreeSet<String> = told.iter().cloned().collect();
        assert_eq!(once.len(), told.len(), "{query}: a record is there twice: {told:?}");
        let missed: Vec<&String> = throughout.difference(&once).collect();
        assert!(missed.is_empty(), "{query}: missed {missed:?}");
        let strange: Vec<&String> = once.difference(&ever).collect();
        assert!(strange.is_empty(), "{query}: {strange:?} could never be seen");
        assert!(throughout.len() > 3, "nothing is left to be looked at");
    }
}

#[tokio::test]
async fn lists_of_own_and_of_a_teams_records_page_exactly_while_others_write() {
    for seed in [1, 2] {
        let mut scene = Scene::start(seed).await;
        for (role, people) in [("x_own", 1), ("x_team", 2)] {
            let me = format!("/v1/users/{}", scene.people[0]);
            scene.owner.patch(&me, json!({ "role": role })).await.expect(200);
            let key = scene.app.key_of(&scene.owner, &scene.people[0]).await;
            for query in ["", "&sort=first_name", "&sort=-created_at"] {
                scene.page_through(&key, query, people).await;
            }
        }
    }
}
