//! Every operation, asked by somebody of every role, of records of every owner: what is answered is what `docs/permissions.txt` says.

mod cast;
mod costs;
mod many;
mod pages;
pub(crate) mod printed;
mod request;
mod rows;
mod verdict;

use std::collections::BTreeSet;

use api::Operation;
use http::StatusCode;

use self::cast::{Cast, Somebody, own_role};
use self::printed::{PERMISSIONS, Permissions};
use self::request::{About, request};
use self::rows::{Need, needs, rows};
use self::verdict::{Judge, Verdict, Whose};
use crate::app::{Answer, App};
use crate::contract::{capabilities, text};

const EVERY: [Whose; 6] =
    [Whose::Own, Whose::Team, Whose::Other, Whose::SharedToRead, Whose::SharedToWrite, Whose::Foreign];

fn operations(app: &App) -> Vec<Operation> {
    capabilities(app).into_iter().flat_map(|capability| capability.operations).collect()
}

#[tokio::test]
async fn every_operation_says_what_it_takes() {
    let app = App::start().await;
    let known: BTreeSet<String> = rows().into_keys().map(str::to_owned).collect();
    let there: BTreeSet<String> = operations(&app).into_iter().map(|operation| operation.id).collect();
    let (missing, gone): (Vec<_>, Vec<_>) = (there.difference(&known).collect(), known.difference(&there).collect());
    assert!(
        missing.is_empty() && gone.is_empty(),
        "say in ROWS of tests/it/authorization/rows.rs what these operations take: {missing:?}; these are gone: {gone:?}"
    );
    for operation in operations(&app) {
        let is_public = needs(rows()[operation.id.as_str()]) == [Need::Public];
        assert_eq!(is_public, operation.public, "{}", operation.id);
    }
}

#[tokio::test]
async fn every_role_may_do_what_is_printed_and_nothing_else() {
    let permissions = Permissions::read(&text(PERMISSIONS));
    let permissions = permissions.with_role(&own_role()).with_private_object("custom_record");
    let cast = Cast::gather().await;
    let (mut wrong, mut asked, mut seen) = (Vec::new(), 0, BTreeSet::new());
    for operation in operations(&cast.app) {
        let words = permissions.operations.get(&operation.id);
        let needs = needs(words.unwrap_or_else(|| panic!("{PERMISSIONS} lacks {}", operation.id)));
        for me in &cast.everybody {
            for (about, other) in abouts(&cast, me, &needs) {
                let judge = Judge { permissions: &permissions, role: &me.role };
                let verdict = judge.judge(&needs, about.whose, other);
                let request = request(&cast, me, &operation, &about);
                let answer = me.caller.send(request.method, &request.target, &[], request.body).await;
                let expected = expected(&operation, &needs, verdict, other);
                asked += 1;
                seen.insert(verdict);
                if !expected.contains(&status(&operation, &answer)) {
                    let said = answer.body.to_string().chars().take(300).collect::<String>();
                    let who = format!("{} of {:?}, other {other:?}", me.role, about.whose);
                    let said = format!("{} {said}", answer.status);
                    wrong.push(format!("{} by {who}: should be {verdict:?} {expected:?}, is {said}", operation.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} answers are not what is printed:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 3000 && seen.len() == 3, "only {asked} requests, with {seen:?}");
}

/// What the requests for an operation are about, and whose the second record is.
fn abouts(cast: &Cast, me: &Somebody, needs: &[Need]) -> Vec<(About, Whose)> {
    let object = needs.iter().find_map(Need::object).unwrap_or("contact").to_owned();
    let about = |whose: Whose| {
        let this = cast.record(&object, whose, me)?;
        let other = Cast::second(&object, me).unwrap_or_default();
        Some(About { object: object.clone(), this, other, whose })
    };
    let names_one = needs.iter().any(|need| matches!(need, Need::This(..)));
    let is_upsert = needs.iter().any(|need| matches!(need, Need::This(action, _) if action == "upsert"));
    let makes_one = needs.iter().any(|need| matches!(need, Need::Create(_)));
    let names_other = needs.iter().any(|need| matches!(need, Need::Other(..)));
    let wanted: Vec<Whose> = match (names_one, makes_one) {
        // A value of another workspace is nobody's here.
        (true, _) if is_upsert => EVERY.into_iter().filter(|whose| *whose != Whose::Foreign).collect(),
        (true, _) => EVERY.to_vec(),
        (false, true) => vec![Whose::Own, Whose::Team, Whose::Other],
        (false, false) => vec![Whose::Own],
    };
    let is_owned = !["user", "team"].contains(&object.as_str());
    // Users and teams are nobody's.
    let wanted = wanted.into_iter().filter(|whose| is_owned || matches!(whose, Whose::Other | Whose::Foreign));
    let mut all: Vec<(About, Whose)> = wanted.filter_map(|whose| Some((about(whose)?, Whose::Own))).collect();
    if names_other {
        let others = EVERY.into_iter().filter(|whose| *whose != Whose::Own);
        all.extend(others.filter_map(|whose| {
            let other = cast.record(&object, whose, me)?;
            Some((About { other, ..about(Whose::Own)? }, whose))
        }));
    }
    if all.is_empty() {
        all.extend(about(Whose::Other).map(|about| (about, Whose::Own)));
    }
    all
}

/// The statuses that a verdict is answered with.
fn expected(operation: &Operation, needs: &[Need], verdict: Verdict, other: Whose) -> Vec<u16> {
    let is_upsert = needs.iter().any(|need| matches!(need, Need::This(action, _) if action == "upsert"));
    match verdict {
        // The jobs of the cast are done.
        Verdict::Allowed if operation.id == "cancel_job" => vec![409],
        Verdict::Allowed => vec![200, 201, 202, 204],
        Verdict::Denied => vec![403],
        // That a unique value is taken says that somebody has it, and not who.
        Verdict::Unseen if is_upsert => vec![409],
        // A body that names a record which is not there is wrong in itself.
        Verdict::Unseen if operation.id.starts_with("merge_") && other != Whose::Own => vec![422],
        Verdict::Unseen => vec![404],
    }
}

/// The status, of a batch that of its one operation.
fn status(operation: &Operation, answer: &Answer) -> u16 {
    match operation.id.starts_with("batch_") && answer.status == StatusCode::OK {
        true => answer.body["results"][0]["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(0),
        false => answer.status.as_u16(),
    }
}
