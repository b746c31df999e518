//! Days, weeks, months, quarters and years that times fall into, in UTC.

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
        let (year, month, _) = date_of(day);
        match self {
            Self::Day => written(date_of(day)),
            // 1970-01-01 was a Thursday: three days after a Monday.
            Self::Week => written(date_of(day - (day + 3).rem_euclid(7))),
            Self::Month => written((year, month, 1)),
            Self::Quarter => written((year, (month - 1) / 3 * 3 + 1, 1)),
            Self::Year => written((year, 1, 1)),
        }
    }
}

/// Year, month and day of the calendar that is used everywhere and for all times (ISO 8601).
type Date = (i64, i64, i64);

/// The days of 400 years, after which the calendar repeats itself.
const CYCLE: i64 = 146_097;
/// The days from 0000-03-01 to 1970-01-01. Years are counted from March on here, so that the leap day is their last.
const EPOCH: i64 = 719_468;

/// The number since 1970-01-01 of the day that a moment is in.
pub(crate) const fn day_of_millis(millis: i64) -> i64 {
    millis.div_euclid(DAY_MS)
}

/// The number of a day that is written `2026-11-21`; `None` for what is no day.
pub(crate) fn day_of_date(date: &str) -> Option<i64> {
    records::parse_date(date)?;
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_cycle = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year.div_euclid(400) * CYCLE + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - EPOCH)
}

/// The date of a day by its number.
const fn date_of(day: i64) -> Date {
    let days = day.saturating_add(EPOCH);
    let of_cycle = days.rem_euclid(CYCLE);
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let year = year + days.div_euclid(CYCLE) * 400;
    if month < 10 { (year, month + 3, date) } else { (year + 1, month - 9, date) }
}

/// A date as it is written; one before the first that can be written is that one.
fn written((year, month, day): Date) -> String {
    if year < 0 { "0000-01-01".to_owned() } else { format!("{year:04}-{month:02}-{day:02}") }
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
        assert_eq!(first(Unit::Day, "9999-12-31"), "9999-12-31");
        assert_eq!(day_of_millis(-1), -1);
    }

    proptest! {
        #[test]
        fn a_period_begins_on_its_own_first_day(day in -719_528i64..2_932_897) {
            let date = Unit::Day.first_day(day);
            prop_assert_eq!(day_of_date(&date), Some(day));
            for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
                let start = unit.first_day(day);
                let number = day_of_date(&start).unwrap();
                prop_assert!(number <= day && day - number < 366);
                prop_assert_eq!(unit.first_day(number), start);
            }
        }
    }
}
