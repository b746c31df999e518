//! Roll-ups: what a record's column says of the records that refer to it, whatever happens to them in whatever order.

use kernel::{AnyId, kinds};
use replica::Replica;
use serde_json::{Value, json};

use crate::definitions::project;
use crate::dump::{connect, value};
use crate::world::World;

/// A company with projects, about which its roll-ups say something.
struct Company {
    world: World,
    replica: Replica,
    id: AnyId,
    seq: std::cell::Cell<u64>,
}

fn companies(version: u64, fields: Value) -> Value {
    json!({ "object": "company", "version": version, "updated_at": "2026-01-01T00:00:00.000Z", "fields": fields })
}

fn roll_up(name: &str, function: &str, field: Option<&str>, only: Value) -> Value {
    let mut roll_up = json!({
        "name": name, "type": "roll_up", "object": "x_project", "via": "custom.client", "function": function, "only": only,
    });
    if let Some(field) = field {
        roll_up["field"] = field.into();
    }
    roll_up
}

fn projects(version: u64) -> Value {
    project(
        version,
        json!([
            { "name": "client", "type": "reference", "object": "company" },
            { "name": "budget", "type": "money" },
            { "name": "size", "type": "number", "decimals": 2 },
            { "name": "due", "type": "date" },
            { "name": "stage", "type": "select", "options": [{ "value": "won" }, { "value": "lost" }] },
            { "name": "labels", "type": "tags" },
            { "name": "done", "type": "boolean" },
            { "name": "twice", "type": "formula", "expression": "custom.size * 2" },
        ]),
    )
}

impl Company {
    async fn new() -> Self {
        let world = World::new();
        let replica = world.open_whole("one").await;
        let id = world.ids.next::<kinds::Company>().erase();
        Self { world, replica, id, seq: std::cell::Cell::new(1) }
    }

    async fn with(fields: Value) -> Self {
        let it = Self::new().await;
        it.apply(&[it.world.definition(1, &projects(1)), it.world.definition(2, &companies(1, fields))]).await;
        it.apply(&[it.world.record("company", it.id, 1, 3, json!({ "name": "Acme" }))]).await;
        it
    }

    async fn apply(&self, changes: &[events::Change]) {
        self.world.append(self.seq.replace(self.seq.get() + 1), changes).await;
        self.replica.catch_up().await.unwrap();
    }

    /// A project of a company as it is from now on.
    async fn project(&self, id: AnyId, version: u64, client: Option<AnyId>, mut custom: Value) {
        if let Some(client) = client {
            custom["client"] = json!(client);
        }
        let mut fields = json!({ "custom": custom });
        if fields["custom"]["archived"] == true {
            fields["archived_at"] = json!("2026-01-01T00:00:00.000Z");
        }
        self.apply(&[self.world.record("x_project", id, version, 100 + self.seq.get(), fields)]).await;
    }

    fn of(&self, company: AnyId, column: &str) -> String {
        value(&self.world, "one", "t_company", company, column)
    }

    fn is(&self, column: &str) -> String {
        self.of(self.id, column)
    }

    fn new_id(&self) -> AnyId {
        self.world.id_of(0)
    }
}

#[tokio::test]
async fn a_count_follows_children_that_come_move_are_put_into_the_trash_and_go() {
    let it = Company::with(json!([roll_up("n", "count", None, json!([]))])).await;
    assert_eq!(it.is("c_n"), "0");
    let (other, child) = (it.world.ids.next::<kinds::Company>().erase(), it.new_id());
    it.apply(&[it.world.record("company", other, 1, 4, json!({ "name": "Other" }))]).await;
    it.project(child, 1, Some(it.id), json!({})).await;
    assert_eq!((it.is("c_n"), it.of(other, "c_n")), ("1".to_owned(), "0".to_owned()));
    it.project(child, 2, Some(other), json!({})).await;
    assert_eq!((it.is("c_n"), it.of(other, "c_n")), ("0".to_owned(), "1".to_owned()));
    it.project(child, 3, Some(it.id), json!({ "archived": true })).await;
    assert_eq!((it.is("c_n"), it.of(other, "c_n")), ("0".to_owned(), "0".to_owned()));
    it.project(child, 4, Some(it.id), json!({})).await;
    assert_eq!(it.is("c_n"), "1");
    it.project(child, 5, None, json!({})).await;
    assert_eq!(it.is("c_n"), "0");
    it.project(child, 6, Some(it.id), json!({})).await;
    it.apply(&[it.world.told("record", "x_project", &child.to_string(), 1_000, None)]).await;
    // The removal has version 0 here: it is older than what is known.
    assert_eq!(it.is("c_n"), "1");
    let removal =
        events::Change { version: 6, ..it.world.told("record", "x_project", &child.to_string(), 1_001, None) };
    it.apply(&[removal]).await;
    assert_eq!(it.is("c_n"), "0");
}

