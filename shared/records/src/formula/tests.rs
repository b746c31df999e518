//! Formulas as their users write them.

use super::*;

fn money(amount: i64, currency: &str) -> Operand {
    Operand::Money { amount, currency: currency.to_owned() }
}

fn day(year: i16, month: i8, day: i8) -> Operand {
    Operand::Date(jiff::civil::Date::new(year, month, day).unwrap())
}

fn text(text: &str) -> Operand {
    Operand::Text(text.to_owned())
}

/// A field of the record that these formulas are about, and its value.
fn field(path: &str) -> Option<(ValueType, Option<Operand>)> {
    let value = match path {
        "first_name" => text("Ada"),
        "last_name" => text("Lovelace"),
        "custom.tier" => text("gold"),
        "custom.seats" => Operand::Number(12.0),
        "custom.discount" => Operand::Number(15.0),
        "custom.price" => money(4_990, "EUR"),
        "custom.budget" => money(100_000, "EUR"),
        "custom.dollars" => money(100_000, "USD"),
        "custom.vip" => Operand::Boolean(true),
        "custom.starts_on" => day(2026, 1, 31),
        "custom.ends_on" => day(2026, 3, 2),
        "custom.called_at" => Operand::DateTime("2026-11-21T18:00:00Z".parse().unwrap()),
        "custom.no_text" => return Some((ValueType::Text, None)),
        "custom.no_number" => return Some((ValueType::Number, None)),
        "custom.no_money" => return Some((ValueType::Money, None)),
        "custom.no_flag" => return Some((ValueType::Boolean, None)),
        "custom.no_date" => return Some((ValueType::Date, None)),
        _ => return None,
    };
    Some((value.value_type(), Some(value)))
}

fn parse(source: &str) -> Result<Formula, FormulaError> {
    Formula::parse(source, &|path| field(path).map(|(value_type, _)| value_type))
}

fn evaluate(source: &str) -> Option<Operand> {
    let formula = parse(source).map_err(|error| format!("{source}: {error} at {}", error.position)).unwrap();
    formula.evaluate(&|path| field(path)?.1)
}

fn number(source: &str) -> Option<f64> {
    match evaluate(source)? {
        Operand::Number(number) => Some(number),
        other => panic!("{source} gives {other:?}"),
    }
}

fn holds(source: &str) -> bool {
    evaluate(source) == Some(Operand::Boolean(true))
}

/// The code and the position of what is wrong.
fn refused(source: &str) -> (&'static str, usize) {
    let error = parse(source).map(|formula| formula.result()).unwrap_err();
    (error.code, error.position)
}

#[test]
fn a_price_is_computed_from_seats_and_discount() {
    assert_eq!(evaluate("custom.price * custom.seats * (1 - custom.discount / 100)"), Some(money(50_898, "EUR")));
    assert_eq!(evaluate("custom.budget + custom.price"), Some(money(104_990, "EUR")));
    assert_eq!(evaluate("-custom.price - 2 * custom.price"), Some(money(-14_970, "EUR")));
    assert_eq!(number("custom.budget / custom.price"), Some(20.0400801603));
    assert_eq!(evaluate("money(50, 'EUR') * 0.29"), Some(money(15, "EUR")));
    assert_eq!(evaluate("custom.price / 3"), Some(money(1_663, "EUR")));
    assert!(holds("custom.budget >= custom.price and custom.budget != custom.dollars"));
}

