//! The functions that look at all of their arguments. A pattern that names values only is how a blank makes a blank.

use super::reference::Function;
use super::{Operand, dates, numbers, operators, texts};

/// What a function gives for these arguments, of which `None` is blank.
pub(super) fn call(function: Function, arguments: &[Option<&Operand>]) -> Option<Operand> {
    match function {
        Function::IsBlank => Some(Operand::Boolean(arguments.iter().all(Option::is_none))),
        Function::Min => extreme(arguments, std::cmp::Ordering::is_lt),
        Function::Max => extreme(arguments, std::cmp::Ordering::is_gt),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil | Function::Number => {
            number(function, arguments)
        }
        Function::Money | Function::Amount | Function::Currency => money(function, arguments),
        Function::Text | Function::Concat => Some(Operand::Text(texts::join(arguments.iter().copied()))),
        Function::Len | Function::Contains | Function::StartsWith | Function::EndsWith => ask(function, arguments),
        Function::Upper
        | Function::Lower
        | Function::Trim
        | Function::Left
        | Function::Right
        | Function::Mid
        | Function::Replace => text(function, arguments).map(Operand::Text),
        Function::Date
        | Function::DateTime
        | Function::Year
        | Function::Month
        | Function::Day
        | Function::Weekday
        | Function::AddDays
        | Function::AddMonths
        | Function::DaysBetween
        | Function::MonthsBetween => date(function, arguments),
        // These look at their arguments one by one, so they are evaluated where the tree is.
        Function::If | Function::Case | Function::Coalesce | Function::And | Function::Or => None,
    }
}

fn number(function: Function, arguments: &[Option<&Operand>]) -> Option<Operand> {
    use Operand::{Money, Number, Text};
    let number = match (function, arguments) {
        (Function::Abs, [Some(Money { amount, currency })]) => {
            return Some(Money { amount: amount.checked_abs()?, currency: currency.clone() });
        }
        (Function::Abs, [Some(Number(number))]) => number.abs(),
        (Function::Round, [Some(Number(number))]) => numbers::round(*number, 0.0)?,
        (Function::Round, [Some(Number(number)), Some(Number(digits))]) => numbers::round(*number, *digits)?,
        (Function::Floor, [Some(Number(number))]) => number.floor(),
        (Function::Ceil, [Some(Number(number))]) => number.ceil(),
        (Function::Number, [Some(Text(text))]) => numbers::parse(text)?,
        _ => return None,
    };
    // No -0, which would be shown as such.
    Some(Number(number + 0.0))
}

fn money(function: Function, arguments: &[Option<&Operand>]) -> Option<Operand> {
    match (function, arguments) {
        (Function::Money, [Some(Operand::Number(amount)), Some(Operand::Text(currency))]) => {
            let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
            let amount = numbers::multiplied(1, *amount)?;
            is_code.then(|| Operand::Money { amount, currency: currency.clone() })
        }
        (Function::Amount, [Some(Operand::Money { amount, .. })]) => Some(Operand::Number(*amount as f64)),
        (Function::Currency, [Some(Operand::Money { currency, .. })]) => Some(Operand::Text(currency.clone())),
        _ => None,
    }
}

/// The argument that none comes before; `None` when one is blank or cannot be compared.
fn extreme(arguments: &[Option<&Operand>], comes_before: fn(std::cmp::Ordering) -> bool) -> Option<Operand> {
    let (first, others) = arguments.split_first()?;
    let mut best = (*first)?;
    for other in others {
        let other = (*other)?;
        if comes_before(operators::order(other, best)?) {
            best = other;
        }
    }
    Some(best.clone())
}

/// What is asked of texts: a blank one has no characters, and nothing is in it.
fn ask(function: Function, arguments: &[Option<&Operand>]) -> Option<Operand> {
    use Operand::Text;
    Some(match (function, arguments) {
        (Function::Len, [Some(Text(text))]) => Operand::Number(text.chars().count() as f64),
        (Function::Len, _) => Operand::Number(0.0),
        (Function::Contains, [Some(Text(text)), Some(Text(part))]) => Operand::Boolean(text.contains(part.as_str())),
        (Function::StartsWith, [Some(Text(text)), Some(Text(part))]) => {
            Operand::Boolean(text.starts_with(part.as_str()))
        }
        (Function::EndsWith, [Some(Text(text)), Some(Text(part))]) => Operand::Boolean(text.ends_with(part.as_str())),
        _ => Operand::Boolean(false),
    })
}

fn text(function: Function, arguments: &[Option<&Operand>]) -> Option<String> {
    use Operand::{Number, Text};
    Some(match (function, arguments) {
        (Function::Upper, [Some(Text(text))]) => text.to_uppercase(),
        (Function::Lower, [Some(Text(text))]) => text.to_lowercase(),
        (Function::Trim, [Some(Text(text))]) => text.trim().to_owned(),
        (Function::Left, [Some(Text(text)), Some(Number(count))]) => texts::part(text, 0.0, *count),
        (Function::Right, [Some(Text(text)), Some(Number(count))]) => texts::last(text, *count),
        (Function::Mid, [Some(Text(text)), Some(Number(start)), Some(Number(count))]) => {
            texts::part(text, start - 1.0, *count)
        }
        (Function::Replace, [Some(Text(text)), old, new]) => {
            let old = old.map(texts::show).unwrap_or_default();
            let new = new.map(texts::show).unwrap_or_default();
            texts::replace(text, &old, &new)
        }
        _ => return None,
    })
}

fn date(function: Function, arguments: &[Option<&Operand>]) -> Option<Operand> {
    use Operand::Number;
    let number = match (function, arguments) {
        (Function::Date, [Some(Number(year)), Some(Number(month)), Some(Number(day))]) => {
            return dates::of(*year, *month, *day);
        }
        (Function::Date, [Some(operand)]) => return dates::date(operand),
        (Function::DateTime, [Some(operand)]) => return dates::datetime(operand),
        (Function::AddDays, [Some(when), Some(Number(days))]) => return dates::add_days(when, *days),
        (Function::AddMonths, [Some(when), Some(Number(months))]) => return dates::add_months(when, *months),
        (Function::Year, [Some(when)]) => f64::from(dates::civil(when)?.year()),
        (Function::Month, [Some(when)]) => f64::from(dates::civil(when)?.month()),
        (Function::Day, [Some(when)]) => f64::from(dates::civil(when)?.day()),
        (Function::Weekday, [Some(when)]) => f64::from(dates::civil(when)?.weekday().to_monday_one_offset()),
        (Function::DaysBetween, [Some(from), Some(to)]) => dates::days_between(from, to)?,
        (Function::MonthsBetween, [Some(from), Some(to)]) => dates::months_between(from, to)?,
        _ => return None,
    };
    Some(Number(number))
}
