//! Templates: texts with places for values.
//!
//! `{{name}}` is a value; what stands between `{{#name}}` and `{{/name}}` is there only with one, what stands between `{{^name}}` and
//! `{{/name}}` only without. A line with nothing but the mark of such a part is no line. Values go in as they are read past, so
//! nothing in a value is ever taken for a place.

/// What a mail is written with: three texts in one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Templates {
    pub(crate) subject: &'static str,
    pub(crate) text: &'static str,
    pub(crate) html: &'static str,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    /// One line.
    pub(crate) subject: String,
    /// For whoever reads plain text.
    pub(crate) text: String,
    /// The same for whoever does not.
    pub(crate) html: String,
}

/// Values by name; those without one are known to be missing.
pub(crate) type Values<'a> = [(&'a str, Option<&'a str>)];

impl Templates {
    /// The texts with values.
    pub(crate) fn with(&self, values: &Values<'_>) -> Texts {
        let subject = rendered(self.subject, values, &str::to_owned).trim_end().to_owned();
        Texts {
            subject,
            text: rendered(self.text, values, &str::to_owned),
            html: rendered(self.html, values, &escaped),
        }
    }
}

/// A template with values, each as `write` writes it.
fn rendered(template: &str, values: &Values<'_>, write: &dyn Fn(&str) -> String) -> String {
    let value = |name: &str| values.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value);
    let (mut out, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, tag, after)) = next_tag(rest) {
        out.push_str(before);
        rest = after;
        let Some((kind, name)) = tag.split_at_checked(1).filter(|(kind, _)| ["#", "^"].contains(kind)) else {
            out.push_str(&value(tag).map_or_else(String::new, write));
            continue;
        };
        let (inside, behind) = part(at_line_start(&out, rest), name);
        if value(name).is_some() == (kind == "#") {
            out.push_str(&rendered(inside, values, write));
        }
        rest = at_line_start(&out, behind);
    }
    out.push_str(rest);
    out
}

/// What stands before the next place, its name, and what stands behind it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (tag, after) = rest.split_once("}}")?;
    Some((before, tag, after))
}

/// What belongs to a part, and what stands behind its end.
fn part<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let end = format!("{{{{/{name}}}}}");
    text.split_once(end.as_str()).unwrap_or((text, ""))
}

/// What follows a mark, without the end of its line if the mark began it.
fn at_line_start<'a>(before: &str, after: &'a str) -> &'a str {
    if before.is_empty() || before.ends_with('\n') { after.strip_prefix('\n').unwrap_or(after) } else { after }
}

/// A text as it is written in markup and in its attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use proptest::prelude::*;

    fn plain(template: &str, values: &Values<'_>) -> String {
        rendered(template, values, &|value| value.to_owned())
    }

    #[test]
    fn parts_are_there_with_or_without_a_value() {
        let template =
            "Hello{{#name}} {{name}}{{/name}}{{^name}} you{{/name}}!\n{{#link}}\nOpen {{link}}\n{{/link}}\nBye";
        assert_eq!(plain(template, &[("name", Some("Ada")), ("link", Some("x"))]), "Hello Ada!\nOpen x\nBye");
        assert_eq!(plain(template, &[]), "Hello you!\nBye");
    }

    #[test]
    fn parts_of_different_names_stand_in_one_another() {
        let template = "{{#a}}a{{^b}} without b{{/b}}{{#b}} {{b}}{{/b}}{{/a}}.";
        assert_eq!(plain(template, &[("a", Some("")), ("b", Some("c"))]), "a c.");
        assert_eq!(plain(template, &[("a", Some(""))]), "a without b.");
        assert_eq!(plain(template, &[("b", Some(""))]), ".");
    }

    proptest! {
        #[test]
        fn nothing_in_a_value_is_a_place(a in "[{}#^/ab]{0,12}", b in "[{}#^/ab]{0,12}") {
            let out = plain("<{{a}}|{{b}}>", &[("a", Some(a.as_str())), ("b", Some(b.as_str()))]);
            prop_assert_eq!(out, format!("<{a}|{b}>"));
        }

        #[test]
        fn markup_in_a_value_is_text(value in "\\PC*|[<>&\"']{0,8}") {
            let out = escaped(&value);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
        }
    }

    /// Every place of every template has a value in some mail, and every part an end.
    #[test]
    fn the_templates_know_no_other_names_and_close_their_parts() {
        let known = ["workspace", "name", "inviter", "role", "email", "link", "until"];
        for language in [Language::English, Language::Russian] {
            let Templates { subject, text, html } = language.invitation();
            for template in [subject, text, html] {
                let (mut rest, mut open) = (template, Vec::new());
                while let Some((_, tag, after)) = next_tag(rest) {
                    let name = tag.trim_start_matches(['#', '^', '/']);
                    assert!(known.contains(&name), "{tag}");
                    match tag.as_bytes()[0] {
                        b'#' | b'^' => open.push(name),
                        b'/' => assert_eq!(open.pop(), Some(name)),
                        _ => {}
                    }
                    rest = after;
                }
                assert_eq!(open, Vec::<&str>::new());
            }
        }
    }
}
