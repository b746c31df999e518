//! What headers mean, for files of nobody in particular, and that what is said to be meant is there.

use proptest::prelude::*;

use super::*;

mod exports;

/// The fields and members that the objects have, and `full_name`.
const CONTACT: &str = "salutation first_name last_name full_name email phone job_title city country website lifecycle_stage \
    source birthday language description tags external_id";
const COMPANY: &str = "name domain website phone email industry employees annual_revenue city country lifecycle_stage source description \
    tags external_id";
const PARTS: &str = "phones.phone phones.label emails.email emails.label addresses.label addresses.street addresses.city \
    addresses.region addresses.postal_code addresses.country social_links.url";
const REFERENCES: &str = "company_id@name company_id@external_id company_id@domain parent_id@name parent_id@external_id \
    owner_id@email";

/// `phones[work].phone`, `company_id@name`, `addresses[1].city+city`; `-` for nothing.
fn said(meant: Option<Meant>) -> String {
    let Some(Meant { field, part, by, also }) = meant else { return "-".to_owned() };
    let part = part.map(|part| format!("[{}].{}", part.item, part.member)).unwrap_or_default();
    let by = by.map(|by| format!("@{by}")).unwrap_or_default();
    let also = also.map(|also| format!("+{also}")).unwrap_or_default();
    format!("{field}{part}{by}{also}")
}

/// The headers of a file, and what each of them means, a line each: `header = meaning`.
fn check(system: Option<System>, object: &str, file: &str) {
    let columns: Vec<(&str, &str)> = file.lines().map(|line| line.trim().split_once(" = ").unwrap()).collect();
    let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
    assert_eq!(System::guess(&headers), system, "{headers:?}");
    assert_eq!(object_of(system, &headers), Some(object), "{headers:?}");
    for (header, expected) in columns {
        assert_eq!(said(meant(system, object, header)), expected, "{header}");
    }
}

#[test]
fn files_of_nobody_in_particular_are_understood() {
    let english = "first_name = first_name
        LAST-NAME = last_name
        E-Mail = email
        Phone 2 = phones[2].phone
        Company = company_id@name
        URL = website
        Favourite colour = -";
    check(None, "contact", english);
    let german = "Vorname = first_name
        Nachname = last_name
        Firma = company_id@name
        Telefon = phone
        Straße = addresses[work].street
        PLZ = addresses[work].postal_code
        Ort = addresses[work].city+city
        Geburtsdatum = birthday";
    check(None, "contact", german);
    let french = "Prénom = first_name
        Nom = last_name
        Société = company_id@name
        Téléphone = phone
        Ville = addresses[work].city+city";
    check(None, "contact", french);
    let spanish = "Nombre = first_name
        Apellidos = last_name
        Empresa = company_id@name
        Correo electrónico = email
        Cargo = job_title";
    check(None, "contact", spanish);
    let russian = "Имя = first_name
        Фамилия = last_name
        Компания = company_id@name
        Телефон = phone
        Должность = job_title";
    check(None, "contact", russian);
    let companies = "account = name
        sector = industry
        year_established = -
        revenue = annual_revenue
        employees = employees
        office_location = -
        subsidiary_of = parent_id@name";
    check(None, "company", companies);
}

#[test]
fn rows_of_other_things_are_neither() {
    for headers in [
        &["product", "series", "sales_price"][..],
        &["sales_agent", "manager", "regional_office"],
        &["opportunity_id", "sales_agent", "product", "account", "deal_stage", "close_date"],
        &["Deal Name", "Amount", "Close Date", "Associated Company"],
        &["Name"],
        &[],
    ] {
        assert_eq!(object_of(None, headers), None, "{headers:?}");
    }
    assert_eq!(said(meant(None, "deal", "Record ID")), "external_id");
    assert_eq!(said(meant(Some(System::HubSpot), "deal", "Deal owner")), "owner_id@email");
    assert_eq!(said(meant(Some(System::HubSpot), "deal", "First Name")), "-");
}

#[test]
fn files_of_nobody_are_no_systems() {
    for headers in [
        &["First Name", "Last Name", "Email", "Phone", "Company", "Title"][..],
        &["Name", "URL", "Email Address", "Position"],
        &["ID", "Name", "Owner", "Industry"],
    ] {
        assert_eq!(System::guess(headers), None, "{headers:?}");
    }
}

#[test]
fn every_meaning_is_a_field_that_there_is_and_no_header_has_two() {
    let exports = System::ALL.iter().map(|system| system.export()).chain([&general::EXPORT]);
    for (table, fields) in exports.flat_map(|export| [(export.contact, CONTACT), (export.company, COMPANY)]) {
        let mut seen = std::collections::BTreeSet::new();
        for (meant, headers) in table {
            let known = match (meant.part, meant.by) {
                (Some(part), None) => has(PARTS, &format!("{}.{}", meant.field, part.member)),
                (None, Some(by)) => has(REFERENCES, &format!("{}@{by}", meant.field)),
                (None, None) => has(fields, meant.field),
                (Some(_), Some(_)) => false,
            };
            assert!(known && meant.also.is_none_or(|also| has(fields, also)), "{meant:?}");
            for header in *headers {
                assert!(seen.insert(folded(header).collect::<String>()), "{header} twice");
            }
        }
    }
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

#[test]
fn words_of_systems_come_back() {
    for system in System::ALL {
        assert_eq!(System::parse(system.as_str()), Some(system));
        assert_eq!(serde_json::to_value(system).unwrap(), system.as_str());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_headers_are_a_reason_to_panic(headers in prop::collection::vec("\\PC{0,12}|(Phone|Address) [0-9]{0,30} - .{0,9}", 0..8)) {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let system = System::guess(&headers);
        let _ = object_of(system, &headers);
        for header in headers {
            for object in ["contact", "company", "deal"] {
                let _ = meant(system, object, header);
            }
        }
    }
}