#[test]
fn a_name_is_put_together() {
    let name = "if(is_blank(custom.no_text), first_name & \" \" & last_name, custom.no_text)";
    assert_eq!(evaluate(name), Some(text("Ada Lovelace")));
    assert_eq!(evaluate("upper(left(first_name, 1)) & '. ' & last_name"), Some(text("A. Lovelace")));
    assert_eq!(evaluate("custom.no_text & custom.no_text"), None);
    assert_eq!(evaluate("'a' & custom.no_text & 1.50 & true & custom.price"), Some(text("a1.5true49.90 EUR")));
    assert_eq!(evaluate(r#""say ""a"" \"b\" \\ it's" & '\n' & 'it''s'"#), Some(text("say \"a\" \"b\" \\ it's\nit's")));
}

#[test]
fn operators_bind_as_in_other_languages() {
    assert_eq!(number("1 + 2 * 3"), Some(7.0));
    assert_eq!(number("10 - 4 - 3"), Some(3.0));
    assert_eq!(number("2 * -3 % 4"), Some(-2.0));
    assert_eq!(number("100 / 10 / 2"), Some(5.0));
    assert!(holds("not 1 = 2 and true"));
    assert!(holds("true or false and false"));
    assert!(holds("1 + 1 = 2 and 'a' & 1 + 1 = 'a2'"));
    assert!(holds("!custom.no_flag and NOT(false) && (1 == 1 || 1 <> 1)"));
    assert!(holds("AND(TRUE, 1 <= 1, OR(false, 2 > 1)) = not(2 < 1)"));
}

#[test]
fn decimals_are_what_they_show() {
    assert!(holds("0.1 + 0.2 = 0.3"));
    assert_eq!(number("1000000000000 + 1"), Some(1_000_000_000_001.0));
    assert_eq!(number("round(1.005, 2)"), Some(1.01));
    assert_eq!(number("round(-2.5) + round(1234, -2)"), Some(1_197.0));
    assert_eq!(number("floor(-1.5) + ceil(1.2) + abs(-3) + min(4, 2, 3) + max(1, 5)"), Some(10.0));
    assert_eq!(number("number(' -12.50 ')"), Some(-12.5));
    assert_eq!(number("1 - 2 / 3"), Some(0.333333333333));
}

#[test]
fn dates_are_reckoned_with() {
    assert_eq!(number("days_between(custom.starts_on, custom.ends_on)"), Some(30.0));
    assert_eq!(number("custom.starts_on - custom.ends_on"), Some(-30.0));
    assert_eq!(evaluate("add_months(custom.starts_on, 1)"), Some(day(2026, 2, 28)));
    assert_eq!(evaluate("custom.starts_on + 1.9"), Some(day(2026, 2, 1)));
    assert_eq!(evaluate("date(custom.called_at) - 21"), Some(day(2026, 10, 31)));
    assert_eq!(evaluate("text(custom.called_at + 0.25)"), Some(text("2026-11-22T00:00:00.000Z")));
    assert_eq!(number("days_between(datetime(custom.starts_on), custom.called_at)"), Some(294.75));
    assert_eq!(
        number("year(custom.starts_on) * 100 + month(custom.starts_on) + day(custom.called_at)"),
        Some(202_622.0)
    );
    assert_eq!(number("weekday(custom.called_at)"), Some(6.0));
    assert_eq!(number("months_between(custom.starts_on, date('2027-12-31'))"), Some(23.0));
    assert!(holds("custom.starts_on < date(2026, 2, 1)"));
}

#[test]
fn texts_are_taken_apart() {
    assert_eq!(evaluate("mid(last_name, 5, 3) & right(last_name, 2)"), Some(text("lacce")));
    assert_eq!(
        evaluate("replace(last_name, 'love', 'x') & replace(last_name, 'L', '')"),
        Some(text("Lovelaceovelace"))
    );
    assert_eq!(evaluate("lower(trim('  A B '))"), Some(text("a b")));
    assert_eq!(number("len('Zoë') + len(custom.no_text)"), Some(3.0));
    assert!(holds("contains(last_name, 'lace') and starts_with(last_name, 'Love') and ends_with(last_name, 'ace')"));
    assert!(!holds("contains(last_name, 'LACE') or contains(last_name, custom.no_text)"));
    assert_eq!(evaluate("currency(custom.price) & amount(custom.price)"), Some(text("EUR4990")));
    assert!(holds("'Zoe\u{308}' = 'Zo\u{eb}'"));
}

#[test]
fn cases_are_looked_at_in_order() {
    let discount = "case(custom.tier, 'silver', 0.1, 'gold', 0.2, 'gold', 0.3, 0)";
    assert_eq!(number(discount), Some(0.2));
    assert_eq!(number("case(custom.no_text, 'gold', 1, 2)"), Some(2.0));
    assert_eq!(number("case(custom.tier, 'silver', 1)"), None);
    assert_eq!(number("coalesce(custom.no_number, 1 / 0, 7, 8)"), Some(7.0));
}

#[test]
fn only_the_branch_that_is_given_is_computed() {
    for source in [
        "if(custom.vip, 1, custom.no_number)",
        "case(1, 1, 1, custom.no_number, 2)",
        "coalesce(1, custom.no_number)",
        "if(custom.vip or custom.no_number > 1, 1, 2)",
        "if(and(false, custom.no_number > 1), 2, 1)",
    ] {
        let value_of = |path: &str| {
            assert_ne!(path, "custom.no_number", "{source}");
            field(path)?.1
        };
        assert_eq!(parse(source).unwrap().evaluate(&value_of), Some(Operand::Number(1.0)), "{source}");
    }
}

#[test]
fn a_blank_makes_arithmetic_blank_and_comparisons_false() {
    for blank in [
        "1 + custom.no_number",
        "-custom.no_number",
        "custom.price * custom.no_number",
        "custom.starts_on + custom.no_number",
        "max(1, custom.no_number)",
        "year(custom.no_date)",
        "if(custom.no_flag, 1)",
        "trim('  ')",
        "''",
        "custom.no_flag",
    ] {
        assert_eq!(evaluate(blank), None, "{blank}");
    }
    for comparison in ["=", "!=", "<", ">="] {
        assert!(!holds(&format!("custom.no_number {comparison} 1")), "{comparison}");
        assert!(!holds(&format!("custom.no_number {comparison} custom.no_number")), "{comparison}");
    }
    assert!(holds("not custom.no_flag and is_blank(custom.no_flag) and is_blank('') and not is_blank(' ')"));
}

#[test]
fn what_cannot_be_computed_is_blank() {
    for blank in [
        "1 / 0",
        "0 / 0",
        "5 % 0",
        "custom.price / 0",
        "custom.budget / (custom.price - custom.price)",
        "custom.budget + custom.dollars",
        "custom.budget / custom.dollars",
        "max(custom.budget, custom.dollars)",
        "custom.price * 1000000000000000000",
        "-money(-9223372036854775808, 'EUR')",
        "abs(money(-9223372036854775808, 'EUR'))",
        "money(1, 'euro')",
        "date(2026, 2, 29)",
        "date('tomorrow')",
        "date(9999, 12, 31) + 1",
        "add_months(custom.starts_on, 99999999999)",
        "datetime('2026-01-01')",
        "number('1e3')",
    ] {
        assert_eq!(evaluate(blank), None, "{blank}");
    }
    let huge = format!("1{}", "0".repeat(300));
    assert_eq!(evaluate(&format!("{huge} * {huge} - {huge} * {huge}")), None);
    assert!(!holds(
        "custom.budget = custom.dollars or custom.budget < custom.dollars or custom.budget >= custom.dollars"
    ));
}

#[test]
fn a_text_that_grows_too_long_leaves_all_blank() {
    let long = Operand::Text("x".repeat(MAX_TEXT));
    let of_long =
        |source: &str| Formula::parse(source, &|_| Some(ValueType::Text)).unwrap().evaluate(&|_| Some(long.clone()));
    assert_eq!(of_long("notes"), Some(long.clone()));
    assert_eq!(of_long("left(notes, 3) & 'y'"), Some(text("xxxy")));
    for source in
        ["notes & 'y'", "left(notes & 'y', 3)", "coalesce(notes & 'y', 'z') & 'a'", "replace(notes, 'x', notes)"]
    {
        assert_eq!(of_long(source), None, "{source}");
    }
    let longer = Formula::parse("notes", &|_| Some(ValueType::Text)).unwrap();
    assert_eq!(longer.evaluate(&|_| Some(Operand::Text("x".repeat(MAX_TEXT + 1)))), None);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert_eq!(refused(""), ("unexpected_end", 0));
    assert_eq!(refused("1 +"), ("unexpected_end", 3));
    assert_eq!(refused("(1 + 2"), ("unexpected_end", 6));
    assert_eq!(refused("1 2"), ("unexpected_token", 2));
    assert_eq!(refused("1 + * 2"), ("unexpected_token", 4));
    assert_eq!(refused("min(1,, 2)"), ("unexpected_token", 6));
    assert_eq!(refused("1 < 2 < 3"), ("unexpected_token", 6));
    assert_eq!(refused("'я' & #"), ("unexpected_character", 6));
    assert_eq!(refused("1.2.3"), ("unexpected_character", 3));
    assert_eq!(refused("12 seats"), ("unexpected_token", 3));
    assert_eq!(refused("\u{201c}gold\u{201d}"), ("unexpected_character", 0));
    assert_eq!(refused("'a\u{202e}b'"), ("unexpected_character", 2));
    assert_eq!(refused("1 & 'gold"), ("unclosed_text", 4));
    assert_eq!(refused("'C:\\temp'"), ("unknown_escape", 3));
    assert_eq!(refused(&"9".repeat(400)), ("number_out_of_range", 0));
    assert_eq!(refused("1 + custom.salary"), ("unknown_field", 4));
    assert_eq!(refused("1 + now()"), ("unknown_function", 4));
    assert_eq!(refused("len(1, 2)"), ("wrong_number_of_arguments", 0));
    assert_eq!(refused("date(1, 2)"), ("wrong_number_of_arguments", 0));
    assert_eq!(refused("1 + 'a'"), ("wrong_type", 2));
    assert_eq!(refused("custom.price * custom.price"), ("wrong_type", 13));
    assert_eq!(refused("custom.vip > true"), ("wrong_type", 11));
    assert_eq!(refused("if(1, 2, 3)"), ("wrong_type", 3));
    assert_eq!(refused("if(true, 2, 'a')"), ("wrong_type", 12));
    assert_eq!(refused("case('a', 1, 2)"), ("wrong_type", 10));
    assert_eq!(refused("custom.tier = ''"), ("compares_with_blank", 14));
    assert_eq!(refused("case(custom.tier, '', 1)"), ("compares_with_blank", 18));
    let error = parse("ISBLANK(first_name)").unwrap_err();
    assert!(error.message.contains("`is_blank`"), "{error}");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    assert_eq!(refused(&" ".repeat(MAX_SOURCE + 1)).0, "too_long");
    assert_eq!(refused(&"(".repeat(MAX_SOURCE)), ("too_deep", MAX_DEPTH));
    for (open, close) in [("(", ")"), ("-", ""), ("abs(", ")"), ("!", ""), ("not ", ""), ("if(true,", ")")] {
        let number = ["(", "-", "abs("].contains(&open);
        let value_type = if number { ValueType::Number } else { ValueType::Boolean };
        let nested = |depth: usize| {
            let source = format!("{}x{}", open.repeat(depth), close.repeat(depth));
            Formula::parse(&source, &|_| Some(value_type)).map(|formula| formula.result()).map_err(|error| error.code)
        };
        assert_eq!(nested(MAX_DEPTH), Ok(value_type), "{open}");
        assert_eq!(nested(MAX_DEPTH + 1), Err("too_deep"), "{open}");
    }
    let sum = |terms: usize| vec!["1"; terms].join("+");
    assert_eq!(number(&sum(MAX_PARTS / 2)), Some(250.0));
    assert_eq!(refused(&sum(MAX_PARTS / 2 + 1)).0, "too_many_parts");
    let fields = |count: usize| (0..count).map(|field| format!("f{field}")).collect::<Vec<_>>().join("+");
    let parse = |source: &str| Formula::parse(source, &|_| Some(ValueType::Number));
    assert_eq!(parse(&fields(MAX_FIELDS)).unwrap().fields().count(), MAX_FIELDS);
    assert_eq!(parse(&fields(MAX_FIELDS + 1)).map(|formula| formula.result()).unwrap_err().code, "too_many_fields");
}

#[test]
fn the_deepest_formula_needs_little_of_the_stack() {
    let mut source = "1".to_owned();
    for _ in 0..38 {
        source = format!("if(false or true and 0<0+1*{source},1,0)");
    }
    let deepest = move || Formula::parse(&source, &|_| None).unwrap().evaluate(&|_| None);
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(deepest).unwrap();
    assert_eq!(thread.join().unwrap(), Some(Operand::Number(1.0)));
}

#[test]
fn a_formula_tells_what_it_uses_and_gives() {
    let source = "custom.price * custom.seats + custom.price";
    let formula = parse(source).unwrap();
    assert_eq!(formula.fields().collect::<Vec<_>>(), ["custom.price", "custom.seats"]);
    assert_eq!((formula.result(), formula.source()), (ValueType::Money, source));
}

#[test]
fn values_of_another_type_than_promised_are_blank() {
    let formula = Formula::parse("seats", &|_| Some(ValueType::Number)).unwrap();
    for foreign in [text("12"), Operand::Number(f64::NAN), Operand::Boolean(true)] {
        assert_eq!(formula.evaluate(&|_| Some(foreign.clone())), None);
    }
}

#[test]
fn the_page_names_every_function_and_operator() {
    let page: String = include_str!("../formula.rs").lines().filter_map(|line| line.strip_prefix("//!")).collect();
    for row in reference() {
        for signature in
            row.signature.split(" or date(").map(|signature| signature.split("->").next().unwrap_or_default())
        {
            let name = signature.split('(').next().unwrap_or_default();
            assert!(page.contains(&format!("`{}(", row.name)), "{name}");
        }
        assert!(row.signature.contains("->") && row.help.ends_with('.'), "{row:?}");
        assert_eq!(reference().iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
    }
    for symbol in operators().iter().flat_map(|operator| operator.name.split(' ')) {
        assert!(page.replace("\\|", "|").contains(symbol), "{symbol}");
    }
}
