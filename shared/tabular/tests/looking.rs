//! What a look at the beginning of a file tells: the row with the headers, and what columns could be.
#![cfg(test)]

use proptest::prelude::*;
use tabular::{Column, Columns, DateFormat, Looks, MAX_DISTINCT, NumberFormat, Rows, Start};

fn column(values: &[&str]) -> Column {
    let mut columns = Columns::new();
    for value in values {
        columns.add_cells([*value]);
    }
    columns.columns().pop().unwrap()
}

fn looks(values: &[&str]) -> Looks {
    column(values).looks
}

#[test]
fn the_strictest_kind_that_fits_wins() {
    for (values, expected) in [
        (&["", " "][..], Looks::Empty),
        (&["yes", "no", ""], Looks::Boolean),
        (&["0", "1", "1"], Looks::Boolean),
        (&["1", "1", "1"], Looks::Integer),
        (&["1", "-25", "3000"], Looks::Integer),
        (&["20240105", "20240106"], Looks::Integer),
        (&["ada@example.com", "bob@example.org"], Looks::Email),
        (&["+49 30 123456", "+4930123457"], Looks::Phone),
        (&["0301234567", "0301234568"], Looks::Phone),
        (&["https://a.com", "b.com"], Looks::Url),
        (&["a.com", "b.co.uk"], Looks::Domain),
        (&["new", "old", "new", "old", "new"], Looks::Choice),
        (&["red; blue", "red", "blue; green", "green"], Looks::List),
        (&["Ada", "Bob", "Cy"], Looks::Text),
        (&["00501", "00502", "10001", "94105"], Looks::Text),
        (&["1704448800000", "1704448900000"], Looks::Time(DateFormat::Ymd, true)),
        (&["4006381333931", "4006381333948"], Looks::Integer),
        (&["123456789012345678", "223456789012345678"], Looks::Decimal(NumberFormat::Point, true)),
    ] {
        assert_eq!(looks(values), expected, "{values:?}");
    }
}

#[test]
fn one_number_over_twelve_tells_the_day_from_the_month() {
    for (values, expected) in [
        (&["05/06/2024", "13/06/2024"][..], Looks::Date(DateFormat::Dmy, true)),
        (&["05/06/2024", "06/13/2024"], Looks::Date(DateFormat::Mdy, true)),
        (&["05/06/2024", "07/08/2024"], Looks::Date(DateFormat::Mdy, false)),
        (&["05.06.2024", "07.08.2024"], Looks::Date(DateFormat::Dmy, false)),
        (&["05/06/2024", "13/06/2024", "06/13/2024"], Looks::Text),
        (&["2024-01-05", "2024-02-03"], Looks::Date(DateFormat::Ymd, true)),
        (&["05 Jan 2024", "06 Feb 2024"], Looks::Date(DateFormat::Ymd, true)),
        (&["2024-01-05 10:00", "2024-01-06 11:00"], Looks::Time(DateFormat::Ymd, true)),
        (&["1/5/2024 10:00 AM", "1/6/2024 1:00 PM"], Looks::Time(DateFormat::Mdy, false)),
        (&["1/5/2024 10:00 AM", "1/16/2024 1:00 PM"], Looks::Time(DateFormat::Mdy, true)),
    ] {
        assert_eq!(looks(values), expected, "{values:?}");
    }
}

#[test]
fn one_fraction_tells_the_point_from_the_comma() {
    let money = |format, currency: Option<&str>, is_sure| Looks::Money(format, currency.map(str::to_owned), is_sure);
    for (values, expected) in [
        (&["1,234", "5,678.50"][..], Looks::Decimal(NumberFormat::Point, true)),
        (&["1.234", "5.678,50"], Looks::Decimal(NumberFormat::Comma, true)),
        (&["1.234", "5.678"], Looks::Decimal(NumberFormat::Comma, false)),
        (&["1,234", "5,678"], Looks::Decimal(NumberFormat::Point, false)),
        (&["1.234", "5.67"], Looks::Decimal(NumberFormat::Point, true)),
        (&["1,5", "2,25"], Looks::Decimal(NumberFormat::Comma, true)),
        (&["$1,234.50", "$5"], money(NumberFormat::Point, Some("USD"), true)),
        (&["1.234,50 €", "5 €"], money(NumberFormat::Comma, Some("EUR"), true)),
        (&["$1,234", "$5,678"], money(NumberFormat::Point, Some("USD"), false)),
        (&["$5.10", "€5.10", "7.20"], money(NumberFormat::Point, None, true)),
    ] {
        assert_eq!(looks(values), expected, "{values:?}");
    }
}

