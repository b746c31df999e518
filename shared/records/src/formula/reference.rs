//! The functions: what each is called, what it takes and gives, and what is told to users.

use serde::Serialize;

use super::ValueType;
use super::shape::{Accepts, Gives, Shape, gives, gives_alike};

/// A function as it is told to users.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FunctionReference {
    /// How it is called: small letters, digits and `_`.
    pub name: &'static str,
    /// What it takes and gives: `[…]` may be left out, `…` may be repeated.
    pub signature: &'static str,
    /// What it does, in sentences for people.
    pub help: &'static str,
    #[serde(skip)]
    pub(super) function: Function,
    /// One for each way in which it is called; they differ in the number of arguments.
    #[serde(skip)]
    pub(super) shapes: &'static [Shape],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    If,
    Case,
    Coalesce,
    IsBlank,
    And,
    Or,
    Abs,
    Round,
    Floor,
    Ceil,
    Min,
    Max,
    Number,
    Text,
    Concat,
    Len,
    Upper,
    Lower,
    Trim,
    Left,
    Right,
    Mid,
    Contains,
    StartsWith,
    EndsWith,
    Replace,
    Date,
    DateTime,
    Year,
    Month,
    Day,
    Weekday,
    AddDays,
    AddMonths,
    DaysBetween,
    MonthsBetween,
    Money,
    Amount,
    Currency,
}

impl Function {
    /// The function of a name, in small letters or capitals.
    ///
    /// # Errors
    /// There is none; with the name that sounds like it, if there is one: `isblank` is written `is_blank`.
    pub(super) fn named(name: &str) -> Result<Self, Option<&'static str>> {
        let bare = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let exact = REFERENCE.iter().find(|reference| reference.name.eq_ignore_ascii_case(name));
        let similar = || REFERENCE.iter().find(|reference| bare(reference.name) == bare(name));
        exact.map(|reference| reference.function).ok_or_else(|| similar().map(|reference| reference.name))
    }

    pub(super) fn reference(self) -> &'static FunctionReference {
        REFERENCE.iter().find(|reference| reference.function == self).expect("every function has a row")
    }

    /// What so many arguments must be, and what the call gives then; `None` if there cannot be so many.
    pub(super) fn places(self, count: usize) -> Option<(impl Iterator<Item = Accepts>, Gives)> {
        self.reference().shapes.iter().find_map(|shape| Some((shape.places(count)?, shape.gives)))
    }
}

/// All functions, by subject.
#[must_use]
pub const fn reference() -> &'static [FunctionReference] {
    REFERENCE
}

const TEXT: Accepts = Accepts::OneOf(&[ValueType::Text]);
const NUMBER: Accepts = Accepts::OneOf(&[ValueType::Number]);
const MONEY: Accepts = Accepts::OneOf(&[ValueType::Money]);
const BOOLEAN: Accepts = Accepts::OneOf(&[ValueType::Boolean]);
const WHEN: Accepts = Accepts::OneOf(&[ValueType::Date, ValueType::DateTime]);
const ANY: Accepts = Accepts::OneOf(ALL);
const ALIKE: Accepts = Accepts::Alike(ALL);
const MATCHING: Accepts = Accepts::Matching(ALL);
const SIZED: Accepts = Accepts::Alike(&[ValueType::Number, ValueType::Money]);
const ORDERED: Accepts = Accepts::Alike(&[ValueType::Number, ValueType::Money, ValueType::Date, ValueType::DateTime]);
const SAME_WHEN: Accepts = Accepts::Alike(&[ValueType::Date, ValueType::DateTime]);
const ALL: &[ValueType] =
    &[ValueType::Text, ValueType::Number, ValueType::Money, ValueType::Boolean, ValueType::Date, ValueType::DateTime];

const fn row(
    function: Function,
    signature: &'static str,
    help: &'static str,
    shapes: &'static [Shape],
) -> FunctionReference {
    FunctionReference { name: name_in(signature), signature, help, function, shapes }
}

