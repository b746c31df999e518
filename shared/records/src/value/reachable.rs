//! Where people can be reached: email addresses and phone numbers.

use crate::text::composed;

/// The longest address that mail can be sent to (RFC 5321, erratum 1690), in bytes.
pub(crate) const MAX_EMAIL_BYTES: usize = 254;
/// The longest part before the `@` (RFC 5321, section 4.5.3.1.1), in bytes.
const MAX_LOCAL_BYTES: usize = 64;
/// The longest label of a domain (RFC 1035), in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// A phone number with its country code has at most 15 digits (E.164); the shortest ones in use have 7.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

pub(crate) const EMAIL_FORM: &str = "must be an email address such as ada@example.com";
pub(crate) const PHONE_FORM: &str = "must be a phone number with its country code, such as +49 30 901820";

/// An email address as it is kept: without blanks around it and with its domain in lower case.
#[must_use]
pub fn parse_email(text: &str) -> Option<String> {
    // One spelling of what is the same character: the sender's keyboard must not make another person.
    let text = composed(text.trim());
    let (local, domain) = text.rsplit_once('@')?;
    let local_is_good = !local.is_empty()
        && local.len() <= MAX_LOCAL_BYTES
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
        && !local.chars().any(|c| c.is_whitespace() || is_invisible(c));
    let labels: Vec<&str> = domain.split('.').collect();
    let label_is_good = |label: &&str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_BYTES
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_is_good = labels.len() >= 2 && labels.iter().all(label_is_good);
    let email = format!("{local}@{}", domain.to_lowercase());
    (local_is_good && domain_is_good && email.len() <= MAX_EMAIL_BYTES).then_some(email)
}

/// Characters that make two texts differ though nobody sees it. Names in several scripts need some of them; an address
/// that people tell each other does not.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{3164}'
                | '\u{ffa0}'
        )
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A phone number as E.164: `00` and the marks that people put between digits are understood.
#[must_use]
pub fn parse_phone(text: &str) -> Option<String> {
    let marks = [' ', '\u{a0}', '-', '\u{2011}', '\u{2013}', '.', '/', '(', ')'];
    let bare: String = text.chars().filter(|c| !marks.contains(c)).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"))?;
    let good = PHONE_DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, FieldType, normalised};
    use proptest::prelude::*;

    #[test]
    fn emails_that_people_have_are_accepted() {
        for good in [
            "ada@example.com",
            "Ada.Lovelace+crm@Example.co.uk",
            "o'brien@example.ie",
            "анна@пример.рф",
            "a@xn--e1afmkfd.com",
        ] {
            assert!(parse_email(good).is_some(), "{good}");
        }
        assert_eq!(parse_email("Ada@EXAMPLE.Com").as_deref(), Some("Ada@example.com"));
    }

    #[test]
    fn what_is_no_email_is_refused() {
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@-x.com",
            ".a@x.com",
            "a..b@x.com",
            "a@b@",
            "\"a\"@x.com",
            "a@x..com",
        ] {
            assert_eq!(parse_email(bad), None, "{bad}");
        }
    }

    #[test]
    fn phone_numbers_become_e164() {
        assert_eq!(parse_phone("+49 (30) 90 18-20").as_deref(), Some("+4930901820"));
        assert_eq!(parse_phone("0049.30.901820").as_deref(), Some("+4930901820"));
        for bad in ["", "+", "030 901820", "+0301234567", "+49 30 call me", "+1234567890123456", "+49٣٠٩٠١٨٢٠"]
        {
            assert_eq!(parse_phone(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_that_looks_like_another_is_that_other_one_or_none() {
        let email = Field::new("email", FieldType::Email {}, "");
        let guard = |text: &str| parse_email(text).map(|kept| normalised(&email.kind, &kept));
        assert_eq!(guard("jose\u{301}@example.com"), guard("jos\u{e9}@example.com"));
        assert_eq!(guard("\u{ff41}da@example.com"), guard("ADA@example.com"));
        assert_eq!(guard("ada\u{200b}@example.com"), None);
        assert_eq!(guard("a\u{ad}da@example.com"), None);
    }

    proptest! {
        #[test]
        fn what_was_kept_is_accepted_again_unchanged(text in ".{0,20}@.{0,20}|\\+?[0-9 ()-]{0,20}") {
            if let Some(email) = parse_email(&text) {
                prop_assert_eq!(parse_email(&email), Some(email));
            }
            if let Some(phone) = parse_phone(&text) {
                prop_assert_eq!(parse_phone(&phone), Some(phone));
            }
        }
    }
}