#[test]
fn a_stray_value_spoils_nothing_and_two_do() {
    let mut values = vec!["2024-01-13"; 19];
    values.push("N/A");
    assert_eq!(looks(&values), Looks::Date(DateFormat::Ymd, true));
    values.push("unknown");
    assert_ne!(looks(&values), Looks::Date(DateFormat::Ymd, true));
}

#[test]
fn a_column_is_described() {
    let long = "ж".repeat(100);
    let found = column(&["b", "a", "", "b", " b ", &long, "'+4930", "x\ny"]);
    assert_eq!((found.filled, found.longest, found.has_line_breaks), (7, 100, true));
    assert_eq!(found.samples, ["b", "a", &"ж".repeat(80), "+4930", "x\ny"]);
    let distinct = found.distinct.unwrap();
    assert_eq!(distinct.first(), Some(&("b".to_owned(), 3)));
    assert_eq!(distinct.len(), 5);
    let many: Vec<String> = (0..=MAX_DISTINCT).map(|number| format!("value {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(column(&many).distinct, None);
    assert!(column(&many[1..]).distinct.is_some());
}

#[test]
fn rows_may_have_more_cells_than_those_before() {
    let mut columns = Columns::new();
    columns.add_cells(["a"]);
    columns.add_cells(["b", "1"]);
    let found = columns.columns();
    assert_eq!(found.iter().map(|column| column.filled).collect::<Vec<_>>(), [2, 1]);
}

fn header_row(text: &str) -> (u8, u64) {
    let start = Start::guess(text.as_bytes(), true).unwrap();
    (start.written.delimiter, start.header_row)
}

#[test]
fn prose_before_the_headers_is_passed_over() {
    let linkedin = "Notes:\n\"When exporting your connection data, you may notice that some, or all, are missing.\"\n\n\
        First Name,Last Name,URL,Email Address,Company,Position,Connected On\n\
        Ada,Lovelace,https://example.com/in/ada,,\"Acme, Inc.\",Analyst,05 Jan 2024\nBob,Byron,,,,,06 Jan 2024\n";
    assert_eq!(header_row(linkedin), (b',', 2));
    let report = "Contacts of this quarter, as of today\nFiltered by: owner\n\nName;City;Revenue\nAda;London;1,5\nBob;Rome;2,5\n";
    assert_eq!(header_row(report), (b';', 2));
    let padded = "Notes:,,,\nOwner:,Ada,,\nName,City,Phone,Email\nAda,London,1,a@b.com\nBob,Rome,2,b@b.com\n";
    assert_eq!(header_row(padded), (b',', 2));
}

#[test]
fn in_the_usual_case_the_first_row_has_the_headers() {
    for text in [
        "",
        "\n\n",
        "name\nAda\n",
        "name,city\nAda,London\n",
        "name,,email\nAda,x,a@b.com\nBob,y,b@b.com\n",
        ",name,city\n0,Ada,London\n1,Bob,Rome\n",
        "a,b,c,d,e\n1,2\n1,2\n1,2\n",
        "1,2,3\n4,5,6\n",
        "sep=;\nname;city\nAda;Rome\n",
        "name,city\n",
    ] {
        assert_eq!(header_row(text).1, 0, "{text}");
    }
    assert_eq!(header_row("tags\na; b\nc; d\n").0, b',');
}

proptest! {
    #[test]
    fn a_look_at_any_bytes_is_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), is_all: bool) {
        if let Ok(start) = Start::guess(&bytes, is_all) {
            let mut columns = Columns::new();
            let _ = Rows::new(start.written).feed(&bytes, true, |row| {
                columns.add(&row);
                Ok(())
            });
            let _ = columns.columns();
        }
    }

    #[test]
    fn a_look_at_any_cells_is_no_reason_to_panic(
        cells in prop::collection::vec(prop_oneof!["[0-9.,:/ +()eE$€%TZapmx;\\[\"@-]{0,24}", any::<String>()], 0..20),
    ) {
        let mut columns = Columns::new();
        for cell in &cells {
            columns.add_cells([cell.as_str()]);
            for format in DateFormat::ALL {
                let _ = tabular::read_date(cell, format);
                let _ = tabular::read_time(cell, format);
            }
            for format in NumberFormat::ALL {
                if let Some((amount, _)) = tabular::read_money(cell, format) {
                    let _ = amount.in_minor_units(2);
                    prop_assert_eq!(tabular::read_decimal(&amount.to_string(), NumberFormat::Point), Some(amount));
                }
            }
            let _ = tabular::read_boolean(cell);
            let _ = tabular::split_list(cell);
        }
        let _ = columns.columns();
    }
}
