//! Days, weeks, months, quarters and years that times fall into, in UTC.

use jiff::SignedDuration;
use jiff::civil::Date;
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

/// The first day that can be written.
const FIRST: Date = Date::constant(0, 1, 1);
/// The day that days are counted from.
const EPOCH: Date = Date::constant(1970, 1, 1);

impl Unit {
    /// The first day of the period that a day is in, `2026-11-01`; one before the first that can be written is that one.
    pub(crate) fn first_day(self, day: Date) -> String {
        let first = match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(SignedDuration::from_hours(24 * since_monday))
            }
            Self::Month => day.first_of_month(),
            Self::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                Date::new(day.year(), month, 1).expect("every month has a first day")
            }
            Self::Year => day.first_of_year(),
        };
        first.max(FIRST).to_string()
    }
}

/// The number since 1970-01-01 of the day that a moment is in: as good as the day, and found without a calendar.
pub(crate) const fn day_of_millis(millis: i64) -> i64 {
    millis.div_euclid(DAY_MS)
}

/// The day of a number that [`day_of_millis`] gives.
pub(crate) fn date_of(day: i64) -> Date {
    EPOCH.saturating_add(SignedDuration::from_hours(24 * day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(unit: Unit, date: &str) -> String {
        unit.first_day(date.parse().unwrap())
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
        assert_eq!(first(Unit::Week, "-000001-05-05"), "0000-01-01", "nor can what was before it");
    }

    #[test]
    fn a_moment_is_in_a_day_whatever_the_number() {
        let date = |millis: i64| date_of(day_of_millis(millis)).to_string();
        let moments =
            [(0, "1970-01-01"), (-1, "1969-12-31"), (DAY_MS, "1970-01-02"), (1_709_251_199_999, "2024-02-29")];
        for (millis, wanted) in moments {
            assert_eq!(date(millis), wanted, "{millis}");
        }
        assert_eq!([i64::MIN, i64::MAX].map(date), ["-009999-01-01", "9999-12-31"], "no calendar goes as far");
    }

    proptest! {
        #[test]
        fn a_period_begins_on_its_own_first_day(day in -719_528i64..2_932_897) {
            let date = date_of(day);
            prop_assert_eq!(day_of_millis(day * DAY_MS + DAY_MS - 1), day);
            prop_assert_eq!(Unit::Day.first_day(date), date.to_string());
            for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
                let start: Date = unit.first_day(date).parse().unwrap();
                let days = start.until(date).unwrap().get_days();
                prop_assert!((0..366).contains(&days));
                prop_assert_eq!(unit.first_day(start), start.to_string());
            }
        }
    }
}
