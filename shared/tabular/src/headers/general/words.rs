//! Words for what contacts and companies both have.

pub(super) const PHONE: &[&str] = &[
    "Phone",
    "Phone Number",
    "Telephone",
    "Work Phone",
    "Business Phone",
    "Tel",
    "Telefon",
    "Telefonnummer",
    "Téléphone",
    "Teléfono",
    "Телефон",
];
pub(super) const EMAIL: &[&str] = &[
    "Email",
    "Email Address",
    "Mail",
    "Primary Email",
    "E-Mail-Adresse",
    "Adresse e-mail",
    "Courriel",
    "Correo",
    "Correo electrónico",
    "Эл. почта",
    "Электронная почта",
    "Почта",
];
pub(super) const STREET: &[&str] = &[
    "Street",
    "Street Address",
    "Address",
    "Address Line 1",
    "Straße",
    "Strasse",
    "Adresse",
    "Anschrift",
    "Rue",
    "Dirección",
    "Calle",
    "Адрес",
    "Улица",
];
pub(super) const CITY: &[&str] = &["City", "Town", "Stadt", "Ort", "Ville", "Ciudad", "Город"];
pub(super) const REGION: &[&str] = &[
    "State",
    "Region",
    "Province",
    "County",
    "State/Region",
    "State/Province",
    "Bundesland",
    "Région",
    "Provincia",
    "Регион",
    "Область",
];
pub(super) const POSTAL_CODE: &[&str] = &[
    "Postal Code",
    "Zip",
    "Zip Code",
    "Postcode",
    "PLZ",
    "Postleitzahl",
    "Code postal",
    "Código postal",
    "Индекс",
    "Почтовый индекс",
];
pub(super) const COUNTRY: &[&str] = &["Country", "Country/Region", "Land", "Pays", "País", "Страна"];
pub(super) const WEBSITE: &[&str] =
    &["Website", "Web", "Web Page", "Homepage", "Webseite", "Site web", "Sitio web", "Сайт", "URL"];
pub(super) const SOURCE: &[&str] = &["Source", "Lead Source", "Quelle", "Origen", "Источник"];
pub(super) const DESCRIPTION: &[&str] = &[
    "Description",
    "Notes",
    "Note",
    "Comments",
    "Comment",
    "Notizen",
    "Bemerkung",
    "Bemerkungen",
    "Beschreibung",
    "Remarques",
    "Notas",
    "Описание",
    "Заметки",
    "Комментарий",
    "About",
];
pub(super) const TAGS: &[&str] = &["Tags", "Tag", "Labels", "Schlagwörter", "Étiquettes", "Etiquetas", "Теги", "Метки"];
pub(super) const OWNER: &[&str] =
    &["Owner", "Owner email", "Record owner", "Besitzer", "Propriétaire", "Propietario", "Ответственный"];
pub(super) const FAX: &[&str] = &["Fax", "Fax Number", "Факс"];