#[tokio::test]
async fn what_was_merged_into_another_record_does_not_count() {
    let it = Company::with(json!([roll_up("n", "count", None, json!([]))])).await;
    let [loser, winner] = [it.new_id(), it.new_id()];
    it.project(winner, 1, Some(it.id), json!({})).await;
    it.project(loser, 1, Some(it.id), json!({})).await;
    assert_eq!(it.is("c_n"), "2");
    let merged = json!({ "merged_into": winner, "custom": { "client": it.id } });
    it.apply(&[it.world.record("x_project", loser, 2, 500, merged)]).await;
    assert_eq!(it.is("c_n"), "1");
}

#[tokio::test]
async fn a_change_of_the_parent_keeps_its_roll_ups_and_a_parent_may_come_after_its_children() {
    let it = Company::new().await;
    let fields = json!([roll_up("n", "count", None, json!([]))]);
    it.apply(&[it.world.definition(1, &projects(1)), it.world.definition(2, &companies(1, fields))]).await;
    it.project(it.new_id(), 1, Some(it.id), json!({})).await;
    it.apply(&[it.world.record("company", it.id, 1, 300, json!({ "name": "Acme" }))]).await;
    assert_eq!(it.is("c_n"), "1");
    it.apply(&[it.world.record("company", it.id, 2, 301, json!({ "name": "Acme & Co" }))]).await;
    assert_eq!((it.is("f_name"), it.is("c_n")), ("acme & co".to_owned(), "1".to_owned()));
    let one_entry = [
        it.world.record("x_project", it.new_id(), 1, 400, json!({ "custom": { "client": it.id } })),
        it.world.record("company", it.id, 3, 401, json!({ "name": "Acme" })),
        it.world.record("x_project", it.new_id(), 1, 402, json!({ "custom": { "client": it.id } })),
    ];
    it.apply(&one_entry).await;
    assert_eq!(it.is("c_n"), "3");
}

#[tokio::test]
async fn sums_means_and_bounds_are_those_of_the_values_there_are() {
    let fields = json!([
        roll_up("sum", "sum", Some("custom.size"), json!([])),
        roll_up("avg", "avg", Some("custom.size"), json!([])),
        roll_up("least", "min", Some("custom.size"), json!([])),
        roll_up("most", "max", Some("custom.size"), json!([])),
        roll_up("sized", "count", Some("custom.size"), json!([])),
        roll_up("all", "count", None, json!([])),
        roll_up("last", "max", Some("custom.due"), json!([])),
        roll_up("doubled", "sum", Some("custom.twice"), json!([])),
    ]);
    let it = Company::with(fields).await;
    let all = ["c_sum", "c_avg", "c_least", "c_most", "c_sized", "c_all", "c_last", "c_doubled"];
    let are = || all.map(|column| it.is(column));
    assert_eq!(are(), ["0", "", "", "", "0", "0", "", "0"]);
    for custom in [json!({ "size": 0.1, "due": "2026-02-03" }), json!({ "size": 0.2 }), json!({ "due": "2025-12-31" })]
    {
        it.project(it.new_id(), 1, Some(it.id), custom).await;
    }
    assert_eq!(are(), ["0.3", "0.15", "0.1", "0.2", "2", "3", "2026-02-03", "0.6"]);
}

