//! What the values of a column could be.

use jiff::Timestamp;
use jiff::civil::Date;

use super::contest::Contest;
use super::forms::{is_domain, is_email, is_phone, is_url};
use crate::values::{
    DateFormat, NumberFormat, milliseconds, read_boolean, read_decimal, read_money, reading, split_list,
};

/// What the values of a column could be: the strictest kind that at least 95 of 100 of them fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// There are none.
    Empty,
    /// Yes or no.
    Boolean,
    /// Whole numbers of up to 15 digits, in digits alone.
    Integer,
    /// Numbers, and whether their format is sure: `1.234` and `1,234` alone could be either. Signs that could be both are taken
    /// for those that group digits.
    Decimal(NumberFormat, bool),
    /// Amounts of money, with the currency if it is the same wherever one stands; and whether their format is sure.
    Money(NumberFormat, Option<String>, bool),
    /// Days, and whether the order of day and month is sure: it is, as soon as one number is over 12.
    Date(DateFormat, bool),
    /// Moments, the same way.
    Time(DateFormat, bool),
    /// Email addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Web addresses.
    Url,
    /// Internet domains.
    Domain,
    /// Few different values, again and again.
    Choice,
    /// Several short values in a cell, in at least every fourth one.
    List,
    /// Anything else.
    Text,
}

impl Looks {
    /// Its word: `decimal`, `date`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal(..) => "decimal",
            Self::Money(..) => "money",
            Self::Date(..) => "date",
            Self::Time(..) => "time",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Domain => "domain",
            Self::Choice => "choice",
            Self::List => "list",
            Self::Text => "text",
        }
    }
}

/// The values of a list are shorter than this, in characters.
const LIST_ITEM_CHARS: usize = 50;
/// Fewer values than this are no sign that some are chosen again and again.
const CHOICE_VALUES: u64 = 4;

/// How many values fit which kinds.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    booleans: u64,
    zeros: u64,
    ones: u64,
    integers: u64,
    milliseconds: u64,
    clocks: u64,
    numbers: Contest<2>,
    amounts: Contest<2>,
    dates: Contest<3>,
    /// Values with each of the signs, which tell what is likely where formats do not tell.
    dots: u64,
    commas: u64,
    slashes: u64,
    /// The currency of the amounts; `None` inside when they are of several.
    currency: Option<Option<String>>,
    emails: u64,
    phones: u64,
    urls: u64,
    domains: u64,
    lists: u64,
}

impl Kinds {
    /// A value without blanks around it, and not empty.
    pub(super) fn add(&mut self, value: &str) {
        self.booleans += u64::from(read_boolean(value).is_some());
        self.zeros += u64::from(value == "0");
        self.ones += u64::from(value == "1");
        self.dots += u64::from(value.contains('.'));
        self.commas += u64::from(value.contains(','));
        self.slashes += u64::from(value.contains('/'));
        self.add_number(value);
        // Days have the form of phone numbers, but for their number of digits.
        let is_day = self.add_date(value);
        self.emails += u64::from(is_email(value));
        self.phones += u64::from(!is_day && is_phone(value));
        self.urls += u64::from(is_url(value));
        self.domains += u64::from(is_domain(value));
        self.lists += u64::from(is_list(value));
    }

