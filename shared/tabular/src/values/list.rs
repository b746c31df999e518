//! Several values in one cell.

/// How Google writes several values into one cell.
const COLONS: &str = ":::";

/// The values of a cell that has several: a JSON array of strings, or values with `;` between them, or else `:::`, or else `,`.
/// Blanks around them are taken off, and values of which nothing is left.
///
/// The comma counts last, since it is part of many values: `Acme, Inc.; Apex` are two. Where it is the only sign, it is taken
/// for one that separates, as multiple choice is written by many programs. [`join_list`] never leaves a comma in that doubt.
#[must_use]
pub fn split_list(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(values) = serde_json::from_str(text)
    {
        return values;
    }
    if text.contains(';') {
        parts(text.split(';'))
    } else if text.contains(COLONS) {
        parts(text.split(COLONS))
    } else {
        parts(text.split(','))
    }
}

fn parts<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Values as one cell, which [`split_list`] reads back exactly.
///
/// They are written as `a; b`, or as a JSON array where that would read as other values, because one of them is empty, begins or ends with a blank, or has a sign in it that separates.
#[must_use]
pub fn join_list(values: &[String]) -> String {
    let plain = values.join("; ");
    if split_list(&plain) == values { plain } else { serde_json::Value::from(values).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_of_several_programs_are_read() {
        for (text, values) in [
            ("", vec![]),
            (" a ", vec!["a"]),
            ("a;b ; c;", vec!["a", "b", "c"]),
            ("Acme, Inc.; Apex", vec!["Acme, Inc.", "Apex"]),
            ("red, green,blue", vec!["red", "green", "blue"]),
            ("* myContacts ::: Design", vec!["* myContacts", "Design"]),
            (r#"["a; b", "", " c"]"#, vec!["a; b", "", " c"]),
            ("[1, 2]", vec!["[1", "2]"]),
            ("[not json; at all", vec!["[not json", "at all"]),
        ] {
            assert_eq!(split_list(text), values, "{text}");
        }
    }

    #[test]
    fn lists_are_written_plainly_where_they_can_be() {
        let join = |values: &[&str]| join_list(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
        assert_eq!(join(&[]), "");
        assert_eq!(join(&["a", "b"]), "a; b");
        assert_eq!(join(&["Acme, Inc.", "Apex"]), "Acme, Inc.; Apex");
        assert_eq!(join(&["Acme, Inc."]), r#"["Acme, Inc."]"#);
        assert_eq!(join(&["a;b"]), r#"["a;b"]"#);
        assert_eq!(join(&["", "b"]), r#"["","b"]"#);
        assert_eq!(join(&["[]"]), r#"["[]"]"#);
    }

    proptest! {
        #[test]
        fn a_list_comes_back(
            values in prop::collection::vec(prop_oneof!["[ab;,:\\[\\]\" \n\\\\]{0,5}", any::<String>()], 0..5)
        ) {
            prop_assert_eq!(split_list(&join_list(&values)), values);
        }
    }
}
