//! What every operation takes: one row for each. `docs/permissions.txt` prints them.
//!
//! | words | what they mean |
//! |---|---|
//! | `public` | nothing, not even a credential |
//! | `anybody` | any credential |
//! | `a_person` | a token of the identity provider: keys are denied |
//! | `may manage_users` | a role with that capability |
//! | `read some contact` | the action on some records of the object: its scope is not none |
//! | `update this contact` | the action on the record that the request names |
//! | `upsert this contact` | to update the record of that value; where it is not seen, the value is taken |
//! | `read other contact` | the same for the second record that the request names |
//! | `merge other contact` | the same |
//! | `create contact` | to make a record of that owner |
//! | `started this job` | to have started the job |

use std::collections::BTreeMap;

/// Operations and what they take, in the order of their names. `custom_record` is any object of a company's own.
const ROWS: &str = "
aggregate_companies             read some company
aggregate_contacts              read some contact
aggregate_custom_records        read some custom_record
aggregate_invitations           read some invitation
aggregate_jobs                  read some job
aggregate_teams                 read some team
aggregate_users                 read some user
aggregate_views                 read some view
archive_company                 archive this company
archive_contact                 archive this contact
archive_custom_record           archive this custom_record
archive_field                   may manage_schema
archive_object                  may manage_schema
archive_team                    archive this team
archive_user                    archive this user
archive_view                    archive this view
batch_companies                 update this company
batch_contacts                  update this contact
batch_custom_records            update this custom_record
bulk_edit_companies             may bulk_edit, update some company
bulk_edit_contacts              may bulk_edit, update some contact
bulk_edit_custom_records        may bulk_edit, update some custom_record
cancel_job                      update this job
create_api_key                  may manage_api_keys
create_company                  create company
create_contact                  create contact
create_custom_record            create custom_record
create_export                   export some contact
create_field                    may manage_schema
create_import                   may import_records, create some contact
create_invitation               create invitation
create_object                   may manage_schema
create_role                     may manage_roles
create_sign_in                  a_person
create_team                     create team
create_upload                   may import_records
create_user                     create user
create_view                     create view
create_workspace                a_person
erase_company                   may erase_records, archive this company
erase_contact                   may erase_records, archive this contact
erase_custom_record             may erase_records, archive this custom_record
erase_invitation                may erase_records, archive this invitation
erase_team                      may erase_records, archive this team
erase_user                      may erase_records, archive this user
erase_view                      may erase_records, archive this view
find_duplicates_of_company      read some company
find_duplicates_of_contact      read some contact
find_duplicates_of_custom_record read some custom_record
link_company                    update this company, read other company
link_contact                    update this contact, read other contact
link_custom_record              update this custom_record, read other custom_record
list_api_keys                   may manage_api_keys
list_audit                      may read_audit
list_audit_csv                  may read_audit
list_audit_days                 may read_audit
list_audit_jsonl                may read_audit
list_companies                  read some company
list_company_links              read this company
list_company_shares             read this company
list_contact_links              read this contact
list_contact_shares             read this contact
list_contacts                   read some contact
list_custom_record_links        read this custom_record
list_custom_record_shares       read this custom_record
list_custom_records             read some custom_record
list_duplicate_companies        read some company
list_duplicate_contacts         read some contact
list_duplicate_custom_records   read some custom_record
list_duplicates_of_company      read this company
list_duplicates_of_contact      read this contact
list_duplicates_of_custom_record read this custom_record
list_field_types                anybody
list_invitations                read some invitation
list_job_errors                 read this job
list_job_files                  read this job, started this job
list_jobs                       read some job
list_roles                      anybody
list_team_links                 read this team
list_teams                      read some team
list_user_links                 read this user
list_users                      read some user
list_view_shares                read this view
list_views                      read some view
merge_company                   merge this company, merge other company
merge_contact                   merge this contact, merge other contact
merge_custom_record             merge this custom_record, merge other custom_record
preview_import                  may import_records
read_company                    read this company
read_company_history            read this company
read_company_timeline           read this company
read_config                     public
read_contact                    read this contact
read_contact_history            read this contact
read_contact_timeline           read this contact
read_custom_record              read this custom_record
read_custom_record_history      read this custom_record
read_custom_record_timeline     read this custom_record
read_docs                       public
read_invitation                 read this invitation
read_invitation_history         read this invitation
read_invitation_timeline        read this invitation
read_job                        read this job
read_job_history                read this job
read_job_timeline               read this job
read_limits                     anybody
read_me                         anybody
read_object                     anybody
read_openapi                    public
read_role                       anybody
read_schema                     anybody
read_team                       read this team
read_team_history               read this team
read_team_timeline              read this team
read_user                       read this user
read_user_history               read this user
read_user_timeline              read this user
read_view                       read this view
read_view_history               read this view
read_view_timeline              read this view
read_workspace                  anybody
read_workspace_openapi          anybody
reassign_user                   may manage_users, read this user, update some contact
remove_role                     may manage_roles
restore_company                 archive this company
restore_contact                 archive this contact
restore_custom_record           archive this custom_record
restore_field                   may manage_schema
restore_object                  may manage_schema
restore_team                    archive this team
restore_user                    archive this user
restore_view                    archive this view
revoke_api_key                  may manage_api_keys
revoke_invitation               update this invitation
rotate_api_key                  may manage_api_keys
search_companies                read some company
search_contacts                 read some contact
search_custom_records           read some custom_record
search_invitations              read some invitation
search_jobs                     read some job
search_records                  anybody
search_teams                    read some team
search_users                    read some user
search_views                    read some view
send_invitation                 update this invitation
share_company                   update this company
share_contact                   update this contact
share_custom_record             update this custom_record
share_view                      update this view
undo_job                        update this job
unlink_company                  update this company, read other company
unlink_contact                  update this contact, read other contact
unlink_custom_record            update this custom_record, read other custom_record
unshare_company                 update this company
unshare_contact                 update this contact
unshare_custom_record           update this custom_record
unshare_view                    update this view
update_company                  update this company
update_contact                  update this contact
update_custom_record            update this custom_record
update_field                    may manage_schema
update_object                   may manage_schema
update_role                     may manage_roles
update_team                     update this team
update_user                     update this user
update_view                     update this view
update_workspace                may manage_workspace
upsert_company                  upsert this company
upsert_contact                  upsert this contact
upsert_custom_record            upsert this custom_record
upsert_team                     upsert this team
upsert_user                     upsert this user
";

