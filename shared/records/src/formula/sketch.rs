//! Random formulas for tests: drawn from bytes, so that they shrink, and written with all brackets or with as few as the
//! grammar asks for. The levels stand here once more, on purpose: they are what the parser is held against.

use super::reference::reference;
use super::shape::{Accepts, Gives};
use super::tree::Operator;
use super::{ValueType, operators};

pub(super) const TYPES: [ValueType; 6] =
    [ValueType::Text, ValueType::Number, ValueType::Money, ValueType::Boolean, ValueType::Date, ValueType::DateTime];

pub(super) const FIELDS: [(&str, ValueType); 12] = [
    ("first_name", ValueType::Text),
    ("custom.text", ValueType::Text),
    ("custom.seats", ValueType::Number),
    ("custom.2nd", ValueType::Number),
    ("custom.price", ValueType::Money),
    ("custom.budget", ValueType::Money),
    ("custom.vip", ValueType::Boolean),
    ("custom.and", ValueType::Boolean),
    ("custom.starts_on", ValueType::Date),
    ("custom.ends_on", ValueType::Date),
    ("created_at", ValueType::DateTime),
    ("custom.called_at", ValueType::DateTime),
];

/// The type of a field of these tests.
pub(super) fn type_of(path: &str) -> Option<ValueType> {
    FIELDS.iter().find(|(known, _)| *known == path).map(|(_, value_type)| *value_type)
}

const SYMBOLS: [(Operator, &str, u8); 14] = [
    (Operator::Or, "or", 0),
    (Operator::And, "and", 1),
    (Operator::Equal, "=", 3),
    (Operator::NotEqual, "!=", 3),
    (Operator::Less, "<", 3),
    (Operator::LessOrEqual, "<=", 3),
    (Operator::Greater, ">", 3),
    (Operator::GreaterOrEqual, ">=", 3),
    (Operator::Join, "&", 4),
    (Operator::Add, "+", 5),
    (Operator::Subtract, "-", 5),
    (Operator::Multiply, "*", 6),
    (Operator::Divide, "/", 6),
    (Operator::Remainder, "%", 6),
];
const NOT: u8 = 2;
const COMPARISON: u8 = 3;
const SIGN: u8 = 7;

