//! One folding for search, `contains`, equality of text and sort keys, and how folded text becomes words.
//!
//! NFKC, full case folding (`ß` is `ss`), diacritics off, `ё` as `е`, Turkish `ı` and `İ` as `i`. What is a letter of
//! its own in its script stays: `й` is not `и`, and `が` is not `か`. Chinese, Japanese and Korean have no blanks between
//! words, so their runs become bigrams. What ends a line and what moves to the next column is a blank, so that words of two
//! lines stay two.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The most characters of one word that are indexed and looked for.
const MAX_WORD: usize = 100;

/// The text as it is compared, searched and sorted. Folding twice changes nothing.
#[must_use]
pub fn fold(text: &str) -> String {
    let text = spaced(text);
    if text.is_ascii() {
        return text.chars().filter(|char| !char.is_ascii_control()).map(|char| char.to_ascii_lowercase()).collect();
    }
    let mut folded = fold_once(&text);
    // Taking marks away can let what is left compose anew; twice is enough for every script, the loop is for proof.
    for _ in 0..4 {
        let again = fold_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    folded
}

/// The text with a blank for each tab and for each end of a line, however the line ends.
fn spaced(text: &str) -> Cow<'_, str> {
    let is_space = |char: char| matches!(char, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(is_space) {
        return text.into();
    }
    text.replace("\r\n", " ").replace(is_space, " ").into()
}

fn fold_once(text: &str) -> String {
    let composed: String = text.nfkc().default_case_fold().nfkc().default_case_fold().nfkc().collect();
    let mut folded = String::with_capacity(composed.len());
    for char in composed.chars() {
        if takes_marks(char) {
            decompose_canonical(char, |part| {
                if !is_combining_mark(part) {
                    plain(part, &mut folded);
                }
            });
        } else if !is_dropped(char) {
            plain(char, &mut folded);
        }
    }
    folded.nfc().collect()
}

/// Scripts in which a mark only colours a letter: Latin and Greek.
const fn takes_marks(char: char) -> bool {
    matches!(char, '\u{00c0}'..='\u{024f}' | '\u{1e00}'..='\u{1eff}' | '\u{0370}'..='\u{03ff}' | '\u{1f00}'..='\u{1fff}')
}

/// Marks that did not become part of a letter, vowel points that people leave out, and what cannot be seen.
const fn is_dropped(char: char) -> bool {
    matches!(
        char,
        '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05bd}' | '\u{05bf}' | '\u{05c1}' | '\u{05c2}' | '\u{05c4}' | '\u{05c5}'
        | '\u{05c7}' | '\u{0640}' | '\u{064b}'..='\u{065f}' | '\u{0670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    ) || char.is_ascii_control()
}

/// Letters with a stroke, ligatures, and the letters of Russian that people write without their marks.
fn plain(char: char, folded: &mut String) {
    match char {
        'ı' => folded.push('i'),
        'ł' => folded.push('l'),
        'ø' => folded.push('o'),
        'đ' | 'ð' => folded.push('d'),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ё' | 'ѐ' => folded.push('е'),
        'ѝ' => folded.push('и'),
        other => folded.push(other),
    }
}

/// A run of letters and digits in folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// One of a script that puts something between words.
    Spaced(String),
    /// A run of Chinese, Japanese or Korean characters.
    Unspaced(Vec<char>),
}

const fn is_unspaced(char: char) -> bool {
    matches!(
        char,
        '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

fn words(folded: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    for char in folded.chars() {
        if !char.is_alphanumeric() && !is_combining_mark(char) {
            open = false;
            continue;
        }
        match (words.last_mut().filter(|_| open), is_unspaced(char)) {
            (Some(Word::Unspaced(run)), true) => run.push(char),
            (Some(Word::Spaced(word)), false) => word.push(char),
            (_, true) => words.push(Word::Unspaced(vec![char])),
            (_, false) => words.push(Word::Spaced(char.into())),
        }
        open = true;
    }
    words
}

/// What is indexed of a text: its words with blanks between them, and nothing that means anything to FTS5.
#[must_use]
pub(crate) fn index_text(text: &str) -> String {
    tokens(&fold(text)).join(" ")
}

/// The FTS5 query for a text as a whole: its words in their order, one after the other. `None` when there is no word in it.
#[must_use]
pub(crate) fn phrase(text: &str) -> Option<String> {
    let tokens = index_text(text);
    (!tokens.is_empty()).then(|| format!("\"{tokens}\""))
}

/// The words of folded text, runs without blanks as bigrams.
#[must_use]
pub(crate) fn tokens(folded: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for word in words(folded) {
        match word {
            Word::Spaced(word) => tokens.push(word.chars().take(MAX_WORD).collect()),
            Word::Unspaced(run) => {
                tokens.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
                tokens.extend(run.last().map(char::to_string));
            }
        }
    }
    tokens
}

/// The FTS5 query for a text: every word of it begins a word of the record, runs without blanks occur as they are.
/// `None` when there is no word in the text. Made of letters, digits and our own quotes only, so no text is syntax.
#[must_use]
pub(crate) fn match_text(text: &str) -> Option<String> {
    let folded = fold(text);
    let terms = terms(&folded, "*");
    if terms.is_empty() {
        return None;
    }
    let all = terms.join(" AND ");
    // A phone number is kept without blanks, and people type it with.
    match phone_digits(&folded) {
        Some(digits) if terms.len() > 1 => Some(format!("(({all}) OR \"{digits}\"*)")),
        _ => Some(format!("({all})")),
    }
}

/// The FTS5 query for folded text: every word of it is a word of the record. `None` when there is no word in it.
#[must_use]
pub(crate) fn match_words(folded: &str) -> Option<String> {
    let terms = terms(folded, "");
    (!terms.is_empty()).then(|| format!("({})", terms.join(" AND ")))
}

/// What is looked for of each word; `more` is a star if it may go on.
fn terms(folded: &str, more: &str) -> Vec<String> {
    let term = |word: Word| match word {
        Word::Spaced(word) => format!("\"{}\"{more}", word.chars().take(MAX_WORD).collect::<String>()),
        Word::Unspaced(run) if run.len() == 1 => format!("\"{}\"*", run[0]),
        Word::Unspaced(run) => {
            let pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
            format!("\"{}\"", pairs.join(" "))
        }
    };
    words(folded).into_iter().map(term).collect()
}

/// The digits of a text that can be a phone number.
fn phone_digits(folded: &str) -> Option<String> {
    let phone = folded.chars().all(|char| char.is_ascii_digit() || " +-()/.".contains(char));
    let digits: String = folded.chars().filter(char::is_ascii_digit).take(MAX_WORD).collect();
    (phone && digits.len() >= 3).then_some(digits)
}

/// How many words a text has for a search.
#[must_use]
pub(crate) fn count_words(text: &str) -> usize {
    words(&fold(text)).len()
}

/// A phone number as it is compared: without what people put between its digits.
#[must_use]
pub(crate) fn fold_phone(text: &str) -> String {
    fold(text).chars().filter(|char| !" -()/.".contains(*char)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn russian_yo_is_ye_and_short_i_stays_a_letter() {
        assert_eq!(fold("ФЁДОР"), "федор");
        assert_eq!(fold("Фе\u{308}дор"), "федор", "the same letter in two code points");
        assert_eq!(fold("Йошкар"), "йошкар");
        assert_eq!(fold("И\u{306}ошкар"), "йошкар");
        assert_ne!(fold("май"), fold("маи"));
        assert_eq!(fold("за\u{301}мок"), "замок", "a stress mark is no letter");
        assert_eq!(fold("Україна, Київ"), "україна, київ");
    }

    #[test]
    fn german_sharp_s_is_ss_and_umlauts_lose_their_dots() {
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("GROẞ"), "gross");
        assert_eq!(fold("Müller"), "muller");
        assert_eq!(fold("Mu\u{308}ller"), "muller");
    }

    #[test]
    fn turkish_i_is_one_letter_with_and_without_its_dot() {
        for text in ["İstanbul", "ISTANBUL", "ıstanbul", "istanbul", "I\u{307}stanbul"] {
            assert_eq!(fold(text), "istanbul");
        }
        assert_eq!(fold("Işık Çağrı ŞÖLEN"), "isik cagri solen");
    }

    #[test]
    fn japanese_keeps_its_voiced_letters_and_has_one_width() {
        assert_eq!(fold("ｶﾞｲﾄﾞ"), "ガイド");
        assert_ne!(fold("ガ"), fold("カ"));
        assert_eq!(fold("Ｔｏｋｙｏ　タワー"), "tokyo タワー");
        assert_eq!(index_text("東京都 Tower"), "東京 京都 都 tower");
        assert_eq!(match_text("京都").unwrap(), "(\"京都\")");
        assert_eq!(match_text("東").unwrap(), "(\"東\"*)");
        assert_eq!(match_text("東京都").unwrap(), "(\"東京 京都\")");
    }

    #[test]
    fn other_scripts_lose_what_people_leave_out() {
        assert_eq!(fold("Ἀθῆναι ΟΔΟΣ"), "αθηναι οδοσ");
        assert_eq!(fold("Łódź Ærø Nguyễn"), "lodz aero nguyen");
        assert_eq!(fold("مُحَمَّد"), "محمد");
        assert_eq!(fold("ﬁne №"), "fine no");
    }

    #[test]
    fn words_of_two_lines_stay_two() {
        for text in ["Two\nlines", "Two\r\nlines", "Two\rlines", "Two\tlines", "Two\u{2028}lines", "Two lines"] {
            assert_eq!(fold(text), "two lines", "{text:?}");
        }
        assert_eq!(fold("Zwei\nZeilen über\r\nalles"), "zwei zeilen uber alles");
        assert_eq!(index_text("Two\nlines"), "two lines");
        assert_eq!(fold("a\u{0}b\u{1f}c"), "abc", "what cannot be seen parts nothing");
        assert_eq!(fold_phone("+49\t30\n901"), "+4930901");
    }

    #[test]
    fn a_phone_number_is_found_with_blanks_in_it() {
        assert_eq!(match_text("+49 30 90").unwrap(), "((\"49\"* AND \"30\"* AND \"90\"*) OR \"493090\"*)");
        assert_eq!(fold_phone("+49 (30) 901-820"), "+4930901820");
    }

    #[test]
    fn a_text_without_words_is_no_query() {
        assert_eq!(match_text("\" * ( ) - : ^ +"), None);
        assert_eq!(match_text("NEAR(\"a\" OR b)").unwrap(), "(\"near\"* AND \"a\"* AND \"or\"* AND \"b\"*)");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC*|[а-яёА-ЯЁ\u{300}-\u{310}iIıİßẞ가-힣ぁ-ンー ]*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn case_and_normal_form_never_matter(text in "[a-zà-ÿа-яёα-ωğışöüç ]{0,20}") {
            let upper: String = text.to_uppercase().nfd().collect();
            prop_assert_eq!(fold(&upper), fold(&text));
        }

        #[test]
        fn no_text_is_syntax(text in "\\PC*|[\"*():^+{} a-z-]*") {
            let inert = |query: &str| query.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c) || " \"*()".contains(c));
            prop_assert!(match_text(&text).is_none_or(|query| inert(&query)));
            prop_assert!(index_text(&text).chars().all(|c| c == ' ' || c.is_alphanumeric() || is_combining_mark(c)));
        }
    }
}
