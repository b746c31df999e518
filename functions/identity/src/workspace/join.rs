//! Who may come into a workspace without an invitation: whoever has an address of its company.
//!
//! A workspace must not take in the people of others. So whoever names a domain has signed in with an address of it, which their issuer has
//! verified, and domains in which everybody can have an address are nobody's.

use std::collections::BTreeSet;

use auth::{Capability, Role};
use kernel::{Error, Violation, pointer};
use records::{Cx, FieldType, normalised, person_part};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::{Changes, Sort};

use crate::sign_in::PROVEN;

/// The most domains that a workspace can name.
pub(super) const MAX_DOMAINS: usize = 20;
/// The longest name of a domain (RFC 1035, section 2.3.4).
const MAX_DOMAIN: usize = 253;
/// The longest part of one.
const MAX_LABEL: usize = 63;

/// Where everybody can have an address.
const PUBLIC: &str = "126.com 163.com aol.com bk.ru duck.com fastmail.com gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net \
                      googlemail.com hey.com hotmail.com hotmail.co.uk hotmail.de hotmail.fr icloud.com inbox.ru laposte.net \
                      libero.it list.ru live.com live.de mac.com mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com \
                      outlook.de pm.me posteo.de proton.me protonmail.com qq.com rambler.ru rediffmail.com sina.com t-online.de \
                      tuta.com tutanota.com uol.com.br wanadoo.fr web.de ya.ru yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de \
                      yahoo.fr yandex.com yandex.ru ymail.com zoho.com";

/// Which domains' people come in by themselves, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Join {
    /// In small letters.
    domains: BTreeSet<String>,
    role: Role,
}

impl Join {
    pub(super) fn parse(value: &Value) -> Result<Option<Self>, Violation> {
        let wrong = |at: &str, code, detail: &str| Violation {
            pointer: ["/join", at].concat(),
            code,
            detail: detail.to_owned(),
        };
        let said = match value {
            Value::Null => return Ok(None),
            Value::Object(said) => said,
            _ => return Err(wrong("", "wrong_type", "must be an object or null")),
        };
        if let Some(unknown) = said.keys().find(|name| !["domains", "role"].contains(&name.as_str())) {
            return Err(wrong(&pointer(unknown), "unknown_field", "is neither domains nor role"));
        }
        let domains = said.get("domains").and_then(Value::as_array);
        let domains = domains.filter(|domains| (1..=MAX_DOMAINS).contains(&domains.len()));
        let domains: Option<BTreeSet<String>> =
            domains.and_then(|domains| domains.iter().map(|domain| parse_domain(domain.as_str()?)).collect());
        let detail = format!("must be a list of 1 to {MAX_DOMAINS} domains, such as example.com");
        let domains = domains.ok_or_else(|| wrong("/domains", "bad_domain", &detail))?;
        let public = domains.iter().find(|domain| PUBLIC.split(' ').any(|public| public == domain.as_str()));
        if let Some(public) = public {
            let detail = format!("everybody can have an address of {public}");
            return Err(wrong("/domains", "public_domain", &detail));
        }
        let role = said.get("role").and_then(Value::as_str).and_then(Role::parse);
        let role = role.ok_or_else(|| wrong("/role", "unknown_option", "must be the name of a role"))?;
        Ok(Some(Self { domains, role }))
    }
}

fn parse_domain(text: &str) -> Option<String> {
    let domain = text.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_domain = domain.len() <= MAX_DOMAIN && domain.contains('.') && domain.split('.').all(is_label);
    is_domain.then_some(domain)
}

/// Passes if the caller may have people come in like this: they may make users of that role, and the domains that they add are theirs.
/// One read, and none where nothing is added.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`].
pub(super) async fn judge(cx: &Cx, before: Option<&Join>, after: Option<&Join>) -> Result<(), Error> {
    let Some(after) = after.filter(|after| before != Some(*after)) else { return Ok(()) };
    cx.require(Capability::ManageUsers)?;
    let roles = cx.schemas.roles(&cx.table, &cx.clock).await?;
    let policy = roles.policy(&after.role);
    let policy = policy.ok_or_else(|| Error::invalid("/join/role", "unknown_option", "must be the name of a role"))?;
    if after.role == Role::OWNER || !cx.rights.covers(&policy) {
        return Err(Error::denied(
            "nobody comes in by themselves in a role that may do more than yours, or as an owner",
        ));
    }
    let known = before.map(|before| &before.domains);
    let added: Vec<&String> =
        after.domains.iter().filter(|domain| known.is_none_or(|known| !known.contains(*domain))).collect();
    if added.is_empty() {
        return Ok(());
    }
    // What a key says of its user's address nobody has verified.
    if cx.caller.api_key.is_some() {
        return Err(Error::denied("sign in to name a domain: that shows that you have an address of it"));
    }
    let keys = cx.table.keys();
    let (user, person) = (keys.record("user", cx.caller.user.erase()), keys.config(&person_part(cx.caller.user)));
    let found = cx.table.get_each(&[user.clone(), person.clone()]).await?;
    let text = |key, name: &str| found.get(key).and_then(|found| found.get(name)?.as_str()).unwrap_or_default();
    let email = normalised(&FieldType::Email {}, text(&user, "email"));
    // The address may have been changed a moment ago, when nobody has proven the new one.
    if text(&person, PROVEN) != auth::email_hash(&email) {
        return Err(Error::denied("sign in again to name a domain: that shows that you have an address of it"));
    }
    match added.into_iter().find(|domain| Some(domain.as_str()) != domain_of(&email).as_deref()) {
        None => Ok(()),
        Some(other) => {
            let detail = format!("must be the domain of your own address, and {other} is not");
            Err(Error::invalid("/join/domains", "not_yours", detail))
        }
    }
}

/// The domain of an address, in small letters.
pub(crate) fn domain_of(email: &str) -> Option<String> {
    email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
}

/// Adds to a commit where people of which domains may come in from then on.
pub(super) fn follow(cx: &Cx, changes: &mut Changes, before: Option<&Join>, after: Option<&Join>) {
    let workspace = cx.caller.workspace;
    let of = |join: Option<&Join>| join.map(|join| join.domains.clone()).unwrap_or_default();
    for gone in of(before).difference(&of(after)) {
        changes.clear(table::domain_entry(gone, workspace));
    }
    for (domain, role) in after.iter().flat_map(|join| join.domains.iter().map(|domain| (domain, &join.role))) {
        let entry = json!({ "workspace": workspace, "role": role });
        let entry = entry.as_object().cloned().unwrap_or_default();
        changes.set(table::domain_entry(domain, workspace), Sort::Membership, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_names_of_companies() {
        let parse = |domains: Value| Join::parse(&json!({ "domains": domains, "role": "rep" }));
        assert!(parse(json!(["example.com", "xn--bcher-kva.example"])).is_ok());
        for (odd, code) in [
            (json!([]), "bad_domain"),
            (json!("example.com"), "bad_domain"),
            (json!(["localhost"]), "bad_domain"),
            (json!(["example..com"]), "bad_domain"),
            (json!(["@example.com"]), "bad_domain"),
            (json!(["-a.com"]), "bad_domain"),
            (json!(["a#b.com"]), "bad_domain"),
            (json!([1]), "bad_domain"),
            (json!(vec!["a.com"; 21]), "bad_domain"),
            (json!(["GMail.com"]), "public_domain"),
        ] {
            assert_eq!(parse(odd.clone()).unwrap_err().code, code, "{odd}");
        }
    }
}
