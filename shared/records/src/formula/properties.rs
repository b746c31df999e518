//! What holds for every formula and every record.

use proptest::prelude::*;

use super::sketch::{Choices, FIELDS, TYPES, type_of};
use super::{Formula, FormulaError, MAX_SOURCE, MAX_TEXT, Operand, ValueType};

/// The codes that [`FormulaError`] tells of.
const CODES: [&str; 15] = [
    "too_long",
    "too_deep",
    "too_many_parts",
    "too_many_fields",
    "unexpected_character",
    "unexpected_token",
    "unexpected_end",
    "unclosed_text",
    "unknown_escape",
    "number_out_of_range",
    "unknown_field",
    "unknown_function",
    "wrong_number_of_arguments",
    "wrong_type",
    "compares_with_blank",
];

/// The last millisecond that can be written.
const LAST: i64 = 253_402_207_200_000;

type Record = Vec<(&'static str, Option<Operand>)>;

fn operand(value_type: ValueType) -> BoxedStrategy<Operand> {
    let currency = prop_oneof![Just("EUR"), Just("EUR"), Just("JPY")].prop_map(str::to_owned);
    let date = (0_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| jiff::civil::Date::new(y, m, d).unwrap());
    let time = prop_oneof![-62_167_219_200_000..=LAST, LAST - 100_000_000..=LAST]
        .prop_map(|millis| kernel::Timestamp::from_millis(millis).unwrap());
    let number =
        prop_oneof![any::<f64>(), (-100..100).prop_map(f64::from), (-100..100).prop_map(|n| f64::from(n) / 8.0)];
    match value_type {
        ValueType::Text => {
            prop_oneof![".{0,12}", "[0-9]{1,4}", "[ab]{0,3}", "(xyz){3000,4000}"].prop_map(Operand::Text).boxed()
        }
        ValueType::Number => number.prop_map(Operand::Number).boxed(),
        ValueType::Money => (prop_oneof![any::<i64>(), -10_000_i64..10_000], currency)
            .prop_map(|(amount, currency)| Operand::Money { amount, currency })
            .boxed(),
        ValueType::Boolean => any::<bool>().prop_map(Operand::Boolean).boxed(),
        ValueType::Date => date.prop_map(Operand::Date).boxed(),
        ValueType::DateTime => time.prop_map(Operand::DateTime).boxed(),
    }
}

fn record() -> impl Strategy<Value = Record> {
    FIELDS.map(|(path, value_type)| (Just(path), proptest::option::weighted(0.8, operand(value_type)))).to_vec()
}

/// A record that answers with values of any type.
fn foreign_record() -> impl Strategy<Value = Record> {
    let any_type = || proptest::sample::select(TYPES.to_vec()).prop_flat_map(operand);
    FIELDS.map(|(path, _)| (Just(path), proptest::option::of(any_type()))).to_vec()
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..80)
}

fn evaluate(formula: &Formula, record: &Record) -> Option<Operand> {
    let asked = std::cell::RefCell::new(Vec::new());
    formula.evaluate(&|path| {
        assert!(!asked.borrow().contains(&path.to_owned()), "{path} is asked for twice");
        asked.borrow_mut().push(path.to_owned());
        record.iter().find(|(known, _)| *known == path).and_then(|(_, value)| value.clone())
    })
}

/// Whether a value is one that a formula may give.
fn is_sound(formula: &Formula, value: Option<&Operand>) -> bool {
    value.is_none_or(|value| {
        value.value_type() == formula.result()
            && match value {
                Operand::Text(text) => !text.is_empty() && text.chars().count() <= MAX_TEXT,
                Operand::Number(number) => number.is_finite() && !(*number == 0.0 && number.is_sign_negative()),
                Operand::Date(date) => (0..=9999).contains(&date.year()),
                Operand::DateTime(time) => jiff::Timestamp::from_millisecond(time.as_millis()).is_ok(),
                Operand::Money { .. } | Operand::Boolean(_) => true,
            }
    })
}

fn check_error(error: &FormulaError, source: &str) {
    assert!(CODES.contains(&error.code), "{}", error.code);
    assert!(error.position <= source.chars().count(), "{error:?}");
    assert!(error.message.starts_with(|first: char| first.is_lowercase() || first == '`'), "{}", error.message);
}

#[test]
fn the_codes_are_those_of_the_documentation() {
    for code in CODES {
        assert!(include_str!("error.rs").contains(&format!("`{code}`")), "{code}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_breaks_the_parser(source in ".{0,200}|[a-z_.()'\"\\\\,&|!<>=0-9 +*/%-]{0,200}") {
        match Formula::parse(&source, &|_| Some(ValueType::Number)) {
            Ok(formula) => prop_assert!(is_sound(&formula, formula.evaluate(&|_| Some(Operand::Number(2.0))).as_ref())),
            Err(error) => check_error(&error, &source),
        }
    }

    #[test]
    fn few_brackets_mean_the_same_as_all(bytes in bytes(), gives in proptest::sample::select(TYPES.to_vec()), record in record()) {
        let sketch = Choices::new(bytes).typed(gives, 4);
        let sources = [sketch.plain(), sketch.bracketed()];
        prop_assume!(sources.iter().all(|source| source.chars().count() <= MAX_SOURCE));
        let [plain, bracketed] = sources.map(|source| Formula::parse(&source, &type_of).map_err(|error| (source, error)));
        let (plain, bracketed) = (plain.unwrap(), bracketed.unwrap());
        prop_assert_eq!(evaluate(&plain, &record), evaluate(&bracketed, &record));
    }

    #[test]
    fn what_fits_gives_its_type(bytes in bytes(), gives in proptest::sample::select(TYPES.to_vec()), record in record()) {
        let source = Choices::new(bytes).typed(gives, 4).plain();
        prop_assume!(source.chars().count() <= MAX_SOURCE);
        let formula = Formula::parse(&source, &type_of).unwrap();
        prop_assert_eq!(formula.result(), gives);
        let value = evaluate(&formula, &record);
        prop_assert!(is_sound(&formula, value.as_ref()), "{source} gives {value:?}");
        prop_assert_eq!(&value, &evaluate(&formula, &record));
    }

    #[test]
    fn what_is_accepted_by_chance_gives_its_type_too(bytes in bytes(), record in foreign_record()) {
        let source = Choices::new(bytes).untyped(3).plain();
        match Formula::parse(&source, &type_of) {
            Ok(formula) => {
                let value = evaluate(&formula, &record);
                prop_assert!(is_sound(&formula, value.as_ref()), "{source} gives {value:?}");
            }
            Err(error) => check_error(&error, &source),
        }
    }
}
