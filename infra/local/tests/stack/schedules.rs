//! Functions that run by the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use local::{Config, Functions, Stack, Template};

const TEMPLATE: &str = "
Resources:
  TickFunction:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: target/lambda/tick/, Handler: schedule }
  Tick:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 minute)
      Target: { Arn: !GetAtt TickFunction.Arn }
";

#[tokio::test]
async fn a_scheduled_function_runs_and_its_failure_is_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let template = Template::parse(TEMPLATE).unwrap();
    let functions = Functions::new().schedule("tick", move |event| {
        let (counted, source) = (counted.clone(), event.source.clone());
        async move {
            assert_eq!(source.as_deref(), Some("aws.scheduler"));
            let before = counted.fetch_add(1, Ordering::SeqCst);
            anyhow::ensure!(before > 0, "the first run fails");
            Ok(())
        }
    });
    let stack = Stack::start_with(&Config::quiet(directory.path()), &template, |_| Ok(functions)).await.unwrap();
    stack.run_schedules().await;
    stack.run_schedules().await;
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}
