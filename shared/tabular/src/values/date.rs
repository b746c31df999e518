//! Days and moments as people write them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::clock::{Clock, read_clock};

/// The longest text that could be a moment, in bytes.
const LONGEST: usize = 100;
/// Years of two digits from here on are of the twentieth century.
const PIVOT: i16 = 70;
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The order of day, month and year where only numbers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// `2024-01-05`, `24/1/5`
    Ymd,
    /// `05.01.2024`, `5/1/24`
    Dmy,
    /// `01/05/2024`, `1-5-24`
    Mdy,
}

impl DateFormat {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Ymd, Self::Dmy, Self::Mdy];

    /// Its word: `ymd`, `dmy`, `mdy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ymd => "ymd",
            Self::Dmy => "dmy",
            Self::Mdy => "mdy",
        }
    }

    /// The format of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

/// Reads a day.
///
/// What begins with a year of four digits is read in whatever format, and where none is known, and so are dates with the month's English name:
/// `5 January 2024`, `Jan 5, 2024`, `5-Jan-24`. Numbers are parted by `-`, `/`, `.` or blanks, the same twice. Years of two digits
/// are 2000 to 2069 and 1970 to 1999. A time behind the day is read over.
#[must_use]
pub fn read_date(text: &str, format: impl Into<Option<DateFormat>>) -> Option<Date> {
    reading(text, format.into()).map(|reading| reading.date)
}

/// Reads a moment: a day as [`read_date`] reads it and a time behind it.
///
/// The time is `10:30`, `10:30:15.250` or `10:30 PM`, with its distance from UTC, or else in UTC. A day alone is its beginning in UTC; 13 digits are milliseconds since 1970.
#[must_use]
pub fn read_time(text: &str, format: impl Into<Option<DateFormat>>) -> Option<Timestamp> {
    if let Some(milliseconds) = milliseconds(text) {
        return Some(milliseconds);
    }
    let Reading { date, clock } = reading(text, format.into())?;
    let Clock { time, offset } = clock.unwrap_or(Clock { time: Time::midnight(), offset: None });
    offset.unwrap_or(Offset::UTC).to_timestamp(date.to_datetime(time)).ok()
}

/// Milliseconds since 1970, where 13 digits are written.
pub(crate) fn milliseconds(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() != 13 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_millisecond(text.parse().ok()?).ok()
}

/// A day, and the time behind it if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) date: Date,
    clock: Option<Clock>,
}

impl Reading {
    pub(crate) fn has_clock(self) -> bool {
        self.clock.is_some()
    }
}

pub(crate) fn reading(text: &str, format: Option<DateFormat>) -> Option<Reading> {
    let text = text.trim();
    // Most cells are no dates; this is asked of every one.
    if text.len() > LONGEST || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut rest = Rest(text);
    let date = rest.date(format)?;
    let clock = match rest.0 {
        "" => None,
        // `T` as in ISO 8601, a comma and `at` as Americans write it.
        rest => {
            let time = rest.strip_prefix(['T', 't', ',']).unwrap_or(rest).trim_start();
            Some(read_clock(time.strip_prefix("at ").unwrap_or(time))?)
        }
    };
    Some(Reading { date, clock })
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn date(&mut self, format: Option<DateFormat>) -> Option<Date> {
        let mut word = self.word();
        if word.is_some_and(|word| is_name(word, &WEEKDAYS).is_some()) {
            self.separator()?;
            word = self.word();
        }
        if let Some(month) = word {
            return self.after_month(month);
        }
        let first = self.number()?;
        if first.len() == 8 {
            return joined(first);
        }
        if first.len() != 4 && self.0.starts_with(|char: char| char.is_ascii_alphabetic()) {
            self.ordinal()?;
        }
        let separator = self.separator()?;
        if let Some(month) = self.word() {
            self.separator()?;
            let last = self.number()?;
            let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
            return day_of(year, month_of(month)?, day);
        }
        let second = self.number()?;
        if separator == ',' || self.separator()? != separator {
            return None;
        }
        let third = self.number()?;
        match (first.len(), format) {
            (4, _) | (_, Some(DateFormat::Ymd)) => day_of(first, small(second)?, third),
            (_, Some(DateFormat::Dmy)) => day_of(third, small(second)?, first),
            (_, Some(DateFormat::Mdy)) => day_of(third, small(first)?, second),
            // Which of them is the year of 12/4/26 nobody has said.
            (_, None) => None,
        }
    }

    /// `5, 2024` of `January 5, 2024`.
    fn after_month(&mut self, month: &str) -> Option<Date> {
        self.separator()?;
        let day = self.number()?;
        if self.0.starts_with(|char: char| char.is_ascii_alphabetic()) {
            self.ordinal()?;
        }
        self.separator()?;
        day_of(self.number()?, month_of(month)?, day)
    }

    fn ordinal(&mut self) -> Option<()> {
        let word = self.word()?;
        ["st", "nd", "rd", "th"].iter().any(|ending| word.eq_ignore_ascii_case(ending)).then_some(())
    }

    fn number(&mut self) -> Option<&'a str> {
        self.run(u8::is_ascii_digit)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.run(u8::is_ascii_alphabetic)
    }

    fn run(&mut self, is_part: impl Fn(&u8) -> bool) -> Option<&'a str> {
        let (run, rest) = self.0.split_at_checked(self.0.bytes().take_while(is_part).count())?;
        self.0 = rest;
        (!run.is_empty()).then_some(run)
    }

    /// The sign between two parts; a blank if nothing else stands there.
    fn separator(&mut self) -> Option<char> {
        let text = self.0.trim_start();
        let sign = text.chars().next().filter(|sign| matches!(sign, '-' | '/' | '.' | ','));
        let rest = text.strip_prefix(['-', '/', '.', ',']).unwrap_or(text).trim_start();
        let was = std::mem::replace(&mut self.0, rest);
        (rest.len() < was.len()).then(|| sign.unwrap_or(' '))
    }
}

/// `20240105`.
fn joined(digits: &str) -> Option<Date> {
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    day_of(year, small(month)?, day)
}

fn day_of(year: &str, month: i8, day: &str) -> Option<Date> {
    let number: i16 = year.parse().ok()?;
    let year = match year.len() {
        4 => number,
        2 if number < PIVOT => 2000 + number,
        2 => 1900 + number,
        _ => return None,
    };
    Date::new(year, month, small(day)?).ok()
}

/// A day or a month.
fn small(text: &str) -> Option<i8> {
    (1..=2).contains(&text.len()).then(|| text.parse().ok()).flatten()
}

fn month_of(word: &str) -> Option<i8> {
    is_name(word, &MONTHS).and_then(|index| i8::try_from(index + 1).ok())
}

/// Which of the names a word is, in full or cut after three or four letters.
fn is_name(word: &str, names: &[&str]) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    names.iter().position(|name| *name == word || (matches!(word.len(), 3 | 4) && name.starts_with(&word)))
}

#[cfg(test)]
mod tests;
