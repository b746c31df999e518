//! Days, weeks, months, quarters and years that times fall into, in UTC.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::value::DAY_MS;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    /// A month of the calendar.
    Month,
    /// Three months, from January, April, July or October on.
    Quarter,
    /// A year of the calendar.
    Year,
}

impl Unit {
    /// The first day of the period that a day is in, `2026-11-01`, by the day's number since 1970-01-01.
    pub(crate) fn first_day(self, day: i64) -> String {
        // 1970-01-01 was a Thursday: three days after a Monday.
        let monday = day - (day + 3).rem_euclid(7);
        let date = date_of(if self == Self::Week { monday } else { day });
        let month = || date.get(5..7).and_then(|month| month.parse::<u32>().ok()).unwrap_or(1);
        match self {
            Self::Day | Self::Week => date,
            Self::Month => format!("{}-01", &date[..7]),
            Self::Quarter => format!("{}-{:02}-01", &date[..4], (month() - 1) / 3 * 3 + 1),
            Self::Year => format!("{}-01-01", &date[..4]),
        }
    }
}

/// The number since 1970-01-01 of the day that a moment is in.
pub(crate) const fn day_of_millis(millis: i64) -> i64 {
    millis.div_euclid(DAY_MS)
}

/// The number of a day that is written `2026-11-21`; `None` for what is no day.
pub(crate) fn day_of_date(date: &str) -> Option<i64> {
    let days = records::parse_date(date)?.since(records::parse_date("1970-01-01")?).ok()?;
    Some(i64::from(days.get_days()))
}

/// A day as it is written. Days before the first or after the last that can be written are that one.
fn date_of(day: i64) -> String {
    let start =
        Timestamp::from_millis(0).map_or_else(String::new, |epoch| epoch.plus_millis(day.saturating_mul(DAY_MS)).day());
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(unit: Unit, date: &str) -> String {
        unit.first_day(day_of_date(date).unwrap())
    }

    #[test]
    fn a_day_is_in_the_periods_that_a_calendar_says() {
        let cases = [
            ("2026-11-21", ["2026-11-21", "2026-11-16", "2026-11-01", "2026-10-01", "2026-01-01"]),
            ("2024-12-30", ["2024-12-30", "2024-12-30", "2024-12-01", "2024-10-01", "2024-01-01"]),
            ("2025-01-01", ["2025-01-01", "2024-12-30", "2025-01-01", "2025-01-01", "2025-01-01"]),
            ("1969-12-31", ["1969-12-31", "1969-12-29", "1969-12-01", "1969-10-01", "1969-01-01"]),
            ("2024-02-29", ["2024-02-29", "2024-02-26", "2024-02-01", "2024-01-01", "2024-01-01"]),
        ];
        for (date, wanted) in cases {
            let found = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year].map(|unit| first(unit, date));
            assert_eq!(found, wanted, "{date}");
        }
    }

    #[test]
    fn the_first_and_the_last_day_there_are_have_periods() {
        assert_eq!(first(Unit::Week, "0000-01-01"), "0000-01-01", "the Monday before it cannot be written");
        assert_eq!(first(Unit::Quarter, "9999-12-31"), "9999-10-01");
        assert_eq!(day_of_millis(-1), -1);
    }

    proptest! {
        #[test]
        fn a_period_begins_on_its_own_first_day(day in -700_000i64..2_900_000) {
            for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
                let start = unit.first_day(day);
                let number = day_of_date(&start).unwrap();
                prop_assert!(number <= day && day - number < 366);
                prop_assert_eq!(unit.first_day(number), start);
            }
        }
    }
}