/// One thing that an operation takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    Public,
    Anybody,
    /// A token of the identity provider.
    Person,
    /// A capability.
    May(String),
    /// An action on some records of an object.
    Some(String, String),
    /// An action on the record that the request names.
    This(String, String),
    /// An action on the second one.
    Other(String, String),
    /// To make a record of an object.
    Create(String),
    /// To have started the job.
    Started,
}

impl Need {
    fn parse(words: &str) -> Self {
        let own = |word: &str| word.to_owned();
        match words.split(' ').collect::<Vec<_>>().as_slice() {
            ["public"] => Self::Public,
            ["anybody"] => Self::Anybody,
            ["a_person"] => Self::Person,
            ["may", capability] => Self::May(own(capability)),
            ["create", object] => Self::Create(own(object)),
            ["started", "this", "job"] => Self::Started,
            [action, "some", object] => Self::Some(own(action), own(object)),
            [action, "this", object] => Self::This(own(action), own(object)),
            [action, "other", object] => Self::Other(own(action), own(object)),
            _ => panic!("tests/it/authorization/rows.rs says {words:?}, which it does not explain"),
        }
    }

    /// The object that it is about.
    pub(crate) fn object(&self) -> Option<&str> {
        match self {
            Self::Some(_, object) | Self::This(_, object) | Self::Other(_, object) | Self::Create(object) => {
                Some(object)
            }
            Self::Started => Some("job"),
            Self::Public | Self::Anybody | Self::Person | Self::May(_) => None,
        }
    }
}

/// What every operation takes, in words.
pub(crate) fn rows() -> BTreeMap<&'static str, &'static str> {
    let rows = ROWS.lines().filter(|line| !line.is_empty());
    rows.map(|line| line.split_once(' ').unwrap()).map(|(id, needs)| (id, needs.trim())).collect()
}

/// What an operation takes, one by one.
pub(crate) fn needs(words: &str) -> Vec<Need> {
    words.split(", ").map(Need::parse).collect()
}