#[derive(Debug, Clone)]
pub(super) enum Sketch {
    Leaf(&'static str),
    Not(Box<Self>),
    Sign(&'static str, Box<Self>),
    Binary { symbol: &'static str, level: u8, sides: Box<(Self, Self)> },
    Call(&'static str, Vec<Self>),
}

impl Sketch {
    /// Written with as few brackets as mean the same.
    pub(super) fn plain(&self) -> String {
        self.written(0, &|own, least| own < least)
    }

    /// Written with brackets around everything that is made of parts.
    pub(super) fn bracketed(&self) -> String {
        self.written(0, &|_, _| true)
    }

    fn written(&self, least: u8, brackets: &dyn Fn(u8, u8) -> bool) -> String {
        let (own, text) = match self {
            Self::Leaf(text) => return (*text).to_owned(),
            Self::Call(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|argument| argument.written(0, brackets)).collect();
                return format!("{name}({})", arguments.join(", "));
            }
            Self::Not(denied) => (NOT, format!("not {}", denied.written(NOT, brackets))),
            Self::Sign(sign, operand) => (SIGN, format!("{sign}{}", operand.written(SIGN, brackets))),
            Self::Binary { symbol, level, sides } => {
                let left = if *level == COMPARISON { level + 1 } else { *level };
                let (left, right) = (sides.0.written(left, brackets), sides.1.written(level + 1, brackets));
                (*level, format!("{left} {symbol} {right}"))
            }
        };
        if brackets(own, least) { format!("({text})") } else { text }
    }
}

/// A source of choices; it is 0 for ever once it has run dry, which is always the simplest choice.
#[derive(Debug)]
pub(super) struct Choices {
    bytes: std::vec::IntoIter<u8>,
}

impl Choices {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter() }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.bytes.next().unwrap_or_default()) % all.len()]
    }

    /// A formula whose types fit and that gives this type.
    pub(super) fn typed(&mut self, gives: ValueType, depth: usize) -> Sketch {
        if depth == 0 {
            return self.leaf(gives);
        }
        match self.one_of(&[0, 1, 1, 2, 2, 2, 3]) {
            0 => self.leaf(gives),
            1 => self.binary(gives, depth),
            2 => self.call(gives, depth),
            _ => self.prefixed(gives, depth),
        }
    }

    /// A formula whose types fit only by chance.
    pub(super) fn untyped(&mut self, depth: usize) -> Sketch {
        let any = self.one_of(&TYPES);
        if depth == 0 {
            return self.leaf(any);
        }
        match self.one_of(&[0, 1, 2, 3]) {
            0 => self.leaf(any),
            1 => {
                let (_, symbol, level) = self.one_of(&SYMBOLS);
                let sides = Box::new((self.untyped(depth - 1), self.untyped(depth - 1)));
                Sketch::Binary { symbol, level, sides }
            }
            2 => {
                let name = self.one_of(reference()).name;
                let count = self.one_of(&[1, 2, 2, 3, 3, 4, 5]);
                Sketch::Call(name, (0..count).map(|_| self.untyped(depth - 1)).collect())
            }
            _ => self.prefixed(any, depth),
        }
    }

    fn leaf(&mut self, gives: ValueType) -> Sketch {
        let literals: &[&str] = match gives {
            ValueType::Text => &["'a'", "\"Zoë \"\"Z\"\" O\\'Hara\\n\"", "'12'", "'2026-02-28'", "'EUR'", "'  '"],
            ValueType::Number => &["1", "0", "2.5", ".1", "100", "1000000000000", "0.000000000000000000001"],
            ValueType::Money => &["money(1250, 'EUR')", "money(-1, 'JPY')", "money(9000000000000000000, 'EUR')"],
            ValueType::Boolean => &["true", "false"],
            ValueType::Date => &["date(2026, 1, 31)", "date('9999-12-31')"],
            ValueType::DateTime => &["datetime('2026-01-31T10:00:00+01:00')", "datetime(date(2028, 2, 29))"],
        };
        let fields = FIELDS.iter().filter(|(_, value_type)| *value_type == gives).map(|(path, _)| *path);
        let all: Vec<&str> = literals.iter().copied().chain(fields.clone()).chain(fields).collect();
        Sketch::Leaf(self.one_of(&all))
    }

    fn prefixed(&mut self, gives: ValueType, depth: usize) -> Sketch {
        let inner = Box::new(self.typed(gives, depth - 1));
        match gives {
            ValueType::Boolean if self.one_of(&[true, false]) => Sketch::Not(inner),
            ValueType::Boolean => Sketch::Sign("!", inner),
            ValueType::Number | ValueType::Money => Sketch::Sign("-", inner),
            ValueType::Text | ValueType::Date | ValueType::DateTime => *inner,
        }
    }

    fn binary(&mut self, gives: ValueType, depth: usize) -> Sketch {
        let mut fitting = Vec::new();
        for (operator, symbol, level) in SYMBOLS {
            for (left, right) in TYPES.iter().flat_map(|left| TYPES.iter().map(|right| (*left, *right))) {
                if operators::result(operator, left, right) == Some(gives) {
                    fitting.push((symbol, level, left, right));
                }
            }
        }
        let (symbol, level, left, right) = self.one_of(&fitting);
        let sides = Box::new((self.typed(left, depth - 1), self.typed(right, depth - 1)));
        Sketch::Binary { symbol, level, sides }
    }

    fn call(&mut self, gives: ValueType, depth: usize) -> Sketch {
        let mut fitting = Vec::new();
        for row in reference() {
            for (shape, count) in row.shapes.iter().flat_map(|shape| (1..7).map(move |count| (shape, count))) {
                let Some(mut places) = shape.places(count) else { continue };
                let fits = match shape.gives {
                    Gives::Always(always) => always == gives,
                    Gives::Alike => {
                        places.any(|place| matches!(place, Accepts::Alike(types) if types.contains(&gives)))
                    }
                };
                if fits {
                    fitting.push((row.name, shape, count));
                }
            }
        }
        let (name, shape, count) = self.one_of(&fitting);
        let (mut alike, mut matching) = (matches!(shape.gives, Gives::Alike).then_some(gives), None);
        let places: Vec<Accepts> = shape.places(count).into_iter().flatten().collect();
        let mut arguments = Vec::new();
        for place in places {
            let drawn = self.one_of(place.types());
            let value_type = match place {
                Accepts::OneOf(_) => drawn,
                Accepts::Alike(_) => *alike.get_or_insert(drawn),
                Accepts::Matching(_) => *matching.get_or_insert(drawn),
            };
            arguments.push(self.typed(value_type, depth - 1));
        }
        Sketch::Call(name, arguments)
    }
}
