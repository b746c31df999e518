//! Days and moments, read.

use proptest::prelude::*;

use super::*;

fn day(text: &str, format: DateFormat) -> Option<String> {
    read_date(text, format).map(|date| date.to_string())
}

fn time(text: &str) -> Option<String> {
    read_time(text, DateFormat::Mdy).map(|time| time.to_string())
}

#[test]
fn numbers_are_read_in_the_order_of_the_format() {
    for (text, format, expected) in [
        ("05.01.2024", DateFormat::Dmy, "2024-01-05"),
        ("5. 1. 2024", DateFormat::Dmy, "2024-01-05"),
        ("5/1/24", DateFormat::Dmy, "2024-01-05"),
        ("05 01 2024", DateFormat::Dmy, "2024-01-05"),
        ("1/5/2024", DateFormat::Mdy, "2024-01-05"),
        ("1-5-24", DateFormat::Mdy, "2024-01-05"),
        ("24-1-5", DateFormat::Ymd, "2024-01-05"),
        ("1/1/69", DateFormat::Mdy, "2069-01-01"),
        ("1/1/70", DateFormat::Mdy, "1970-01-01"),
        ("29/02/2024", DateFormat::Dmy, "2024-02-29"),
    ] {
        assert_eq!(day(text, format).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn some_ways_to_write_a_day_need_no_format() {
    for format in DateFormat::ALL {
        for text in [
            "2024-01-05",
            "2024/1/5",
            "2024.01.05",
            " 2024-01-05 ",
            "20240105",
            "Jan 5, 2024",
            "January 5 2024",
            "05 Jan 2024",
            "5-Jan-24",
            "5 JANUARY 2024",
            "January 5th, 2024",
            "5th January 2024",
            "Jan. 5, 2024",
            "Fri, 05 Jan 2024",
            "Friday, January 5, 2024",
            "2024-01-05T23:59:59Z",
            "2024-01-05 10:00",
            "2024-Jan-05",
        ] {
            assert_eq!(day(text, format).as_deref(), Some("2024-01-05"), "{text}");
        }
        for text in ["5 Sept 2024", "5 Sep 2024", "5 September 2024"] {
            assert_eq!(day(text, format).as_deref(), Some("2024-09-05"), "{text}");
        }
    }
}

#[test]
fn what_is_no_day_is_not_read() {
    for text in [
        "",
        "today",
        "5",
        "1.5",
        "05/2024",
        "30.02.2024",
        "13/13/2024",
        "0/1/2024",
        "1/5/024",
        "1/5/20245",
        "1-5/2024",
        "1,5,2024",
        "5 Foo 2024",
        "5 Ja 2024",
        "5xx January 2024",
        "2024-01-05x",
        "2024-01-05 apples",
        "2024-01-0510:00",
        "2024-01-05 25:00",
        "--01-05",
        "20241305",
        "123456789",
        "1/5/2024/6",
        "Jan 2024",
        "٥/١/٢٠٢٤",
    ] {
        assert_eq!(day(text, DateFormat::Dmy), None, "{text}");
    }
    assert_eq!(day("31/12/2024", DateFormat::Mdy), None);
    assert_eq!(day("31.12.2024", DateFormat::Ymd), None);
}

#[test]
fn moments_are_read_with_their_distance_from_utc() {
    for (text, expected) in [
        ("2024-01-05T10:00:00Z", "2024-01-05T10:00:00Z"),
        ("2024-01-05T10:00:00.250+02:00", "2024-01-05T08:00:00.25Z"),
        ("2024-01-05T10:00:00.000+0000", "2024-01-05T10:00:00Z"),
        ("2024-01-05 10:00-08", "2024-01-05T18:00:00Z"),
        ("2024-01-05T10:00+01:00[Europe/Berlin]", "2024-01-05T09:00:00Z"),
        ("2024-01-05 10:00", "2024-01-05T10:00:00Z"),
        ("2024-01-05", "2024-01-05T00:00:00Z"),
        ("1/5/2024 1:30 PM", "2024-01-05T13:30:00Z"),
        ("1/5/2024, 12:00:01 AM", "2024-01-05T00:00:01Z"),
        ("1/5/2024 12:00\u{202f}pm", "2024-01-05T12:00:00Z"),
        ("January 5, 2024 at 9:15 a.m.", "2024-01-05T09:15:00Z"),
        ("Fri, 05 Jan 2024 10:00:00 GMT", "2024-01-05T10:00:00Z"),
        ("Fri Jan 05 2024 10:00:00 GMT+0100 (CET)", "2024-01-05T09:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("1704448800000", "2024-01-05T10:00:00Z"),
    ] {
        assert_eq!(time(text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "",
        "10:00",
        "2024-01-05 10",
        "2024-01-05 10:",
        "2024-01-05 13:00 PM",
        "2024-01-05 0:00 AM",
        "2024-01-05 10:00 XYZ",
        "2024-01-05T10:00[Europe/Berlin]",
        "2024-01-05 10:00:00.",
        "2024-01-05 10:00+99",
        "2024-01-05 10:00+1:-5",
        "170444880000",
        "2024-01-05 10:00 +",
        "2024-01-05T",
        "2024-01-05 -10:00",
    ] {
        assert_eq!(time(text), None, "{text}");
    }
}

#[test]
fn words_of_formats_come_back() {
    for format in DateFormat::ALL {
        assert_eq!(DateFormat::parse(format.as_str()), Some(format));
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
    }
}

proptest! {
    #[test]
    fn days_come_back(days in 0..3_652_000_i32, separator in prop::sample::select(vec!["-", "/", ".", " "])) {
        let date = Date::new(0, 1, 1).unwrap() + jiff::Span::new().days(days);
        let (y, m, d) = (date.year(), date.month(), date.day());
        for (text, format) in [
            (format!("{y:04}{separator}{m:02}{separator}{d:02}"), DateFormat::Ymd),
            (format!("{d}{separator}{m}{separator}{y:04}"), DateFormat::Dmy),
            (format!("{m:02}{separator}{d:02}{separator}{y:04}"), DateFormat::Mdy),
            (date.strftime("%d %b %Y").to_string(), DateFormat::Mdy),
            (date.strftime("%B %d, %Y").to_string(), DateFormat::Dmy),
        ] {
            prop_assert_eq!(read_date(&text, format), Some(date), "{}", text);
        }
    }

    #[test]
    fn moments_come_back(
        seconds in -62_000_000_000..253_000_000_000_i64,
        nanosecond in 0..1_000_000_000_i32,
        format in prop::sample::select(DateFormat::ALL.to_vec()),
    ) {
        let time = Timestamp::new(seconds, nanosecond).unwrap();
        prop_assert_eq!(read_time(&time.to_string(), format), Some(time));
    }
}