/// What stands before the bracket.
const fn name_in(signature: &'static str) -> &'static str {
    let mut end = 0;
    while signature.as_bytes()[end] != b'(' {
        end += 1;
    }
    signature.split_at(end).0
}

const REFERENCE: &[FunctionReference] = &[
    row(
        Function::If,
        "if(condition, then, [else]) -> value",
        "`then` where the condition is true, else `else`, or blank without it. Only the one that is given is computed.",
        &[gives_alike(&[BOOLEAN, ALIKE]).then(ALIKE)],
    ),
    row(
        Function::Case,
        "case(value, when, then, …, [else]) -> value",
        "The `then` after the first `when` that equals the value, else `else`, or blank without it.",
        &[gives_alike(&[MATCHING, MATCHING, ALIKE]).repeating(&[MATCHING, ALIKE]).then(ALIKE)],
    ),
    row(
        Function::Coalesce,
        "coalesce(value, value, …) -> value",
        "The first that is not blank.",
        &[gives_alike(&[ALIKE, ALIKE]).repeating(&[ALIKE])],
    ),
    row(
        Function::IsBlank,
        "is_blank(value) -> boolean",
        "Whether there is no value, or an empty text.",
        &[gives(ValueType::Boolean, &[ANY])],
    ),
    row(
        Function::And,
        "and(condition, …) -> boolean",
        "Whether all are true. Blank counts as false.",
        &[gives(ValueType::Boolean, &[BOOLEAN]).repeating(&[BOOLEAN])],
    ),
    row(
        Function::Or,
        "or(condition, …) -> boolean",
        "Whether one is true. Blank counts as false.",
        &[gives(ValueType::Boolean, &[BOOLEAN]).repeating(&[BOOLEAN])],
    ),
    row(
        Function::Abs,
        "abs(number or money) -> number or money",
        "The value without its sign.",
        &[gives_alike(&[SIZED])],
    ),
    row(
        Function::Round,
        "round(number, [digits]) -> number",
        "Rounded half away from zero to so many digits after the point, to none without `digits`; before the point where \
         `digits` is negative.",
        &[gives(ValueType::Number, &[NUMBER]).then(NUMBER)],
    ),
    row(
        Function::Floor,
        "floor(number) -> number",
        "The next whole number below, or the number if it is whole.",
        &[gives(ValueType::Number, &[NUMBER])],
    ),
    row(
        Function::Ceil,
        "ceil(number) -> number",
        "The next whole number above, or the number if it is whole.",
        &[gives(ValueType::Number, &[NUMBER])],
    ),
    row(
        Function::Min,
        "min(value, value, …) -> value",
        "The least number, amount, date or datetime; blank if one is blank or amounts are in two currencies.",
        &[gives_alike(&[ORDERED, ORDERED]).repeating(&[ORDERED])],
    ),
    row(
        Function::Max,
        "max(value, value, …) -> value",
        "The greatest number, amount, date or datetime; blank if one is blank or amounts are in two currencies.",
        &[gives_alike(&[ORDERED, ORDERED]).repeating(&[ORDERED])],
    ),
    row(
        Function::Number,
        "number(text) -> number",
        "The number that the text shows, such as `-12.5`; blank if it shows none.",
        &[gives(ValueType::Number, &[TEXT])],
    ),
    row(
        Function::Text,
        "text(value) -> text",
        "The value as text: `12.5`, `12.50 EUR`, `true`, `2026-11-21`, `2026-11-21T10:00:00.000Z`.",
        &[gives(ValueType::Text, &[ANY])],
    ),
    row(
        Function::Concat,
        "concat(value, …) -> text",
        "All values as one text. Blank counts as empty.",
        &[gives(ValueType::Text, &[ANY]).repeating(&[ANY])],
    ),
    row(
        Function::Len,
        "len(text) -> number",
        "How many characters the text has; 0 for blank.",
        &[gives(ValueType::Number, &[TEXT])],
    ),
    row(Function::Upper, "upper(text) -> text", "The text in capitals.", &[gives(ValueType::Text, &[TEXT])]),
    row(Function::Lower, "lower(text) -> text", "The text in small letters.", &[gives(ValueType::Text, &[TEXT])]),
    row(
        Function::Trim,
        "trim(text) -> text",
        "The text without blanks at its ends.",
        &[gives(ValueType::Text, &[TEXT])],
    ),
    row(
        Function::Left,
        "left(text, count) -> text",
        "The first so many characters.",
        &[gives(ValueType::Text, &[TEXT, NUMBER])],
    ),
    row(
        Function::Right,
        "right(text, count) -> text",
        "The last so many characters.",
        &[gives(ValueType::Text, &[TEXT, NUMBER])],
    ),
    row(
        Function::Mid,
        "mid(text, start, count) -> text",
        "So many characters from the one at `start` on; the first is 1.",
        &[gives(ValueType::Text, &[TEXT, NUMBER, NUMBER])],
    ),
    row(
        Function::Contains,
        "contains(text, part) -> boolean",
        "Whether the part occurs in the text. Capitals differ from small letters; false with a blank.",
        &[gives(ValueType::Boolean, &[TEXT, TEXT])],
    ),
    row(
        Function::StartsWith,
        "starts_with(text, part) -> boolean",
        "Whether the text begins with the part. Capitals differ from small letters; false with a blank.",
        &[gives(ValueType::Boolean, &[TEXT, TEXT])],
    ),
    row(
        Function::EndsWith,
        "ends_with(text, part) -> boolean",
        "Whether the text ends with the part. Capitals differ from small letters; false with a blank.",
        &[gives(ValueType::Boolean, &[TEXT, TEXT])],
    ),
    row(
        Function::Replace,
        "replace(text, old, new) -> text",
        "The text with `new` in every place of `old`. A blank `new` removes; a blank `old` changes nothing.",
        &[gives(ValueType::Text, &[TEXT, TEXT, TEXT])],
    ),
    row(
        Function::Date,
        "date(year, month, day) or date(text or datetime) -> date",
        "The day; blank if there is none such. A text is written `2026-11-21`; a datetime gives its day in UTC.",
        &[
            gives(ValueType::Date, &[NUMBER, NUMBER, NUMBER]),
            gives(ValueType::Date, &[Accepts::OneOf(&[ValueType::Text, ValueType::DateTime])]),
        ],
    ),
    row(
        Function::DateTime,
        "datetime(text or date) -> datetime",
        "The point in time that an RFC 3339 text says, or at which the day begins in UTC; blank if there is none such.",
        &[gives(ValueType::DateTime, &[Accepts::OneOf(&[ValueType::Text, ValueType::Date])])],
    ),
    row(Function::Year, "year(date or datetime) -> number", "Its year in UTC.", &[gives(ValueType::Number, &[WHEN])]),
    row(
        Function::Month,
        "month(date or datetime) -> number",
        "Its month in UTC, 1 to 12.",
        &[gives(ValueType::Number, &[WHEN])],
    ),
    row(
        Function::Day,
        "day(date or datetime) -> number",
        "Its day of the month in UTC, 1 to 31.",
        &[gives(ValueType::Number, &[WHEN])],
    ),
    row(
        Function::Weekday,
        "weekday(date or datetime) -> number",
        "Its day of the week in UTC: 1 is Monday, 7 is Sunday.",
        &[gives(ValueType::Number, &[WHEN])],
    ),
    row(
        Function::AddDays,
        "add_days(date or datetime, days) -> date or datetime",
        "So many days later. A date moves by whole days, a datetime also by parts of one.",
        &[gives_alike(&[SAME_WHEN, NUMBER])],
    ),
    row(
        Function::AddMonths,
        "add_months(date or datetime, months) -> date or datetime",
        "So many whole months later; the last day of the month where the month is too short.",
        &[gives_alike(&[SAME_WHEN, NUMBER])],
    ),
    row(
        Function::DaysBetween,
        "days_between(from, to) -> number",
        "The days from one date or datetime to another, negative when `to` comes first; of datetimes with their parts.",
        &[gives(ValueType::Number, &[SAME_WHEN, SAME_WHEN])],
    ),
    row(
        Function::MonthsBetween,
        "months_between(from, to) -> number",
        "The whole months from one date or datetime to another, negative when `to` comes first.",
        &[gives(ValueType::Number, &[SAME_WHEN, SAME_WHEN])],
    ),
    row(
        Function::Money,
        "money(amount, currency) -> money",
        "An amount in minor units, rounded to whole ones: `money(1250, \"EUR\")` is 12.50 EUR. Blank if the currency is \
         not three capital letters.",
        &[gives(ValueType::Money, &[NUMBER, TEXT])],
    ),
    row(
        Function::Amount,
        "amount(money) -> number",
        "The amount in minor units: of 12.50 EUR it is 1250.",
        &[gives(ValueType::Number, &[MONEY])],
    ),
    row(
        Function::Currency,
        "currency(money) -> text",
        "The three letters of its currency.",
        &[gives(ValueType::Text, &[MONEY])],
    ),
];
