//! What is asked of the audit log, from the query string.

use std::fmt;
use std::str::FromStr;

use api::parse_params;
use events::Event;
use kernel::{AnyId, Error, Id, Result, Timestamp, Violations, kinds, pointer};

use super::action::Action;
use crate::calendar::{day_of, moved};

/// How many days are looked at if nobody says.
const DAYS: i64 = 31;
/// The most days from the first to the last.
const MAX_DAYS: i64 = 366;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    User(Id<kinds::User>),
    ApiKey(Id<kinds::ApiKey>),
}

/// Behind what an answer begins: a day, or an event of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) day: String,
    pub(crate) behind: Option<Id<kinds::Event>>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.behind {
            Some(event) => write!(f, "{}.{event}", self.day),
            None => f.write_str(&self.day),
        }
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, behind) = text.split_once('.').map_or((text, None), |(day, event)| (day, Some(event)));
        let behind = behind.map(str::parse).transpose().map_err(drop)?;
        Ok(Self { day: day_of(day).ok_or(())?, behind })
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// The first day and the last one.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) who: Option<Who>,
    pub(crate) record: Option<AnyId>,
    pub(crate) action: Option<Action>,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<Cursor>,
}

impl Asked {
    /// Parses a query string.
    ///
    /// # Errors
    /// Every parameter that is not as it should be.
    pub(crate) fn parse(query: Option<&str>, now: Timestamp, limit: u16, max: u16) -> Result<Self> {
        let mut violations = Violations::new();
        let (mut day, mut from, mut to, mut cursor) = (None, None, None, None);
        let (today, limit) = (now.day(), usize::from(limit));
        let mut asked =
            Self { from: String::new(), to: today, who: None, record: None, action: None, limit, cursor: None };
        for (name, value) in parse_params(query)? {
            let mut wrong = |code, detail: &str| violations.add(pointer(&name), code, detail);
            match name.as_str() {
                "day" | "from" | "to" => match day_of(&value) {
                    Some(known) if name == "day" => day = Some(known),
                    Some(known) if name == "from" => from = Some(known),
                    Some(known) => to = Some(known),
                    None => wrong("not_a_date", "must be a day such as 2026-11-21"),
                },
                "actor" => {
                    asked.who = value.parse().ok().map(Who::User).or_else(|| value.parse().ok().map(Who::ApiKey));
                    if asked.who.is_none() {
                        wrong("invalid_id", "must be the id of a user or of an API key");
                    }
                }
                "record" => match value.parse() {
                    Ok(record) => asked.record = Some(record),
                    Err(_) => wrong("invalid_id", "must be the id of a record"),
                },
                "action" => {
                    asked.action = Action::parse(&value);
                    if asked.action.is_none() {
                        let detail = "must be the name of an event, a half of one as in contact.*, or one of sign_ins, \
                                      permissions, exports and denied";
                        wrong("unknown_option", detail);
                    }
                }
                "limit" => match value.parse() {
                    Ok(known) if (1..=usize::from(max)).contains(&known) => asked.limit = known,
                    _ => wrong("out_of_range", &format!("must be a whole number of 1 to {max}")),
                },
                "cursor" => cursor = Some(value),
                _ => wrong("unknown_parameter", "is not a parameter of this operation"),
            }
        }
        if day.is_some() && (from.is_some() || to.is_some()) {
            violations.add("/day", "given_twice", "cannot be given together with from and to");
        }
        violations.or(()).map_err(Error::from)?;
        (asked.from, asked.to) = span(day, from, to, asked.to)?;
        asked.cursor = cursor.map(|text| asked.cursor_of(&text)).transpose()?;
        Ok(asked)
    }

    fn cursor_of(&self, text: &str) -> Result<Cursor> {
        let cursor: Result<Cursor, ()> = text.parse();
        let own = cursor.ok().filter(|cursor| (self.from.as_str()..=self.to.as_str()).contains(&cursor.day.as_str()));
        own.ok_or_else(|| Error::malformed("cursor_mismatch", "the cursor is not of this list"))
    }

    /// Whether an event is one of those that are asked for.
    pub(crate) fn has(&self, event: &Event) -> bool {
        let is_theirs = match self.who {
            None => true,
            Some(Who::User(user)) => event.by.user == user,
            Some(Who::ApiKey(key)) => event.by.api_key == Some(key),
        };
        is_theirs
            && self.record.is_none_or(|record| event.record == record)
            && self.action.as_ref().is_none_or(|action| action.has(event))
    }
}

/// The first and the last day that are asked for.
fn span(day: Option<String>, from: Option<String>, to: Option<String>, today: String) -> Result<(String, String)> {
    if let Some(day) = day {
        return Ok((day.clone(), day));
    }
    let to = to.unwrap_or(today);
    let from = from.map_or_else(|| moved(&to, 1 - DAYS), Ok)?;
    if from > to || from < moved(&to, 1 - MAX_DAYS)? {
        let detail = format!("must be a day from {} days before the last one to that one", MAX_DAYS - 1);
        return Err(Error::invalid("/from", "out_of_range", detail));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;

    fn parsed(query: &str) -> Result<Asked, String> {
        Asked::parse(Some(query), Clock::manual().now(), 50, 200).map_err(|error| match error {
            Error::Invalid(found) => {
                found.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect::<Vec<_>>().join(", ")
            }
            other => other.code().to_owned(),
        })
    }

    #[test]
    fn days_are_asked_for_one_by_one_or_from_one_to_another() {
        let span = |query: &str| parsed(query).map(|asked| [asked.from, asked.to].join(" "));
        assert_eq!(span("").unwrap(), "2025-12-02 2026-01-01");
        assert_eq!(span("day=2024-02-29").unwrap(), "2024-02-29 2024-02-29");
        assert_eq!(span("to=2024-03-31").unwrap(), "2024-03-01 2024-03-31");
        assert_eq!(span("from=2025-01-01").unwrap(), "2025-01-01 2026-01-01");
        for wrong in ["from=2024-12-30", "from=2026-01-02"] {
            assert_eq!(span(wrong).unwrap_err(), "/from out_of_range");
        }
        assert_eq!(span("day=2025-02-29&to=x").unwrap_err(), "/day not_a_date, /to not_a_date");
        assert_eq!(span("day=2025-01-01&to=2025-01-01").unwrap_err(), "/day given_twice");
    }

    #[test]
    fn what_cannot_be_asked_is_said_at_once() {
        let wrong = parsed("actor=con_1&record=x&action=contact&limit=0&nick=1").unwrap_err();
        let expected = "/actor invalid_id, /record invalid_id, /action unknown_option, /limit out_of_range, /nick unknown_parameter";
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_cursor_is_of_the_days_that_are_asked_for() {
        let event = "evt_019b76daa800700080000000000000aa";
        let asked = parsed(&format!("day=2026-01-01&cursor=2026-01-01.{event}")).unwrap();
        assert_eq!(asked.cursor.unwrap().to_string(), format!("2026-01-01.{event}"));
        for wrong in ["", "2026-01-02", "2026-01-01.evt_1", "x", "2026-01-01."] {
            assert_eq!(parsed(&format!("day=2026-01-01&cursor={wrong}")).unwrap_err(), "cursor_mismatch", "{wrong}");
        }
    }
}