    fn add_number(&mut self, value: &str) {
        // Most cells are no numbers.
        if value.len() > 60 || !value.bytes().any(|byte| byte.is_ascii_digit()) || is_key(value) {
            return;
        }
        let digits = value.strip_prefix('-').unwrap_or(value);
        self.integers += u64::from(digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        self.numbers.add(&NumberFormat::ALL.map(|format| read_decimal(value, format)));
        let amounts = NumberFormat::ALL.map(|format| read_money(value, format));
        for (_, currency) in amounts.iter().flatten() {
            match (&mut self.currency, currency) {
                (_, None) => {}
                (None, Some(currency)) => self.currency = Some(Some((*currency).to_owned())),
                (Some(known), Some(currency)) if known.as_deref() != Some(*currency) => *known = None,
                (Some(_), Some(_)) => {}
            }
        }
        self.amounts.add(&amounts.map(|amount| amount.map(|(amount, _)| amount)));
    }

    /// Whether it is a day in any format.
    fn add_date(&mut self, value: &str) -> bool {
        let readings = DateFormat::ALL.map(|format| reading(value, Some(format)));
        self.clocks += u64::from(readings.iter().flatten().any(|reading| reading.has_clock()));
        // Numbers of articles have 13 digits too; those that are moments of our time begin with 1.
        let is_moment = |time: &Timestamp| value.starts_with('1') && *time > Timestamp::UNIX_EPOCH;
        self.milliseconds += u64::from(milliseconds(value).is_some_and(|time| is_moment(&time)));
        let dates: [Option<Date>; 3] = readings.map(|reading| reading.map(|reading| reading.date));
        self.dates.add(&dates);
        dates.iter().any(Option::is_some)
    }

    /// What they look like. `different`: how many different ones there are, if they are few and of one line.
    pub(super) fn looks(&self, filled: u64, different: Option<usize>) -> Looks {
        let most = |count: u64| count * 100 >= filled * 95;
        if filled == 0 {
            return Looks::Empty;
        }
        // Digits say yes or no only where both are there.
        let is_counted = self.zeros + self.ones == self.booleans && (self.zeros == 0 || self.ones == 0);
        if most(self.booleans) && !is_counted {
            return Looks::Boolean;
        }
        if most(self.milliseconds) {
            return Looks::Time(DateFormat::Ymd, true);
        }
        if most(self.integers) {
            return Looks::Integer;
        }
        self.date(most).or_else(|| self.number(most)).or_else(|| self.address(most)).unwrap_or_else(|| {
            let is_few = |different: usize| filled >= CHOICE_VALUES && different as u64 * 2 <= filled;
            if self.lists * 4 >= filled {
                Looks::List
            } else if different.is_some_and(is_few) {
                Looks::Choice
            } else {
                Looks::Text
            }
        })
    }

    fn date(&self, most: impl Fn(u64) -> bool) -> Option<Looks> {
        const YMD: usize = 0;
        const DMY: usize = 1;
        const MDY: usize = 2;
        let order = match self.dates.is_disputed() {
            false => [YMD, DMY, MDY],
            // Slashes without anything that decides are American, points and dashes are not.
            true if self.slashes > 0 => [MDY, DMY, YMD],
            true => [DMY, MDY, YMD],
        };
        let (winner, is_sure) = self.dates.winner(order, &most)?;
        let format = *DateFormat::ALL.get(winner)?;
        let is_time = self.clocks * 2 > self.dates.fits(winner);
        Some(if is_time { Looks::Time(format, is_sure) } else { Looks::Date(format, is_sure) })
    }

    fn number(&self, most: impl Fn(u64) -> bool) -> Option<Looks> {
        const POINT: usize = 0;
        const COMMA: usize = 1;
        let is_grouped_by_dots = self.numbers.is_disputed() || self.amounts.is_disputed();
        let order = if is_grouped_by_dots && self.dots > self.commas { [COMMA, POINT] } else { [POINT, COMMA] };
        if let Some((winner, is_sure)) = self.numbers.winner(order, &most) {
            return Some(Looks::Decimal(*NumberFormat::ALL.get(winner)?, is_sure));
        }
        let (winner, is_sure) = self.amounts.winner(order, &most)?;
        Some(Looks::Money(*NumberFormat::ALL.get(winner)?, self.currency.clone().flatten(), is_sure))
    }

    fn address(&self, most: impl Fn(u64) -> bool) -> Option<Looks> {
        if most(self.emails) {
            return Some(Looks::Email);
        }
        if most(self.domains) {
            return Some(Looks::Domain);
        }
        // Among web addresses there are some without what they begin with.
        if self.urls > 0 && most(self.urls + self.domains) {
            return Some(Looks::Url);
        }
        most(self.phones).then_some(Looks::Phone)
    }
}

/// Whether a number is rather a key or a phone number: what is written with zeros before it or a plus, or with an exponent that
/// may be none (`12E3`), or is longer than anybody counts.
fn is_key(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_padded = value.strip_prefix('0').is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
    let is_bare_exponent = value.split_once(['e', 'E']).is_some_and(|(number, power)| {
        number.bytes().all(|byte| byte.is_ascii_digit()) && power.bytes().all(|byte| byte.is_ascii_digit())
    });
    is_padded || value.starts_with('+') || is_bare_exponent || digits > 20
}

/// Whether several short values stand in a cell, with a sign between them that is in no prose.
fn is_list(value: &str) -> bool {
    if !value.contains([';', ':', '[']) || value.contains(['\n', '\r']) || value.len() > 4_000 {
        return false;
    }
    let is_separated = value.contains(';') || value.contains(":::") || value.starts_with('[');
    let items = split_list(value);
    is_separated && items.len() > 1 && items.iter().all(|item| item.chars().count() < LIST_ITEM_CHARS)
}
