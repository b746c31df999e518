//! Times of day, and how far they are from UTC.

use jiff::civil::Time;
use jiff::tz::Offset;

/// A time of day, and its distance from UTC where it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) time: Time,
    pub(super) offset: Option<Offset>,
}

/// Reads `10:30`, `10:30:15.250`, `10:30 PM`, with `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00` behind it if it is there, and
/// with a name in brackets behind that, which says no more. Names alone are not known here: without the rules of all
/// places they could only be guessed.
pub(super) fn read_clock(text: &str) -> Option<Clock> {
    let text = text.trim();
    let (hour, text) = digits(text, 2)?;
    let (minute, text) = digits(text.strip_prefix(':')?, 2)?;
    let (second, nanosecond, text) = match text.strip_prefix(':') {
        Some(text) => {
            let (second, text) = digits(text, 2)?;
            let (nanosecond, text) = fraction(text)?;
            (second, nanosecond, text)
        }
        None => (0, 0, text),
    };
    let (hour, text) = half_of_day(hour, text.trim_start())?;
    // A leap second is the last one of its minute.
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    Some(Clock { time, offset: zone(text.trim_start())? })
}

/// A number of one up to so many digits, and what comes after it.
fn digits(text: &str, most: usize) -> Option<(i8, &str)> {
    let (number, rest) = text.split_at_checked(text.bytes().take_while(u8::is_ascii_digit).count())?;
    let fits = (1..=most).contains(&number.len());
    fits.then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}

/// A fraction of a second in nanoseconds, if there is one, and what comes after it. Further digits are dropped.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else { return Some((0, text)) };
    let (digits, rest) = rest.split_at_checked(rest.bytes().take_while(u8::is_ascii_digit).count())?;
    let nine = format!("{digits:0<9}");
    let nanosecond = nine.get(..9)?.parse().ok()?;
    (!digits.is_empty()).then_some((nanosecond, rest))
}

/// The hour of a day of 24, by what says which half it is, if anything does, and what comes after that.
fn half_of_day(hour: i8, text: &str) -> Option<(i8, &str)> {
    let is_word = |word: &&str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let Some(word) = ["AM", "PM", "A.M.", "P.M."].iter().find(|word| is_word(word)) else { return Some((hour, text)) };
    let afternoon = if word.starts_with('P') { 12 } else { 0 };
    let rest = text.get(word.len()..)?;
    (1..=12).contains(&hour).then_some((hour % 12 + afternoon, rest))
}

/// How far from UTC it is. `Some(None)` when nothing says it.
fn zone(text: &str) -> Option<Option<Offset>> {
    let known = ["UTC", "GMT", "Z", "z"].iter().find_map(|word| text.strip_prefix(word));
    let (text, offset) = match (known, text.strip_prefix(['+', '-', '\u{2212}'])) {
        (Some(rest), _) if !rest.starts_with(['+', '-']) => (rest, Some(Offset::UTC)),
        (Some(rest), _) => distance(rest.get(1..)?, !rest.starts_with('+'))?,
        (None, Some(rest)) => distance(rest, !text.starts_with('+'))?,
        (None, None) => (text, None),
    };
    let text = text.trim_start();
    let is_name =
        offset.is_some() && [('[', ']'), ('(', ')')].iter().any(|(a, b)| text.starts_with(*a) && text.ends_with(*b));
    (text.is_empty() || is_name).then_some(offset)
}

/// `HH`, `HHMM` or `HH:MM`.
fn distance(text: &str, is_west: bool) -> Option<(&str, Option<Offset>)> {
    let (number, mut rest) = text.split_at_checked(text.bytes().take_while(u8::is_ascii_digit).count())?;
    let (hours, minutes) = match number.len() {
        4 => number.split_at_checked(2)?,
        1 | 2 => match rest.strip_prefix(':').and_then(|text| text.split_at_checked(2)) {
            Some((minutes, after)) => {
                rest = after;
                (number, minutes)
            }
            None => (number, "0"),
        },
        _ => return None,
    };
    let hours: i32 = hours.parse().ok().filter(|hours| *hours < 24)?;
    let minutes: i32 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let seconds = (hours * 60 + minutes) * 60;
    Some((rest, Some(Offset::from_seconds(if is_west { -seconds } else { seconds }).ok()?)))
}
