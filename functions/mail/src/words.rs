//! The languages that mails are written in: their templates, and the words that no template can say.

use kernel::Timestamp;

use crate::template::Templates;

/// The longest name that a mail repeats, in characters.
const LONGEST_NAME: usize = 200;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Russian,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// As they stand behind a day.
const RUSSIAN_MONTHS: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

impl Language {
    /// The language of a code; English where nobody has said or nobody knows it.
    pub(crate) fn of(code: &str) -> Self {
        if code == "ru" { Self::Russian } else { Self::English }
    }

    /// What an invitation is written with.
    pub(crate) const fn invitation(self) -> Templates {
        match self {
            Self::English => Templates {
                subject: include_str!("templates/invitation.en.subject"),
                text: include_str!("templates/invitation.en.txt"),
                html: include_str!("templates/invitation.en.html"),
            },
            Self::Russian => Templates {
                subject: include_str!("templates/invitation.ru.subject"),
                text: include_str!("templates/invitation.ru.txt"),
                html: include_str!("templates/invitation.ru.html"),
            },
        }
    }

    /// What somebody is asked to work as; nothing for a role that a company has made itself.
    pub(crate) fn role(self, role: &str) -> Option<&'static str> {
        let (english, russian) = match role {
            "owner" => ("an owner", "владелец"),
            "admin" => ("an administrator", "администратор"),
            "manager" => ("a manager", "руководитель"),
            "rep" => ("a sales representative", "менеджер по продажам"),
            "marketing" => ("a marketer", "маркетолог"),
            "support" => ("a support agent", "сотрудник поддержки"),
            "viewer" => ("a viewer", "наблюдатель"),
            _ => return None,
        };
        Some(match self {
            Self::English => english,
            Self::Russian => russian,
        })
    }

    /// A day, by UTC.
    pub(crate) fn day(self, at: Timestamp) -> String {
        let day = at.day();
        let number = |range: std::ops::Range<usize>| day.get(range).and_then(|digits| digits.parse::<usize>().ok());
        let (month, date) = (number(5..7).unwrap_or(1), number(8..10).unwrap_or(1));
        let name = |names: &[&'static str; 12]| names.get(month.wrapping_sub(1)).copied().unwrap_or_default();
        match self {
            Self::English => format!("{date} {} {}", name(&MONTHS), &day[..4]),
            Self::Russian => format!("{date} {} {} года", name(&RUSSIAN_MONTHS), &day[..4]),
        }
    }
}

/// A name as it is repeated in a mail: in one line, not too long, and without marks that turn the order of what follows around.
pub(crate) fn one_line(text: &str) -> String {
    let is_hidden = |char: char| matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let shown =
        text.chars().map(|char| if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') { ' ' } else { char });
    let shown: String = shown.filter(|char| !is_hidden(*char)).collect();
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(LONGEST_NAME).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_as_people_say_them() {
        let end: Timestamp = "2026-12-03T23:59:59.000Z".parse().unwrap();
        assert_eq!(Language::of("en").day(end), "3 December 2026");
        assert_eq!(Language::of("ru").day(end), "3 декабря 2026 года");
        assert_eq!(Language::of("fr"), Language::English);
    }

    #[test]
    fn every_standard_role_has_words_of_its_own() {
        for language in [Language::English, Language::Russian] {
            let words: std::collections::BTreeSet<_> =
                auth::Role::STANDARD.iter().map(|role| language.role(role.as_str()).unwrap()).collect();
            assert_eq!(words.len(), auth::Role::STANDARD.len(), "{words:?}");
            assert_eq!(language.role("x_partner"), None);
        }
    }

    #[test]
    fn a_name_is_one_line_whatever_is_in_it() {
        assert_eq!(one_line(" Ada\r\nBcc:\tx\u{2028}y\u{0} "), "Ada Bcc: x y");
        assert_eq!(one_line("\u{202e}evil\u{200b}\u{2066}"), "evil");
        assert_eq!(one_line(&"я".repeat(500)).chars().count(), LONGEST_NAME);
    }
}
