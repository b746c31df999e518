//! The forms of addresses and numbers, as far as a look at them tells. Whether they are right is for those who keep them.

/// The longest of any of these, in bytes.
const LONGEST: usize = 2_000;

/// `ada@example.com`
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    !name.is_empty()
        && !text.contains(|char: char| char.is_whitespace() || matches!(char, ',' | ';'))
        && is_domain(domain)
}

/// `https://example.com/about`, `www.example.com`
pub(super) fn is_url(text: &str) -> bool {
    let lower = |start: &str| text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    if text.len() > LONGEST || text.contains(char::is_whitespace) {
        return false;
    }
    let rest = ["https://", "http://"].iter().find(|scheme| lower(scheme)).and_then(|scheme| text.get(scheme.len()..));
    match rest {
        Some(rest) => rest.starts_with(char::is_alphanumeric),
        None => lower("www.") && is_domain(text.split(['/', '?', '#']).next().unwrap_or_default()),
    }
}

/// `example.com`
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|char| char.is_alphanumeric() || char == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((rest, last)) = text.rsplit_once('.') else { return false };
    text.len() <= 253
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
        && rest.split('.').all(is_label)
}

/// `+49 30 1234567`, `(555) 010-1234 ext. 5`, `0301234567`
pub(super) fn is_phone(text: &str) -> bool {
    if text.len() > 40 {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let (number, extension) = lower.split_once(['x', 'e']).unwrap_or((&lower, ""));
    let is_extension =
        extension.chars().all(|char| char.is_ascii_digit() || matches!(char, 'x' | 't' | '.' | ' ' | ':'));
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let signs = |char: char| char.is_whitespace() || matches!(char, '(' | ')' | '-' | '.' | '/' | '\u{2011}');
    let (plus, rest) = match number.trim().strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let is_marked = plus || rest.trim().contains(signs) || (rest.starts_with('0') && digits >= 9);
    (7..=15).contains(&digits)
        && is_marked
        && is_extension
        && rest.chars().all(|char| char.is_ascii_digit() || signs(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for text in ["ada@example.com", "a.b+c@mail.example.co.uk", "имя@пример.рф"] {
            assert!(is_email(text), "{text}");
        }
        for text in
            ["", "@", "ada@", "@example.com", "ada@example", "a b@example.com", "a@b@example.com", "a@b.com, c@d.com"]
        {
            assert!(!is_email(text), "{text}");
        }
        for text in ["https://example.com", "HTTP://example.com/a?b", "www.example.com/x", "http://localhost:80"] {
            assert!(is_url(text), "{text}");
        }
        for text in ["", "https://", "example.com", "https:// x", "ftp://a.b", "www."] {
            assert!(!is_url(text), "{text}");
        }
        for text in ["example.com", "mail.example.co.uk", "пример.рф", "a-b.io"] {
            assert!(is_domain(text), "{text}");
        }
        for text in ["", ".", "example", "example.", ".com", "1.5", "a..b", "-a.com", "a b.com", "example.c"] {
            assert!(!is_domain(text), "{text}");
        }
    }

    #[test]
    fn phone_numbers_have_signs_or_a_leading_zero() {
        for text in [
            "+4930123456",
            "+49 (0)30 123456",
            "(555) 010-1234",
            "555.010.1234",
            "555-010-1234 x12",
            "555-010-1234 ext. 5",
            "0301234567",
            "030/1234567",
        ] {
            assert!(is_phone(text), "{text}");
        }
        for text in [
            "",
            "5550101234",
            "123",
            "+123",
            "call me",
            "1234567890123456",
            "+",
            "01234567",
            "555-0101 or so",
            "++4930123456",
        ] {
            assert!(!is_phone(text), "{text}");
        }
    }
}
