//! What a job costs of the table: round trips and units for each record.

use std::sync::{Arc, Mutex};

use jobs::Worker;
use serde_json::{Value, json};
use testkit::Fate;

use super::counts;
use super::killed::Rig;

/// What a run has used: round trips, read units, write units.
type Used = [f64; 3];

/// Runs a job to its end, and sums what the table says that it costs.
async fn cost(rig: &Rig, job: &Value) -> Used {
    let used: Arc<Mutex<Used>> = Arc::default();
    let sum = used.clone();
    rig.faults.hook(move |call| {
        let (sum, writes) = (sum.clone(), call.operation == "TransactWriteItems");
        Fate::Alter(Box::new(move |answer| {
            let capacity = &answer["ConsumedCapacity"];
            let all = capacity.as_array().cloned().unwrap_or_else(|| vec![capacity.clone()]);
            let units: f64 = all.iter().filter_map(|capacity| capacity["CapacityUnits"].as_f64()).sum();
            let mut sum = sum.lock().unwrap();
            sum[0] += 1.0;
            sum[if writes { 2 } else { 1 }] += units;
        }))
    });
    let response = Box::pin(Worker::default().handle(&rig.app(), rig.message(job).await)).await;
    assert!(response.batch_item_failures.is_empty());
    rig.faults.heal();
    *used.lock().unwrap()
}

#[tokio::test]
async fn a_record_of_a_bulk_edit_costs_two_round_trips_and_seven_write_units() {
    let rig = Rig::with(200).await;
    let edit = async |number: usize, city: &str| {
        let job = rig.start(json!({ "ids": rig.ids[..number], "change": { "city": city } })).await;
        let used = cost(&rig, &job).await;
        assert_eq!(counts(&rig.job(&job).await)[2], number as u64);
        used
    };
    let (one, two) = (edit(100, "Ulm").await, edit(200, "Jena").await);
    let second: Used = [0, 1, 2].map(|index| two[index] - one[index]);
    // Each: a read and a transaction of record, event, its place in the catalog, and kept answer. Besides, once a chunk: the
    // job, the key that it was started with and the chunk are read, and the job is written.
    assert_eq!(second, [204.0, 103.0, 702.0]);
}
