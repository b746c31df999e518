//! People sign in at the user pool of the deployed stack, as they would at AWS: on the pool's own page, with a temporary password first,
//! by the web app that `cargo xtask sign-in` uses. Tokens that somebody else has issued, or for something else, let nobody in.
//!
//! What the emulator does not show: the invitation by mail, codes of an authenticator app on the page, and that nobody makes an account for
//! themselves, which it lets everybody do. Its page is not that of AWS, and it revokes tokens by another address.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::answers::Api;
use super::stack::{Outputs, Stack};
use super::{emulator, sign_in, tools};

const STORY: &str = include_str!("../../tools/sign_in_pool.py");
/// Good enough for the pool's policy; whom they belong to is gone with the emulator.
const TEMPORARY: &str = "Temporary-word-1";
const CHOSEN: &str = "Chosen-by-Paula-2";

/// Somebody who has signed in.
pub(super) struct Person {
    email: String,
    workspace: String,
    unproven: String,
    client: String,
    refresh: String,
}

impl Person {
    /// A new access token, which no gateway has seen yet.
    ///
    /// # Errors
    /// When the pool does not refresh it.
    pub(super) fn token(&self, stack: &Stack<'_>) -> anyhow::Result<String> {
        let arguments = json!({
            "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": self.client, "AuthParameters": {"REFRESH_TOKEN": self.refresh},
        });
        access(&stack.ask("cognito-idp", "initiate_auth", &arguments)?)
    }
}

/// Makes a workspace for somebody, an account in the pool with the address of its first user, and has them sign in.
///
/// # Errors
/// With what the web app or the pool did not expect.
pub(super) fn first(stack: &Stack<'_>, outputs: &Outputs) -> anyhow::Result<Person> {
    let email = "paula@example.com".to_owned();
    let api = Api::new(outputs, &stack.workspace_of(outputs, "people", &email)?)?;
    let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
    let unproven = "una@example.com".to_owned();
    api.send("POST", "/v1/users", &[], &json!({"name": "Una", "email": unproven, "role": "viewer"}))?.expect(201)?;
    let pool = outputs.pool()?;
    let described = stack.ask("cognito-idp", "describe_user_pool", &json!({"UserPoolId": pool}))?;
    let is_closed = described["UserPool"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] == true;
    ensure!(is_closed, "anybody may make an account: {described}");
    account(stack, pool, &email, true)?;
    account(stack, pool, &unproven, false)?;
    let others = json!({
        "another application of the pool": of_another_application(stack, pool, "bot@example.com")?,
        "another pool": of_another_pool(stack, &email)?,
    });
    let person = Person { email, workspace, unproven, client: outputs.client.clone(), refresh: String::new() };
    enter(stack, outputs, person, &others, true)
}

/// The same person at another stack that has taken the pool over, and the table: with the password that they have chosen before.
///
/// # Errors
/// As [`first`].
pub(super) fn again(stack: &Stack<'_>, outputs: &Outputs, person: Person) -> anyhow::Result<Person> {
    ensure!(person.client != outputs.client, "two stacks have one application");
    let stale = json!({"an application that is gone": person.token(stack).unwrap_or_default()});
    let person = Person { client: outputs.client.clone(), ..person };
    enter(stack, outputs, person, &stale, false)
}

/// Updates the stack to trust another issuer: apps are told so, the pool's application is gone, API keys go on. What cannot work is
/// refused before anything is changed. Then it gets a pool of its own with everything else than what is usual.
///
/// # Errors
/// When it is not so.
pub(super) fn elsewhere(stack: &Stack<'_>, key: &str) -> anyhow::Result<()> {
    let url = ("IssuerUrl", "https://id.example.com/realms/a");
    let (client, audience) = (("IssuerClientId", "crm"), ("IssuerAudience", "api"));
    let no_pool = ("ExistingUserPoolId", "");
    for (parameters, reason) in [
        (vec![url, no_pool], "IssuerClientId is needed"),
        (vec![audience, no_pool], "say nothing without IssuerUrl"),
        (vec![url, client], "exclude each other"),
        (vec![("IssuerUrl", "http://id.example.com"), client, no_pool], "an https address"),
    ] {
        let refused = stack.update(&parameters).err().with_context(|| format!("updated with {parameters:?}"))?;
        ensure!(format!("{refused:#}").contains(reason), "{parameters:?} is refused with {refused:#}");
    }
    let outputs = stack.update(&[url, client, audience, no_pool])?;
    ensure!((outputs.issuer.as_str(), outputs.client.as_str()) == (url.1, client.1), "the outputs are {outputs:?}");
    ensure!(outputs.pool().is_err() && stack.resource("UserPoolClient").is_err(), "the pool has an application still");
    let api = Api::new(&outputs, key)?;
    let told = api.with_credential(None).get("/v1/config", &[])?.expect(200)?;
    let scopes = ["openid", "profile", "email", "offline_access"];
    let wanted = json!({"issuer": url.1, "client_id": client.1, "audience": audience.1, "scopes": scopes});
    ensure!(told.body["sign_in"] == wanted, "apps are told {}", told.body);
    api.get("/v1/me", &[])?.expect(200)?;

    let unnamed = [("IssuerUrl", ""), ("IssuerClientId", ""), ("IssuerAudience", "")];
    let unusual = [("Mfa", "ON"), ("SelfSignUp", "true"), ("SignInDomainPrefix", "my-crm")];
    let outputs = stack.update(&[unnamed, unusual].concat())?;
    let pool = stack.ask("cognito-idp", "describe_user_pool", &json!({"UserPoolId": outputs.pool()?}))?;
    let pool = &pool["UserPool"];
    ensure!(pool["MfaConfiguration"] == "ON" && pool["Domain"] == "my-crm", "the pool is {pool}");
    ensure!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] == false, "the pool is {pool}");
    Ok(())
}

