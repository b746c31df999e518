//! Dates and points in time, in the proleptic Gregorian calendar and in UTC, within the years 0 to 9999.

use jiff::civil::{self, Date};
use jiff::tz::Offset;
use jiff::{Span, Unit};
use kernel::Timestamp;

use super::{Operand, numbers};

const MILLIS_A_DAY: f64 = 86_400_000.0;

/// The day of these numbers, of which the whole parts count.
pub(super) fn of(year: f64, month: f64, day: f64) -> Option<Operand> {
    // A cast holds at the ends of its type, which are no months or days either.
    let (year, month, day) = (year.trunc() as i16, month.trunc() as i8, day.trunc() as i8);
    within(Date::new(year, month, day).ok()?)
}

/// The day that a text `2026-11-21` or a point in time says.
pub(super) fn date(operand: &Operand) -> Option<Operand> {
    match operand {
        Operand::Text(text) => {
            let digit =
                |(at, byte): (usize, u8)| if [4, 7].contains(&at) { byte == b'-' } else { byte.is_ascii_digit() };
            let text = text.trim();
            (text.len() == 10 && text.bytes().enumerate().all(digit))
                .then(|| text.parse().ok())
                .flatten()
                .and_then(within)
        }
        _ => within(civil(operand)?.date()),
    }
}

/// The point in time that an RFC 3339 text says, or at which a day begins.
pub(super) fn datetime(operand: &Operand) -> Option<Operand> {
    match operand {
        Operand::Text(text) => text.trim().parse().ok().map(Operand::DateTime),
        _ => instant_of(civil(operand)?),
    }
}

/// Date and time of day of a date or a datetime. None for the last hours of the year 9999: points in time end where
/// some time zone would already be in the year 10000.
pub(super) fn civil(operand: &Operand) -> Option<civil::DateTime> {
    match operand {
        Operand::Date(date) => Some(date.at(0, 0, 0, 0)),
        Operand::DateTime(time) => {
            jiff::Timestamp::from_millisecond(time.as_millis()).ok().map(|time| Offset::UTC.to_datetime(time))
        }
        _ => None,
    }
}

/// So many days later.
pub(super) fn add_days(operand: &Operand, days: f64) -> Option<Operand> {
    match operand {
        Operand::Date(date) => within(date.checked_add(Span::new().try_days(days.trunc() as i64).ok()?).ok()?),
        Operand::DateTime(time) => instant(time.as_millis().checked_add((days * MILLIS_A_DAY).round() as i64)?),
        _ => None,
    }
}

/// So many whole months later.
pub(super) fn add_months(operand: &Operand, months: f64) -> Option<Operand> {
    let span = Span::new().try_months(months.trunc() as i64).ok()?;
    let later = civil(operand)?.checked_add(span).ok()?;
    match operand {
        Operand::Date(_) => within(later.date()),
        _ => instant_of(later),
    }
}

/// The days from one to the other, with their parts where these are datetimes.
pub(super) fn days_between(from: &Operand, to: &Operand) -> Option<f64> {
    match (from, to) {
        (Operand::Date(from), Operand::Date(to)) => from.until(*to).ok().map(|span| f64::from(span.get_days())),
        (Operand::DateTime(from), Operand::DateTime(to)) => {
            numbers::tidy((to.as_millis() - from.as_millis()) as f64 / MILLIS_A_DAY)
        }
        _ => None,
    }
}

/// The whole months from one to the other.
pub(super) fn months_between(from: &Operand, to: &Operand) -> Option<f64> {
    let span = civil(from)?.until((Unit::Month, civil(to)?)).ok()?;
    Some(f64::from(span.get_months()))
}

fn within(date: Date) -> Option<Operand> {
    (0..=9_999).contains(&date.year()).then_some(Operand::Date(date))
}

fn instant_of(civil: civil::DateTime) -> Option<Operand> {
    instant(Offset::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

/// The point in time so many milliseconds after 1970, if it has a written form: the last ones have none.
fn instant(millis: i64) -> Option<Operand> {
    let time = Operand::DateTime(Timestamp::from_millis(millis)?);
    civil(&time).is_some().then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Operand {
        date(&Operand::Text(text.to_owned())).unwrap()
    }

    #[test]
    fn months_end_where_they_end() {
        assert_eq!(add_months(&day("2026-01-31"), 1.0), Some(day("2026-02-28")));
        assert_eq!(add_months(&day("2028-01-31"), 1.9), Some(day("2028-02-29")));
        assert_eq!(add_months(&day("2026-03-31"), -1.0), Some(day("2026-02-28")));
        assert_eq!(months_between(&day("2026-01-31"), &day("2026-02-28")), Some(0.0));
        assert_eq!(months_between(&day("2026-01-15"), &day("2027-02-15")), Some(13.0));
    }

    #[test]
    fn only_days_of_the_calendar_are_days() {
        assert_eq!(of(2026.9, 2.0, 28.0), Some(day("2026-02-28")));
        for (year, month, date) in [(2026.0, 2.0, 29.0), (2026.0, 13.0, 1.0), (-1.0, 1.0, 1.0), (1e9, 1e9, 1e9)] {
            assert_eq!(of(year, month, date), None);
        }
        for text in ["2026-02-29", "2026-2-1", "20260201", "2026-02-01T00:00:00Z", "+026-02-01", "2026-W01-1", ""] {
            assert_eq!(date(&Operand::Text(text.to_owned())), None, "{text}");
        }
    }

    #[test]
    fn the_calendar_ends_with_the_year_9999() {
        assert_eq!(add_days(&day("9999-12-31"), 1.0), None);
        assert_eq!(add_days(&day("0000-01-01"), -1.0), None);
        assert_eq!(add_months(&day("9999-12-31"), 1.0), None);
        assert_eq!(add_days(&day("2026-01-01"), f64::MAX), None);
        assert_eq!(datetime(&day("9999-12-31")), None);
        let last = datetime(&Operand::Text("9999-12-30T22:00:00.000Z".to_owned())).unwrap();
        assert_eq!(add_days(&last, 1.0 / MILLIS_A_DAY), None);
        assert_eq!(add_days(&last, 1.0), None);
        assert_eq!(add_days(&last, f64::MIN), None);
        assert_eq!(add_months(&last, 1.0), None);
    }

    proptest! {
        #[test]
        fn the_days_between_lead_from_one_to_the_other(from in 0_i32..3_652_058, to in 0_i32..3_652_058) {
            let start = day("0000-01-01");
            let (from, to) = (add_days(&start, f64::from(from)).unwrap(), add_days(&start, f64::from(to)).unwrap());
            let between = days_between(&from, &to).unwrap();
            prop_assert_eq!(add_days(&from, between), Some(to.clone()));
            let (from, to) = (datetime(&from).unwrap(), datetime(&to).unwrap());
            prop_assert_eq!(days_between(&from, &to), Some(between));
            prop_assert_eq!(add_days(&from, between), Some(to));
        }
    }
}
