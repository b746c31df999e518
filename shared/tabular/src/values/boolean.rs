//! Yes or no.

const TRUE: [&str; 18] = [
    "true",
    "yes",
    "y",
    "1",
    "on",
    "x",
    "t",
    "wahr",
    "ja",
    "j",
    "vrai",
    "oui",
    "verdadero",
    "si",
    "sí",
    "истина",
    "да",
    "✓",
];
const FALSE: [&str; 13] =
    ["false", "no", "n", "0", "off", "f", "falsch", "nein", "faux", "non", "falso", "ложь", "нет"];

/// Reads yes or no.
///
/// These are `true`, `yes`, `y`, `1`, `on`, `x` and their opposites, the same words in German, French, Spanish and Russian, and the words that spreadsheets write in those languages. Case does not matter.
#[must_use]
pub fn read_boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    // None of the words is longer; it spares lowering whole essays.
    if text.len() > 16 {
        return None;
    }
    let text = text.to_lowercase();
    if TRUE.contains(&text.as_str()) {
        return Some(true);
    }
    FALSE.contains(&text.as_str()).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_read_in_some_languages() {
        for text in ["true", " TRUE ", "Yes", "y", "1", "on", "X", "Ja", "WAHR", "oui", "Sí", "si", "Да", "ИСТИНА"]
        {
            assert_eq!(read_boolean(text), Some(true), "{text}");
        }
        for text in ["false", "No", "n", "0", "OFF", "Nein", "non", "FAUX", "нет", "Ложь"] {
            assert_eq!(read_boolean(text), Some(false), "{text}");
        }
        for text in ["", " ", "2", "maybe", "yes please", "01", "вероятно, да, но не всегда"] {
            assert_eq!(read_boolean(text), None, "{text}");
        }
    }
}
