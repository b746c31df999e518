//! Mails as another library reads them: whatever names say, there is one sender, one recipient, and no header that nobody meant.

use super::*;
use crate::invitation::Invitation;
use kernel::{Clock, Ids};
use mail_parser::{Message, MessageParser};
use proptest::prelude::*;
use serde_json::{Value, json};

const FROM: &str = "rapport@crm.example";
const LINK: &str = "https://app.crm.example/";
const HEADERS: [&str; 8] =
    ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

fn invited(more: Value, workspace: &str, inviter: Option<&str>, app: Option<&str>) -> Letter {
    let clock = Clock::manual();
    let mut record =
        json!({ "email": "ada@example.com", "state": "open", "role": "rep", "good_until": "2026-01-31T10:00:00.000Z" });
    record.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let (workspace, inviter) = (crate::words::one_line(workspace), inviter.map(crate::words::one_line));
    let invitation = Invitation::read(record.as_object().unwrap(), Some(workspace), inviter).unwrap();
    invitation.letter(Ids::seeded(clock.clone(), 3).next(), FROM, app, clock.now())
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).unwrap()
}

/// The lines of the message's own header, each unfolded, as they are written.
fn headers(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let head = text.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ").replace("\r\n\t", " ");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "a line ends in the middle: {head:?}");
    head.split("\r\n").map(str::to_owned).collect()
}

fn names(bytes: &[u8]) -> Vec<String> {
    headers(bytes).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn an_english_invitation_reads_like_this() {
    let letter = invited(json!({ "name": "Ada" }), "Acme", Some("Grace Hopper"), Some(LINK));
    let bytes = letter.message().unwrap();
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some("Grace Hopper invites you to Acme"));
    assert_eq!(
        message.body_text(0).unwrap().replace("\r\n", "\n"),
        "Hello Ada,\n\nGrace Hopper invites you to join the workspace “Acme” in Rapport as a sales representative.\n\n\
         To accept, open\n\n    https://app.crm.example/\n\nand sign in with this address: ada@example.com\n\n\
         The invitation is open until 31 January 2026.\n\
         If you did not expect it, you can ignore this mail: nothing happens unless you sign in.\n"
    );
    let html = message.body_html(0).unwrap();
    assert!(
        html.contains("<b>Grace Hopper</b> invites you") && html.contains("<a href=\"https://app.crm.example/\""),
        "{html}"
    );
    assert_eq!(message.message_id(), Some(format!("{}@crm.example", letter.id).as_str()));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-01-01T00:00:00Z");
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Acme (Rapport)"), Some(FROM)));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
    assert_eq!(message.attachments().count(), 0);
    assert_eq!(letter.message().unwrap().len(), bytes.len());
}

#[test]
fn a_russian_invitation_reads_like_this_also_without_names_and_a_place() {
    let bytes = invited(json!({ "language": "ru", "role": "x" }), "Ромашка", None, None).message().unwrap();
    assert!(bytes.is_ascii(), "what is not ASCII is encoded");
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some("Вас приглашают в «Ромашка»"));
    assert_eq!(
        message.body_text(0).unwrap().replace("\r\n", "\n"),
        "Здравствуйте!\n\nВас приглашают в рабочее пространство «Ромашка» в Rapport.\n\n\
         Чтобы принять приглашение, войдите с этим адресом: ada@example.com\nГде войти, подскажет тот, кто вас пригласил.\n\n\
         Приглашение действует до 31 января 2026 года.\n\
         Если вы его не ждали, просто не отвечайте на это письмо: пока вы не войдёте, ничего не произойдёт.\n"
    );
    let html = message.body_html(0).unwrap();
    assert!(html.contains("lang=\"ru\"") && html.contains("<b>«Ромашка»</b>") && !html.contains("href"), "{html}");
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Ромашка (Rapport)"));
}

#[test]
fn nobody_is_written_to_at_an_address_that_is_none() {
    for bad in [
        "",
        "ada",
        "@x.example",
        "a@",
        "a b@x.example",
        "a@x.example>, <b@y.example",
        "a@x.example\r\nBcc: b@y.example",
        "\"a\"@x.example",
        "ада@x.example",
        "a@пример.example",
        "a,b@x.example",
        "a@x..example",
    ] {
        let letter = invited(json!({ "email": bad }), "Acme", None, None);
        assert_eq!(letter.message(), Err(Unsendable::Recipient), "{bad:?}");
        let letter = Letter { from: bad.to_owned(), to: "ada@example.com".to_owned(), ..letter };
        assert_eq!(letter.message(), Err(Unsendable::Sender), "{bad:?}");
    }
}

/// Names as somebody would write them who wants more than a name.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[ -~\r\n\t\u{0}\u{85}\u{2028}\u{202e}<>@,;:=?\"\\\\]{0,60}",
        "(\r\n)?(Bcc|To|Subject|Content-Type): ?[a-z@.]{1,12}(\r\n){0,2}",
        "=\\?utf-8\\?[bq]\\?[A-Za-z0-9=_]{0,20}\\?=",
        "[а-яё\u{1f600}\u{65e5}é ]{0,120}",
        "<script>[a-z]{1,5}</script>|\\{\\{link\\}\\}|\\{\\{#name\\}\\}|--[a-f0-9]{8}",
    ]
}

proptest! {
    #[test]
    fn names_are_names_and_nothing_else(
        name in hostile(), workspace in hostile(), inviter in hostile(), is_russian in any::<bool>(), has_link in any::<bool>(),
    ) {
        let language = if is_russian { "ru" } else { "en" };
        let more = json!({ "name": name, "language": language });
        let letter = invited(more, &workspace, Some(&inviter), has_link.then_some(LINK));
        let bytes = letter.message().unwrap();
        let mut names = names(&bytes);
        names.sort();
        let mut expected = HEADERS.map(str::to_owned);
        expected.sort();
        prop_assert_eq!(names, expected);
        prop_assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998));
        let message = parsed(&bytes);
        prop_assert_eq!(message.from().unwrap().iter().map(|from| from.address()).collect::<Vec<_>>(), [Some(FROM)]);
        let to: Vec<_> = message.to().unwrap().iter().map(|to| to.address()).collect();
        prop_assert_eq!(to, [Some("ada@example.com")]);
        prop_assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
        let text = message.body_text(0).unwrap().replace("\r\n", "\n");
        prop_assert_eq!(text, letter.texts.text.replace("\r\n", "\n"));
    }

    #[test]
    fn names_come_back_as_they_were(workspace in "[A-Za-zа-яё][A-Za-zа-яё0-9 .&-]{0,60}[a-zа-я]", inviter in "[A-ZА-Я][a-zа-я]{1,20}( [A-ZА-Я][a-zа-я]{1,20})?") {
        let (workspace, inviter) = (crate::words::one_line(&workspace), inviter);
        let bytes = invited(json!({}), &workspace, Some(&inviter), None).message().unwrap();
        let message = parsed(&bytes);
        let expected = format!("{inviter} invites you to {workspace}");
        prop_assert_eq!(message.subject(), Some(expected.as_str()));
        let from = format!("{workspace} (Rapport)");
        prop_assert_eq!(message.from().unwrap().first().unwrap().name(), Some(from.as_str()));
    }
}
