//! Names of companies without what their law adds to them: `Acme` is `ACME Inc.` and `ООО «Ромашка»` is `Ромашка`.

use crate::fold::tokens;

/// Legal forms that follow a name, folded and without what people put between their letters.
const AFTER: &[&str] = &[
    // German
    "gmbh",
    "mbh",
    "ggmbh",
    "gesmbh",
    "ug",
    "haftungsbeschrankt",
    "ag",
    "kg",
    "kgaa",
    "ohg",
    "gbr",
    "ek",
    "ev",
    "eg",
    "se",
    // English
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "llc",
    "llp",
    "lp",
    "ltd",
    "limited",
    "plc",
    "pllc",
    "pty",
    "pte",
    "pvt",
    "bhd",
    "sdn",
    // Romance
    "sa",
    "sarl",
    "sas",
    "sasu",
    "eurl",
    "snc",
    "sci",
    "srl",
    "srls",
    "spa",
    "sapa",
    "sl",
    "slu",
    "sau",
    "sca",
    "lda",
    "ltda",
    "eireli",
    "sadecv",
    "sderldecv",
    // Dutch and Nordic
    "bv",
    "nv",
    "vof",
    "bvba",
    "ab",
    "as",
    "asa",
    "aps",
    "oy",
    "oyj",
    "ehf",
    // Eastern
    "sro",
    "spolsro",
    "spzoo",
    "spj",
    "spk",
    "kft",
    "zrt",
    "nyrt",
    "doo",
    "ood",
    "eood",
    "uab",
    "sia",
    "ou",
    // Russian and Ukrainian
    "ооо",
    "зао",
    "оао",
    "пао",
    "ао",
    "нао",
    "ип",
    "тов",
    "тоо",
    "прат",
    "пат",
    // Turkish
    "anonim",
    "sirketi",
    "sti",
    "ltdsti",
    // Japanese in Latin letters
    "kk",
];

/// Those that stand before a name.
const BEFORE: &[&str] = &[
    "ооо", "зао", "оао", "пао", "ао", "нао", "ип", "тов", "тоо", "чп", "пп", "фоп", "прат", "пат", "гуп", "муп",
    "фгуп", "uab", "sia", "ou",
];

/// The same in scripts without blanks: they stand directly before or after the name.
const UNSPACED_FORMS: &[&str] = &[
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "株式會社",
    "주식회사",
    "유한회사",
];

/// The most words that a legal form is written in: `s. p. z o. o.`.
const MAX_FORM_WORDS: usize = 5;

/// The words of a company's name, which is already folded, without legal forms before and after them, with single blanks
/// between them. A name that is nothing but legal forms stays as it is.
#[must_use]
pub(crate) fn core_name(folded: &str) -> String {
    // What Unicode writes as one character, such as ㈱, is in brackets when it is folded.
    let mut name = folded.trim().replace("(株)", "株式会社").replace("(有)", "有限会社").replace("(주)", "주식회사");
    for form in UNSPACED_FORMS {
        let bare = name.trim().trim_start_matches(form).trim_end_matches(form).trim();
        if !bare.is_empty() {
            name = bare.to_owned();
        }
    }
    let words = tokens(&name);
    let mut rest: &[String] = &words;
    loop {
        let shorter = without_form(rest, true).or_else(|| without_form(rest, false));
        match shorter {
            Some(shorter) if !shorter.is_empty() => rest = shorter,
            _ => return rest.join(" "),
        }
    }
}

/// Words without a legal form at their end or at their beginning, if there is one.
fn without_form(words: &[String], at_end: bool) -> Option<&[String]> {
    // The longest one first: the last word of `sp. z o.o.` is none.
    (1..=MAX_FORM_WORDS.min(words.len())).rev().find_map(|count| {
        let (form, rest) = if at_end {
            let (rest, form) = words.split_at(words.len() - count);
            (form, rest)
        } else {
            words.split_at(count)
        };
        // Words of several letters are a form of their own, not a part of one.
        let forms = if at_end { AFTER } else { BEFORE };
        let is_form = forms.contains(&form.concat().as_str())
            && (count == 1 || form.iter().filter(|word| word.chars().count() > 2).count() <= 1);
        is_form.then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;
    use proptest::prelude::*;

    fn core(name: &str) -> String {
        core_name(&fold(name))
    }

    #[test]
    fn legal_forms_are_no_part_of_a_name() {
        for (name, wanted) in [
            ("ACME Inc.", "acme"),
            ("Acme, Incorporated", "acme"),
            ("Müller & Co. KG", "muller"),
            ("Müller GmbH & Co. KG", "muller"),
            ("Müller G.m.b.H.", "muller"),
            ("Bäckerei Groß UG (haftungsbeschränkt)", "backerei gross"),
            ("ООО «Ромашка»", "ромашка"),
            ("ЗАО Ёлка", "елка"),
            ("Kowalski sp. z o.o.", "kowalski"),
            ("Société Générale S.A.", "societe generale"),
            ("Ferrari S.p.A.", "ferrari"),
            ("Yılmaz Ltd. Şti.", "yilmaz"),
            ("株式会社山田", "山田 田"),
            ("㈱山田", "山田 田"),
            ("Foo Pty Ltd", "foo"),
        ] {
            assert_eq!(core(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_a_legal_form_or_holds_one_in_its_middle_stays() {
        for (name, wanted) in
            [("AG", "ag"), ("SE AG", "se"), ("Co Working Berlin", "co working berlin"), ("Berlin Zoo", "berlin zoo")]
        {
            assert_eq!(core(name), wanted, "{name}");
        }
        assert_eq!(core("The Company Store"), "the company store");
        assert_eq!(core("!!!"), "");
    }

    proptest! {
        #[test]
        fn every_name_has_a_core_whose_core_it_is(name in ".{0,30}|[a-zA-Z. &]{0,20}|(GmbH|Acme|ООО|s|a|株式会社|山| |\\.){0,8}") {
            let once = core(&name);
            let unspaced = !once.is_ascii();
            prop_assert!(unspaced || core(&once) == once);
        }
    }
}