fn enter(stack: &Stack<'_>, outputs: &Outputs, person: Person, others: &Value, is_new: bool) -> anyhow::Result<Person> {
    let given = json!({
        "emulator": format!("http://{}", outputs.address), "host": outputs.host, "region": emulator::REGION,
        "pool": outputs.pool()?, "client": outputs.client, "workspace": person.workspace,
        "email": person.email, "unproven": person.unproven, "password": TEMPORARY, "chosen": CHOSEN,
        "others": others, "is_new": is_new,
    });
    let file = stack.folder().join(format!("people-{}.json", stack.name()));
    std::fs::write(&file, given.to_string())?;
    let python = tools::program(&tools::AUTHLIB, "python")?;
    let folder = stack.folder().join(format!("people-{}", stack.name()));
    let told = sign_in::tell(&python, &folder, STORY, file.as_os_str())?;
    let refresh = told.lines().find_map(|line| line.strip_prefix("signed in again: "));
    let refresh = refresh.with_context(|| format!("it printed no token:\n{told}"))?.to_owned();
    Ok(Person { refresh, ..person })
}

/// Makes an account with a temporary password, as an operator does for somebody who starts. No mail goes out.
fn account(stack: &Stack<'_>, pool: &str, email: &str, is_verified: bool) -> anyhow::Result<()> {
    let attribute = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let arguments = json!({
        "UserPoolId": pool, "Username": email, "TemporaryPassword": TEMPORARY, "MessageAction": "SUPPRESS",
        "UserAttributes": [attribute("email", email), attribute("email_verified", &is_verified.to_string())],
    });
    stack.ask("cognito-idp", "admin_create_user", &arguments).map(drop)
}

/// An access token that the pool has issued to another application: issuer and signature are right.
fn of_another_application(stack: &Stack<'_>, pool: &str, email: &str) -> anyhow::Result<String> {
    account(stack, pool, email, true)?;
    let arguments = json!({
        "UserPoolId": pool, "ClientName": "another", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    });
    let client = stack.ask("cognito-idp", "create_user_pool_client", &arguments)?;
    let client = client["UserPoolClient"]["ClientId"].as_str().context("a client without an id")?;
    let password = json!({"UserPoolId": pool, "Username": email, "Password": CHOSEN, "Permanent": true});
    stack.ask("cognito-idp", "admin_set_user_password", &password)?;
    let arguments = json!({
        "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": email, "PASSWORD": CHOSEN},
    });
    access(&stack.ask("cognito-idp", "admin_initiate_auth", &arguments)?)
}

/// An access token of another pool, in which anybody may have made an account with the address.
fn of_another_pool(stack: &Stack<'_>, email: &str) -> anyhow::Result<String> {
    let arguments = json!({"PoolName": "another", "UsernameAttributes": ["email"]});
    let pool = stack.ask("cognito-idp", "create_user_pool", &arguments)?;
    let pool = pool["UserPool"]["Id"].as_str().context("a pool without an id")?;
    of_another_application(stack, pool, email)
}

fn access(answer: &Value) -> anyhow::Result<String> {
    let token = answer["AuthenticationResult"]["AccessToken"].as_str();
    Ok(token.with_context(|| format!("no access token: {answer}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        cloudformation::read(include_str!("../../../../template.yaml")).unwrap()
    }

    #[test]
    fn the_application_of_the_pool_knows_no_secret_and_takes_no_password() {
        let client = &template()["Resources"]["UserPoolClient"]["Properties"];
        assert_eq!(client["GenerateSecret"], false);
        assert_eq!(client["ExplicitAuthFlows"], json!(["ALLOW_REFRESH_TOKEN_AUTH"]));
        assert_eq!(client["AllowedOAuthFlows"], json!(["code"]));
        // A token of this scope could give its owner's account another address.
        assert_eq!(client["AllowedOAuthScopes"], json!(["openid", "email", "profile"]));
    }

    #[test]
    fn passwords_outlive_the_stack_and_addresses_are_verified_first() {
        let pool = &template()["Resources"]["UserPool"];
        assert_eq!((&pool["DeletionPolicy"], &pool["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
        let settings = &pool["Properties"]["UserAttributeUpdateSettings"];
        assert_eq!(settings["AttributesRequireVerificationBeforeUpdate"], pool["Properties"]["UsernameAttributes"]);
    }

    #[test]
    fn those_who_look_at_tokens_know_the_issuer_and_no_function_an_emulator() {
        let template = template();
        let of = |function: &str| template["Resources"][function]["Properties"]["Environment"]["Variables"].clone();
        let (authorizer, identity) = (of("AuthorizerFunction"), of("IdentityFunction"));
        for name in ["RAPPORT_ISSUER", "RAPPORT_CLIENT_ID", "RAPPORT_AUDIENCE"] {
            assert!(!authorizer[name].is_null() && authorizer[name] == identity[name], "{name}");
        }
        assert_eq!(identity["RAPPORT_SIGN_UP"], json!({ "Ref": "SignUp" }));
        assert!(!include_str!("../../../../template.yaml").contains("EMULATOR"));
    }
}