#[tokio::test]
async fn money_is_added_only_when_all_of_it_is_of_one_currency() {
    let fields = json!([
        roll_up("sum", "sum", Some("custom.budget"), json!([])),
        roll_up("avg", "avg", Some("custom.budget"), json!([])),
        roll_up("most", "max", Some("custom.budget"), json!([])),
    ]);
    let it = Company::with(fields).await;
    let money = |amount: i64, currency: &str| json!({ "budget": { "amount": amount, "currency": currency } });
    let are = || ["c_sum", "cu_sum", "c_avg", "cu_avg", "c_most", "cu_most"].map(|column| it.is(column));
    assert_eq!(are(), ["", "", "", "", "", ""]);
    let other = it.new_id();
    it.project(it.new_id(), 1, Some(it.id), money(100, "EUR")).await;
    it.project(other, 1, Some(it.id), money(251, "EUR")).await;
    it.project(it.new_id(), 1, Some(it.id), json!({})).await;
    assert_eq!(are(), ["351", "EUR", "176", "EUR", "251", "EUR"]);
    it.project(other, 2, Some(it.id), money(251, "USD")).await;
    assert_eq!(are(), ["", "", "", "", "", ""]);
    it.project(other, 3, Some(it.id), money(-300, "EUR")).await;
    assert_eq!(are(), ["-200", "EUR", "-100", "EUR", "100", "EUR"]);
}

#[tokio::test]
async fn no_sum_is_too_large_for_a_replica_to_go_on() {
    let fields = json!([
        roll_up("sum", "sum", Some("custom.budget"), json!([])),
        roll_up("size", "sum", Some("custom.size"), json!([])),
        roll_up("n", "count", None, json!([])),
    ]);
    let it = Company::with(fields).await;
    let custom = json!({
        "client": it.id, "budget": { "amount": 9_007_199_254_740_991_i64, "currency": "EUR" }, "size": 10_000_000_000_000_i64,
    });
    let many: Vec<_> = (0..2_000)
        .map(|number| it.world.record("x_project", it.new_id(), 1, 10 + number, json!({ "custom": custom })))
        .collect();
    it.apply(&many).await;
    assert_eq!((it.is("c_sum"), it.is("c_n")), (String::new(), "2000".to_owned()));
    assert!(!it.is("c_size").is_empty());
}

#[tokio::test]
async fn only_the_records_that_a_roll_up_asks_for_count() {
    let only = |field: &str, equals: Value| json!([{ "field": field, "equals": equals }]);
    let fields = json!([
        roll_up("won", "count", None, only("custom.stage", json!("won"))),
        roll_up("open", "count", None, only("custom.done", json!(false))),
        roll_up("two", "count", None, only("custom.size", json!(2))),
        roll_up("red", "count", None, only("custom.labels", json!("RED"))),
        roll_up("odd", "count", None, only("custom.size", json!("two"))),
        roll_up(
            "budget",
            "sum",
            Some("custom.budget"),
            json!([
                { "field": "custom.stage", "equals": "won" }, { "field": "custom.due", "equals": "2026-01-01" },
            ])
        ),
    ]);
    let it = Company::with(fields).await;
    let money = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
    for custom in [
        json!({ "stage": "won", "done": false, "size": 2, "labels": ["Red", "blue"], "due": "2026-01-01", "budget": money(5) }),
        json!({ "stage": "won", "done": true, "size": 2.5, "labels": ["redder"], "budget": money(50) }),
        json!({ "stage": "lost", "due": "2026-01-01", "budget": { "amount": 1, "currency": "USD" } }),
    ] {
        it.project(it.new_id(), 1, Some(it.id), custom).await;
    }
    let are = ["c_won", "c_open", "c_two", "c_red", "c_odd", "c_budget", "cu_budget"].map(|column| it.is(column));
    assert_eq!(are, ["2", "1", "1", "1", "0", "5", "EUR"]);
}

