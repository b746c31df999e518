//! Proof that each role has what its function needs: every action of every role is taken away, one at a time, and what needs it
//! has to fail, and has to work again once the action is back.
//!
//! [`RIGHTS`] is the whole list. A test compares it with `template.yaml` in both directions, so a right that is added needs a
//! line here, and a right that is lost fails even where the emulator would not miss it.

mod provoke;

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use self::provoke::{Scene, audit, counted, jobs, mail, objects};
use super::people::Person;
use super::stack::{Outputs, Stack};

/// An action of a statement of a role.
struct Right {
    role: &'static str,
    sid: &'static str,
    action: &'static str,
    proof: Proof,
}

/// How it is known that the right is needed.
enum Proof {
    /// Without it this fails: whether it worked.
    Flow(fn(&Scene<'_>) -> anyhow::Result<bool>),
    /// An update of the stack takes it away (`refusal`).
    Update,
    /// The emulator cannot miss it, and why.
    Unseen(&'static str),
}

const LOGS: Proof = Proof::Unseen("the emulator writes functions' logs itself, not as the function's role");
const POLLER: Proof = Proof::Unseen("the emulator reads streams and queues itself, not as the function's role");
const GIVES_UP: Proof =
    Proof::Unseen("the emulator puts given-up batches into the queue itself; it takes 100 tries besides");
const FORBIDDEN: Proof =
    Proof::Unseen("the emulator answers 404 for a missing object also to who may not list the bucket");
const ASKED_IN_PASSING: Proof =
    Proof::Unseen("a snapshot that cannot be asked for fails nothing; that a log tells is seen of the views");
const COUNTED: Proof =
    Proof::Unseen("who starts a job counts its records first, which asks for the snapshot that its worker then finds");
const LONG: Proof = Proof::Unseen("a job is sent on only after ten seconds of work");
const SIGNED: Proof = Proof::Unseen(
    "who has a signed address does what the role may, and the emulator does not judge addresses by the role that signed them",
);
const IN_PARTS: Proof = Proof::Unseen("only files of more than five megabytes are written in parts");
const UPLOADED: Proof = Proof::Unseen("no flow brings a file in, since files are put at signed addresses");
const ANY_SENDER: Proof = Proof::Unseen(
    "the emulator takes a mail for one of every sender, whom the role has no right to, and refuses it in any case",
);
const CLOCK: Proof = Proof::Unseen("the schedule runs once an hour");

const fn right(role: &'static str, sid: &'static str, action: &'static str, proof: Proof) -> Right {
    Right { role, sid, action, proof }
}

const fn seen(
    role: &'static str,
    sid: &'static str,
    action: &'static str,
    works: fn(&Scene<'_>) -> anyhow::Result<bool>,
) -> Right {
    right(role, sid, action, Proof::Flow(works))
}

/// Every right of every role. The order matters in places, which say so.
const RIGHTS: &[Right] = &[
    right("AuthorizerRole", "Log", "logs:CreateLogStream", LOGS),
    right("AuthorizerRole", "Log", "logs:PutLogEvents", LOGS),
    seen("AuthorizerRole", "Keys", "dynamodb:GetItem", provoke::unknown_key),
    seen("AuthorizerRole", "Memberships", "dynamodb:Query", provoke::come_with_a_token),
    right("IdentityRole", "Log", "logs:CreateLogStream", LOGS),
    right("IdentityRole", "Log", "logs:PutLogEvents", LOGS),
    seen("IdentityRole", "CountRequests", "dynamodb:UpdateItem", counted::at_identity),
    seen("IdentityRole", "Records", "dynamodb:GetItem", provoke::read_workspace),
    seen("IdentityRole", "Records", "dynamodb:BatchGetItem", provoke::read_me),
    seen("IdentityRole", "Records", "dynamodb:Query", provoke::list_keys),
    seen("IdentityRole", "Records", "dynamodb:PutItem", provoke::rename_workspace),
    seen("IdentityRole", "Records", "dynamodb:ConditionCheckItem", provoke::create_team_below),
    seen("IdentityRole", "Records", "dynamodb:DeleteItem", provoke::archive_user),
    right("ContactsRole", "Log", "logs:CreateLogStream", LOGS),
    right("ContactsRole", "Log", "logs:PutLogEvents", LOGS),
    seen("ContactsRole", "CountRequests", "dynamodb:UpdateItem", counted::at_contacts),
    seen("ContactsRole", "Records", "dynamodb:GetItem", provoke::change_contact),
    seen("ContactsRole", "Records", "dynamodb:BatchGetItem", provoke::create_company_below),
    seen("ContactsRole", "Records", "dynamodb:Query", provoke::read_history),
    right("ContactsRole", "Records", "dynamodb:PutItem", Proof::Update),
    seen("ContactsRole", "Records", "dynamodb:ConditionCheckItem", provoke::create_company_below),
    // Last: it puts the contact into the trash.
    seen("ContactsRole", "Records", "dynamodb:DeleteItem", provoke::archive_contact),
    right("ObjectsRole", "Log", "logs:CreateLogStream", LOGS),
    right("ObjectsRole", "Log", "logs:PutLogEvents", LOGS),
    seen("ObjectsRole", "CountRequests", "dynamodb:UpdateItem", counted::at_objects),
    seen("ObjectsRole", "Records", "dynamodb:GetItem", objects::change_thing),
    seen("ObjectsRole", "Records", "dynamodb:BatchGetItem", objects::create_thing_below),
    seen("ObjectsRole", "Records", "dynamodb:Query", objects::read_thing_history),
    seen("ObjectsRole", "Records", "dynamodb:PutItem", objects::change_thing),
    seen("ObjectsRole", "Records", "dynamodb:ConditionCheckItem", objects::create_thing_below),
    // Last: it puts the record into the trash.
    seen("ObjectsRole", "Records", "dynamodb:DeleteItem", objects::archive_thing),
    right("JobsRole", "Log", "logs:CreateLogStream", LOGS),
    right("JobsRole", "Log", "logs:PutLogEvents", LOGS),
    seen("JobsRole", "CountRequests", "dynamodb:UpdateItem", counted::at_jobs),
    seen("JobsRole", "Records", "dynamodb:GetItem", jobs::read_job_errors),
    seen("JobsRole", "Records", "dynamodb:BatchGetItem", jobs::first_count),
    seen("JobsRole", "Records", "dynamodb:Query", jobs::read_job_errors),
    seen("JobsRole", "Records", "dynamodb:PutItem", jobs::start_job),
    seen("JobsRole", "KnowTheTable", "dynamodb:DescribeTable", jobs::count_by_a_new_instance),
    seen("JobsRole", "Catalogue", "dynamodb:Query", jobs::first_count),
    seen("JobsRole", "ReadSnapshots", "s3:GetObject", jobs::count_by_a_new_instance),
    right("JobsRole", "TellMissingFromForbidden", "s3:ListBucket", FORBIDDEN),
    right("JobsRole", "AskForSnapshots", "sqs:SendMessage", ASKED_IN_PASSING),
    right("JobsRole", "BringFiles", "s3:PutObject", SIGNED),
    right("JobsRole", "GetFiles", "s3:GetObject", SIGNED),
    right("JobsWorkerRole", "Log", "logs:CreateLogStream", LOGS),
    right("JobsWorkerRole", "Log", "logs:PutLogEvents", LOGS),
    seen("JobsWorkerRole", "Records", "dynamodb:GetItem", jobs::change_by_job),
    seen("JobsWorkerRole", "Records", "dynamodb:BatchGetItem", jobs::move_by_job),
    seen("JobsWorkerRole", "Records", "dynamodb:Query", jobs::change_by_job),
    seen("JobsWorkerRole", "Records", "dynamodb:PutItem", jobs::change_by_job),
    seen("JobsWorkerRole", "Records", "dynamodb:DeleteItem", jobs::archive_by_job),
    seen("JobsWorkerRole", "Records", "dynamodb:ConditionCheckItem", jobs::move_by_job),
    seen("JobsWorkerRole", "KnowTheTable", "dynamodb:DescribeTable", jobs::select_by_a_new_instance),
    right("JobsWorkerRole", "Catalogue", "dynamodb:Query", COUNTED),
    seen("JobsWorkerRole", "ReadSnapshots", "s3:GetObject", jobs::select_by_a_new_instance),
    right("JobsWorkerRole", "TellMissingFromForbidden", "s3:ListBucket", FORBIDDEN),
    right("JobsWorkerRole", "AskForSnapshots", "sqs:SendMessage", ASKED_IN_PASSING),
    right("JobsWorkerRole", "GoOn", "sqs:SendMessage", LONG),
    right("JobsWorkerRole", "Receive", "sqs:ReceiveMessage", POLLER),
    right("JobsWorkerRole", "Receive", "sqs:DeleteMessage", POLLER),
    right("JobsWorkerRole", "Receive", "sqs:GetQueueAttributes", POLLER),
    right("JobsWorkerRole", "ReadUploads", "s3:GetObject", UPLOADED),
    seen("JobsWorkerRole", "Forget", "s3:DeleteObject", audit::forget_an_export),
    seen("JobsWorkerRole", "WriteResults", "s3:PutObject", jobs::export_by_job),
    right("JobsWorkerRole", "WriteResults", "s3:GetObject", IN_PARTS),
    right("JobsWorkerRole", "WriteResults", "s3:AbortMultipartUpload", IN_PARTS),
    right("MailRole", "Log", "logs:CreateLogStream", LOGS),
    right("MailRole", "Log", "logs:PutLogEvents", LOGS),
    seen("MailRole", "Read", "dynamodb:BatchGetItem", mail::look_at_invitation),
    seen("MailRole", "Claim", "dynamodb:PutItem", mail::claim_mail),
    right("MailRole", "Send", "ses:SendRawEmail", ANY_SENDER),
    right("MailRole", "Receive", "sqs:ReceiveMessage", POLLER),
    right("MailRole", "Receive", "sqs:DeleteMessage", POLLER),
    right("MailRole", "Receive", "sqs:GetQueueAttributes", POLLER),
    right("SchedulerRole", "Log", "logs:CreateLogStream", LOGS),
    right("SchedulerRole", "Log", "logs:PutLogEvents", LOGS),
    seen("SchedulerRole", "Records", "dynamodb:GetItem", jobs::erase_what_is_due),
    seen("SchedulerRole", "Records", "dynamodb:BatchGetItem", jobs::erase_what_is_due),
    seen("SchedulerRole", "Records", "dynamodb:Query", jobs::erase_what_is_due),
    seen("SchedulerRole", "Records", "dynamodb:PutItem", jobs::erase_what_is_due),
    seen("SchedulerRole", "Records", "dynamodb:DeleteItem", jobs::erase_what_is_due),
    seen("SchedulerRole", "Due", "dynamodb:Query", jobs::look_for_due_work),
    seen("SchedulerRole", "Catalogue", "dynamodb:Query", audit::seal_a_day),
    right("DueWorkRole", "Run", "lambda:InvokeFunction", CLOCK),
    right("JournalRole", "Log", "logs:CreateLogStream", LOGS),
    right("JournalRole", "Log", "logs:PutLogEvents", LOGS),
    right("JournalRole", "ReadStream", "dynamodb:DescribeStream", POLLER),
    right("JournalRole", "ReadStream", "dynamodb:GetRecords", POLLER),
    right("JournalRole", "ReadStream", "dynamodb:GetShardIterator", POLLER),
    right("JournalRole", "ReadStream", "dynamodb:ListStreams", POLLER),
    // First: asked only as long as the function has not appended to that workspace's journal.
    seen("JournalRole", "Append", "dynamodb:Query", provoke::append),
    seen("JournalRole", "Append", "dynamodb:PutItem", provoke::append),
    right("RelayRole", "Log", "logs:CreateLogStream", LOGS),
    right("RelayRole", "Log", "logs:PutLogEvents", LOGS),
    right("RelayRole", "ReadStream", "dynamodb:DescribeStream", POLLER),
    right("RelayRole", "ReadStream", "dynamodb:GetRecords", POLLER),
    right("RelayRole", "ReadStream", "dynamodb:GetShardIterator", POLLER),
    right("RelayRole", "ReadStream", "dynamodb:ListStreams", POLLER),
    // First: asked only as long as the function has not noted that day of that workspace.
    seen("RelayRole", "OpenDays", "dynamodb:PutItem", provoke::relay),
    seen("RelayRole", "Send", "sqs:SendMessage", provoke::relay),
    seen("RelayRole", "WakeJobs", "sqs:SendMessage", provoke::relay),
    seen("RelayRole", "AskForMail", "sqs:SendMessage", provoke::relay),
    right("RelayRole", "GiveUp", "sqs:SendMessage", GIVES_UP),
    right("PrivacyRole", "Log", "logs:CreateLogStream", LOGS),
    right("PrivacyRole", "Log", "logs:PutLogEvents", LOGS),
    seen("PrivacyRole", "CountRequests", "dynamodb:UpdateItem", counted::at_privacy),
    seen("PrivacyRole", "Read", "dynamodb:BatchGetItem", audit::read_audit),
    seen("PrivacyRole", "Read", "dynamodb:Query", audit::read_audit_of_record),
    seen("PrivacyRole", "Catalogue", "dynamodb:Query", audit::read_audit),
    seen("PrivacyRole", "Note", "dynamodb:PutItem", audit::take_audit_away),
    right("SnapshotsRole", "Log", "logs:CreateLogStream", LOGS),
    right("SnapshotsRole", "Log", "logs:PutLogEvents", LOGS),
    seen("SnapshotsRole", "KnowTheTable", "dynamodb:DescribeTable", provoke::first_snapshot),
    seen("SnapshotsRole", "Read", "dynamodb:GetItem", provoke::snapshot_anew),
    seen("SnapshotsRole", "Read", "dynamodb:BatchGetItem", provoke::snapshot_anew),
    seen("SnapshotsRole", "Read", "dynamodb:Query", provoke::snapshot_anew),
    seen("SnapshotsRole", "Catalogue", "dynamodb:Query", provoke::snapshot_anew),
    seen("SnapshotsRole", "MoveManifest", "dynamodb:PutItem", provoke::snapshot_anew),
    seen("SnapshotsRole", "Snapshots", "s3:PutObject", provoke::snapshot_anew),
    seen("SnapshotsRole", "Snapshots", "s3:DeleteObject", provoke::snapshot_anew),
    // It looks whether the present snapshot is still there.
    seen("SnapshotsRole", "Snapshots", "s3:GetObject", provoke::snapshot_if_worth),
    // After an erasure it lists what else there is of the workspace.
    seen("SnapshotsRole", "ListSnapshots", "s3:ListBucket", provoke::snapshot_anew),
    right("SnapshotsRole", "Receive", "sqs:ReceiveMessage", POLLER),
    right("SnapshotsRole", "Receive", "sqs:DeleteMessage", POLLER),
    right("SnapshotsRole", "Receive", "sqs:GetQueueAttributes", POLLER),
    right("ViewsRole", "Log", "logs:CreateLogStream", LOGS),
    right("ViewsRole", "Log", "logs:PutLogEvents", LOGS),
    seen("ViewsRole", "CountRequests", "dynamodb:UpdateItem", counted::at_views),
    seen("ViewsRole", "Read", "dynamodb:GetItem", provoke::first_list),
    seen("ViewsRole", "Read", "dynamodb:BatchGetItem", provoke::first_list),
    seen("ViewsRole", "Read", "dynamodb:Query", provoke::list),
    seen("ViewsRole", "SaveViews", "dynamodb:PutItem", provoke::save_view),
    seen("ViewsRole", "SaveViews", "dynamodb:ConditionCheckItem", provoke::share_view),
    seen("ViewsRole", "SaveViews", "dynamodb:DeleteItem", provoke::erase_view),
    seen("ViewsRole", "KnowTheTable", "dynamodb:DescribeTable", provoke::list_by_a_new_instance),
    seen("ViewsRole", "Catalogue", "dynamodb:Query", provoke::first_list),
    // After the worker's: the snapshot that is downloaded is one of those.
    seen("ViewsRole", "ReadSnapshots", "s3:GetObject", provoke::list_by_a_new_instance),
    right("ViewsRole", "TellMissingFromForbidden", "s3:ListBucket", FORBIDDEN),
    seen("ViewsRole", "AskForSnapshots", "sqs:SendMessage", provoke::ask_for_a_snapshot),
    right("SchemaRole", "Log", "logs:CreateLogStream", LOGS),
    right("SchemaRole", "Log", "logs:PutLogEvents", LOGS),
    seen("SchemaRole", "CountRequests", "dynamodb:UpdateItem", counted::at_schema),
    seen("SchemaRole", "Read", "dynamodb:GetItem", objects::read_schema),
    seen("SchemaRole", "Read", "dynamodb:BatchGetItem", objects::first_judgement),
    seen("SchemaRole", "Read", "dynamodb:Query", objects::read_schema),
    seen("SchemaRole", "Define", "dynamodb:PutItem", objects::rename_object),
    seen("SchemaRole", "KnowTheTable", "dynamodb:DescribeTable", objects::judgement_by_a_new_instance),
    seen("SchemaRole", "Catalogue", "dynamodb:Query", objects::first_judgement),
    seen("SchemaRole", "ReadSnapshots", "s3:GetObject", objects::judgement_by_a_new_instance),
    right("SchemaRole", "TellMissingFromForbidden", "s3:ListBucket", FORBIDDEN),
    seen("SchemaRole", "AskForSnapshots", "sqs:SendMessage", objects::ask_for_a_snapshot_to_judge),
];

/// Takes every right away in its turn, and gives it back.
///
/// # Errors
/// When something works without a right that it should need, or does not work with all of them.
pub(super) fn prove(stack: &Stack<'_>, outputs: &Outputs, person: &Person) -> anyhow::Result<()> {
    let scene = Scene::set(stack, outputs, person)?;
    let mut policies = BTreeMap::new();
    let (mut missed, mut unseen) = (0, BTreeMap::<&str, usize>::new());
    for right in RIGHTS {
        let works = match &right.proof {
            Proof::Flow(works) => works,
            Proof::Update => continue,
            Proof::Unseen(why) => {
                *unseen.entry(why).or_default() += 1;
                continue;
            }
        };
        if !policies.contains_key(right.role) {
            policies.insert(right.role, Policy::of(stack, right.role)?);
        }
        let what = format!("{} {} {}", right.role, right.sid, right.action);
        prove_one(stack, &scene, &policies[right.role], right, *works).context(what)?;
        missed += 1;
    }
    crate::say(&format!("      {missed} rights are missed when they are gone"));
    for (why, count) in unseen {
        crate::say(&format!("      {count} are only compared with the list: {why}"));
    }
    Ok(())
}

fn prove_one(
    stack: &Stack<'_>,
    scene: &Scene<'_>,
    policy: &Policy,
    right: &Right,
    works: fn(&Scene<'_>) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    policy.put(stack, &without(&policy.document, right.sid, right.action)?)?;
    let without = works(scene);
    policy.put(stack, &policy.document)?;
    ensure!(!without.context("without it")?, "nothing misses it: take it out of the template, or find what needs it");
    ensure!(works(scene).context("with it")?, "what failed without it still fails with it");
    Ok(())
}

/// The inline policy of a deployed role.
struct Policy {
    role: String,
    name: String,
    document: Value,
}

impl Policy {
    fn of(stack: &Stack<'_>, logical: &str) -> anyhow::Result<Self> {
        let role = stack.resource(logical)?;
        let names = stack.ask("iam", "list_role_policies", &json!({"RoleName": role}))?;
        let names = names["PolicyNames"].as_array().context("a role without inline policies")?;
        ensure!(names.len() == 1, "{logical} has the policies {names:?}, not one");
        let name = names[0].as_str().context("a policy without a name")?.to_owned();
        let policy = stack.ask("iam", "get_role_policy", &json!({"RoleName": role, "PolicyName": name}))?;
        let document = match &policy["PolicyDocument"] {
            Value::String(text) => serde_json::from_str(text)?,
            document => document.clone(),
        };
        Ok(Self { role, name, document })
    }

    fn put(&self, stack: &Stack<'_>, document: &Value) -> anyhow::Result<()> {
        let arguments = json!({"RoleName": self.role, "PolicyName": self.name, "PolicyDocument": document.to_string()});
        stack.ask("iam", "put_role_policy", &arguments).map(drop)
    }
}

/// A policy with one action less.
fn without(document: &Value, sid: &str, action: &str) -> anyhow::Result<Value> {
    let mut document = document.clone();
    let statements = document["Statement"].as_array_mut().context("a policy without statements")?;
    let index = statements.iter().position(|statement| statement["Sid"] == sid);
    let index = index.with_context(|| format!("no statement {sid}"))?;
    let actions = match &statements[index]["Action"] {
        Value::Array(actions) => actions.clone(),
        single => vec![single.clone()],
    };
    let left: Vec<Value> = actions.iter().filter(|found| *found != action).cloned().collect();
    ensure!(left.len() + 1 == actions.len(), "{sid} has {actions:?}, not once {action}");
    if left.is_empty() {
        statements.remove(index);
    } else {
        statements[index]["Action"] = Value::Array(left);
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Named = (String, String, String);

    /// Role, statement and action of everything that the template's roles may do.
    fn of_template(template: &str) -> BTreeSet<Named> {
        let (mut role, mut sid) = (String::new(), String::new());
        let mut found = BTreeSet::new();
        for line in template.lines() {
            if line.starts_with("  ") && !line.starts_with("   ") {
                (role, sid) = (line.trim().trim_end_matches(':').to_owned(), String::new());
            }
            let line = line.trim();
            if let Some(name) = line.strip_prefix("- Sid: ") {
                sid = name.to_owned();
            }
            let action = line.strip_prefix("Action: ").or_else(|| line.strip_prefix("- "));
            let is_action =
                |text: &&str| text.split_once(':').is_some_and(|(_, verb)| verb.starts_with(char::is_uppercase));
            if let Some(action) = action.filter(is_action).filter(|_| !sid.is_empty()) {
                found.insert((role.clone(), sid.clone(), action.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_right_of_the_template_is_in_the_list_and_the_other_way_round() {
        let template = of_template(include_str!("../../../../template.yaml"));
        let named = |right: &Right| (right.role.to_owned(), right.sid.to_owned(), right.action.to_owned());
        let list: BTreeSet<Named> = RIGHTS.iter().map(named).collect();
        assert_eq!(template.difference(&list).collect::<Vec<_>>(), Vec::<&Named>::new(), "not in the list");
        assert_eq!(list.difference(&template).collect::<Vec<_>>(), Vec::<&Named>::new(), "not in the template");
        assert_eq!(list.len(), RIGHTS.len(), "something is twice in the list");
    }

    #[test]
    fn no_statement_escapes_the_list() {
        // What the reading of the template above relies on: statements have names, and actions no wildcards.
        let template = include_str!("../../../../template.yaml");
        let roles = template.matches("Type: AWS::IAM::Role\n").count();
        assert_eq!(template.matches("Effect: Allow").count(), template.matches("- Sid: ").count() + roles);
        assert!(!template.contains("AWS::IAM::Policy") && !template.contains("AWS::IAM::ManagedPolicy"));
        assert!(!template.contains("NotAction") && !of_template(template).iter().any(|right| right.2.contains('*')));
    }

    #[test]
    fn the_update_takes_away_what_the_list_says() {
        let update = RIGHTS.iter().filter(|right| matches!(right.proof, Proof::Update));
        let update: Vec<_> = update.map(|right| (right.role, right.action)).collect();
        assert_eq!(update, [(crate::cloud::refusal::ROLE, crate::cloud::refusal::ACTION)]);
    }

    #[test]
    fn a_policy_loses_one_action_of_one_statement() {
        let policy = json!({"Statement": [{"Sid": "A", "Action": ["s3:X", "s3:Y"]}, {"Sid": "B", "Action": "s3:X"}]});
        let less = json!({"Statement": [{"Sid": "A", "Action": ["s3:Y"]}, {"Sid": "B", "Action": "s3:X"}]});
        assert_eq!(without(&policy, "A", "s3:X").unwrap(), less);
        assert_eq!(without(&policy, "B", "s3:X").unwrap()["Statement"].as_array().unwrap().len(), 1);
        assert!(without(&policy, "B", "s3:Y").is_err());
    }
}
