//! Every question against a plain model in memory: lists by filters, paths, orders and what the caller may see, their
//! pages and counts, and groups with what is known of them.

mod company;
mod grouping;
mod meaning;
mod questions;

use proptest::prelude::*;
use replica::{Found, Query, Replica, Visibility};
use serde_json::Value;

use crate::desk::block_on;
use company::{Company, plan};
use meaning::{Model, order};
use questions::{archived, filter, grouping as any_grouping, sort, viewer};

/// Every page of a list, put together.
fn paged(replica: &Replica, query: &Query) -> Vec<String> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let answer = replica.ask(&query).unwrap();
        assert_eq!(answer.has_more, answer.next_cursor.is_some());
        assert!(answer.rows.len() <= usize::from(query.limit));
        let bytes = |rows: &[Found]| -> usize {
            rows.iter().map(|row| Value::Object(row.document.clone()).to_string().len()).sum()
        };
        if let (Some(most), Some((_, before))) = (query.max_bytes, answer.rows.split_last()) {
            assert!(bytes(before) < most, "the page should have ended before");
            let is_full = answer.rows.len() == usize::from(query.limit) || bytes(&answer.rows) >= most;
            // Of what not all fields are shown the bytes are not known here.
            assert!(is_full || !answer.has_more || query.visibility != Visibility::all(), "the page ended too early");
        }
        all.extend(answer.rows.iter().map(|row| row.document["id"].as_str().unwrap().to_owned()));
        match answer.next_cursor {
            Some(next) => query.cursor = Some(next),
            None => return all,
        }
        assert!(all.len() <= 1000, "pages without an end");
    }
}

/// The ids that a list should have, in their order.
fn expected(model: &Model<'_>, query: &Query) -> Vec<String> {
    let mut fitting = model.fitting(&query.object, &query.filter, query.archived);
    let default = [replica::Sort::by("created_at", replica::Direction::Descending)];
    let sort = if query.sort.is_empty() { &default[..] } else { &query.sort };
    fitting.sort_by(|a, b| order(model, sort, a, b));
    fitting.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect()
}

/// Where a page ends: after how many records, and after how many bytes.
fn ends() -> impl Strategy<Value = (u16, Option<usize>)> {
    let bytes = (1u16..=replica::MAX_SLICE, 1usize..10_000).prop_map(|(limit, bytes)| (limit, Some(bytes)));
    prop_oneof![(1u16..8).prop_map(|limit| (limit, None)), bytes]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lists_and_their_pages_are_what_a_plain_model_says(
        plan in plan(),
        questions in prop::collection::vec((filter(), sort(), ends(), archived(), viewer()), 16),
    ) {
        let company = Company::of(&plan);
        let replica = block_on(company.desk.borrow_mut().open());
        for (filter, sort, (limit, max_bytes), archived, viewer) in questions {
            let visibility = company.visibility(viewer);
            let query =
                Query { filter, sort, limit, max_bytes, archived, visibility, count: true, ..Query::new("contact") };
            let model = Model { company: &company, visibility: &query.visibility };
            let wanted = expected(&model, &query);
            let answer = replica.ask(&query).unwrap();
            prop_assert_eq!(answer.count, Some(wanted.len() as u64), "{:?}", &query);
            prop_assert_eq!(paged(&replica, &query), wanted, "{:?}", &query);
            for row in &answer.rows {
                let roll_ups = model.roll_ups(&row.document);
                prop_assert_eq!(&row.roll_ups, &roll_ups);
            }
        }
    }

    #[test]
    fn groups_are_what_a_plain_model_says(
        plan in plan(),
        questions in prop::collection::vec((any_grouping(), viewer()), 16),
    ) {
        let company = Company::of(&plan);
        let replica = block_on(company.desk.borrow_mut().open());
        for (mut grouping, viewer) in questions {
            grouping.visibility = company.visibility(viewer);
            let model = Model { company: &company, visibility: &grouping.visibility };
            let wanted = grouping::expected(&model, &grouping);
            let answer = replica.aggregate_here(&grouping).unwrap();
            let found: Vec<(Vec<Value>, Vec<Value>)> =
                answer.rows.into_iter().map(|group| (group.keys, group.values)).collect();
            prop_assert_eq!(answer.has_more, wanted.len() > usize::from(grouping.limit));
            let wanted: Vec<_> = wanted.into_iter().take(usize::from(grouping.limit)).collect();
            prop_assert_eq!(found, wanted, "{:?}", &grouping);
        }
    }

    #[test]
    fn pages_of_a_search_are_the_whole_search(plan in plan(), limit in 1u16..6, viewer in viewer()) {
        let company = Company::of(&plan);
        let replica = block_on(company.desk.borrow_mut().open());
        let visibility = company.visibility(viewer);
        for text in ["ada", "е", "stra", "山"] {
            let search = Some(text.to_owned());
            let query = Query { search, limit, visibility: visibility.clone(), ..Query::new("contact") };
            let whole = replica.ask(&Query { limit: 200, ..query.clone() }).unwrap();
            let whole: Vec<String> =
                whole.rows.iter().map(|row| row.document["id"].as_str().unwrap().to_owned()).collect();
            prop_assert_eq!(paged(&replica, &query), whole);
        }
    }
}