#[tokio::test]
async fn a_roll_up_over_what_is_there_already_is_filled_once_and_follows_its_definition() {
    let it = Company::new().await;
    it.apply(&[it.world.record("company", it.id, 1, 1, json!({}))]).await;
    // Before anybody has said what projects are.
    for (size, due) in [(1, "2026-01-01"), (2, "2026-02-01")] {
        it.project(it.new_id(), 1, Some(it.id), json!({ "size": size, "due": due })).await;
    }
    let total = |version, function: &str, field: &str| {
        companies(version, json!([roll_up("total", function, Some(field), json!([]))]))
    };
    it.apply(&[it.world.definition(50, &total(1, "sum", "custom.size"))]).await;
    it.apply(&[it.world.definition(51, &projects(1))]).await;
    assert_eq!(it.is("c_total"), "3");
    it.apply(&[it.world.definition(52, &total(2, "max", "custom.due"))]).await;
    assert_eq!(it.is("c_total"), "2026-02-01");
    it.apply(&[it.world.definition(53, &total(3, "max", "custom.size"))]).await;
    assert_eq!(it.is("c_total"), "2");
    let mut other = projects(2);
    other["fields"][2] = json!({ "name": "size", "type": "boolean" });
    other["fields"][3] = json!({ "name": "due", "type": "datetime" });
    it.apply(&[it.world.definition(54, &other)]).await;
    it.apply(&[it.world.definition(55, &total(4, "max", "custom.due"))]).await;
    assert_eq!(it.is("c_total"), "1769904000000");
    let index = "SELECT sql FROM sqlite_schema WHERE name = 't_x_project$by_c_client'";
    let index = || connect(&it.world, "one").query_row(index, [], |row| row.get::<_, String>(0)).unwrap();
    assert!(index().ends_with("(c_client, f_archived_at, f_merged_into, c_due)"), "{}", index());
    it.apply(&[it.world.definition(56, &companies(5, json!([])))]).await;
    assert!(index().ends_with("(c_client)"), "{}", index());
}

#[tokio::test]
async fn roll_ups_that_make_no_sense_have_no_column_and_do_no_harm() {
    let over_itself = json!({
        "name": "children", "type": "roll_up", "object": "company", "via": "parent_id", "function": "count",
    });
    let of_roll_up = json!({
        "name": "grand", "type": "roll_up", "object": "company", "via": "parent_id", "function": "sum", "field": "custom.n",
    });
    let other = |name: &str, object: &str, via: &str| json!({ "name": name, "type": "roll_up", "object": object, "via": via, "function": "count" });
    let fields = json!([
        roll_up("n", "count", None, json!([])),
        roll_up("texts", "sum", Some("custom.stage"), json!([])),
        roll_up("nothing", "sum", None, json!([])),
        roll_up("nowhere", "sum", Some("custom.none"), json!([])),
        over_itself,
        of_roll_up,
        other("a", "x_none", "custom.client"),
        other("b", "x_project", "custom.size"),
        other("c", "x_project", "owner_id"),
        other("d", "contact", "company_id"),
    ]);
    let it = Company::with(fields).await;
    let part = it.world.ids.next::<kinds::Company>().erase();
    it.apply(&[it.world.record("company", part, 1, 300, json!({ "parent_id": it.id }))]).await;
    it.project(it.new_id(), 1, Some(part), json!({})).await;
    let contact = it.world.record("contact", it.world.id(), 1, 301, json!({ "company_id": it.id }));
    it.apply(&[contact]).await;
    assert_eq!(
        (it.is("c_n"), it.of(part, "c_n"), it.is("c_children"), it.is("c_d")),
        ("0".into(), "1".into(), "1".into(), "1".into())
    );
    let select = "SELECT group_concat(name) FROM pragma_table_info('t_company') WHERE name GLOB 'c_*'";
    let columns: String = connect(&it.world, "one").query_row(select, [], |row| row.get(0)).unwrap();
    assert_eq!(columns, "c_n,c_children,c_d");
}

#[tokio::test]
async fn a_roll_up_is_worked_out_from_its_index_alone() {
    let it = Company::with(json!([roll_up("sum", "sum", Some("custom.budget"), json!([]))])).await;
    let plan = "EXPLAIN QUERY PLAN SELECT total(c_budget), min(cu_budget) FROM t_x_project AS child \
                WHERE child.c_client = 'x' AND f_archived_at IS NULL AND f_merged_into IS NULL";
    let connection = connect(&it.world, "one");
    let plan: String = connection.query_row(plan, [], |row| row.get(3)).unwrap();
    assert!(
        plan.contains(
            "USING COVERING INDEX t_x_project$by_c_client (c_client=? AND f_archived_at=? AND f_merged_into=?)"
        ),
        "{plan}"
    );
}
