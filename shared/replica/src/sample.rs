//! Records of a company that does not exist, as many as are wanted and always the same ones.

use events::Document;
use kernel::{AnyId, Clock, Id, Ids, Timestamp, kinds};
use serde_json::{Value, json};

/// How many records a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Companies.
    pub companies: u32,
    /// Contacts, each of one of the companies.
    pub contacts: u32,
    /// Users who own them.
    pub users: u32,
}

const FIRST: [&str; 16] = [
    "Ada",
    "Grace",
    "Jürgen",
    "Işıl",
    "Zoë",
    "Fyodor",
    "Мария",
    "Алексей",
    "Ингрид",
    "花子",
    "太郎",
    "Chloé",
    "Łukasz",
    "Nguyễn",
    "Amara",
    "José",
];
const LAST: [&str; 16] = [
    "Lovelace",
    "Hopper",
    "Müller",
    "Şahin",
    "O'Brien",
    "Достоевская",
    "Иванов",
    "Петрова",
    "山田",
    "佐藤",
    "Dubois",
    "Nowak",
    "Okafor",
    "García",
    "Straßmann",
    "van den Berg",
];
const CITIES: [&str; 12] = [
    "Berlin",
    "İstanbul",
    "Москва",
    "東京",
    "Paris",
    "Kraków",
    "Lagos",
    "Madrid",
    "New York",
    "São Paulo",
    "Köln",
    "Sydney",
];
const STAGES: [&str; 5] = ["lead", "qualified", "opportunity", "customer", "former"];
const WORDS: [&str; 8] = ["steel", "harbour", "software", "north", "garden", "lumen", "atlas", "orbit"];

/// Numbers that look like chance and are always the same (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// What a company may have said about its contacts and companies, as the table's configuration has it: fields of several
/// types, a formula, and roll-ups over the contacts of a company.
#[must_use]
pub fn definitions() -> Vec<Document> {
    let at = Timestamp::from_millis(1_767_225_600_000).map(|at| at.to_string()).unwrap_or_default();
    let contact = json!({
        "part": "object.contact", "object": "contact", "version": 1, "updated_at": at, "fields": [
            { "name": "tier", "type": "select", "options": [{ "value": "gold" }, { "value": "silver" }] },
            { "name": "score", "type": "number", "decimals": 0 },
            { "name": "budget", "type": "money" },
            { "name": "renewal", "type": "date" },
            { "name": "nickname", "type": "text" },
            { "name": "double", "type": "formula", "expression": "custom.score * 2" },
        ],
    });
    let company = json!({
        "part": "object.company", "object": "company", "version": 1, "updated_at": at, "fields": [
            { "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count" },
            { "name": "budgets", "type": "roll_up", "object": "contact", "via": "company_id", "function": "sum",
              "field": "custom.budget" },
        ],
    });
    [contact, company].into_iter().filter_map(|definition| definition.as_object().cloned()).collect()
}

/// The records of a sample with the names of their objects, as the table keeps them: users, companies, then contacts.
pub fn records(sample: Sample) -> impl Iterator<Item = (&'static str, Document)> {
    let clock = Clock::manual();
    let ids = Ids::seeded(clock.clone(), 1);
    let mut dice = Dice(7);
    let users: Vec<Id<kinds::User>> = (0..sample.users.max(1)).map(|_| ids.next()).collect();
    let companies: Vec<AnyId> = (0..sample.companies.max(1)).map(|_| ids.next::<kinds::Company>().erase()).collect();
    let total = sample.users + sample.companies + sample.contacts;
    (0..total).map(move |number| {
        clock.advance_millis(1_000);
        let owner = users[dice.below(users.len())];
        let (object, id, own) = if number < sample.users {
            let own = json!({ "name": format!("User {number}"), "email": format!("user{number}@example.com"), "role": "member" });
            ("user", users[number as usize].erase(), own)
        } else if number < sample.users + sample.companies {
            let place = number - sample.users;
            ("company", companies[place as usize], company(place, &mut dice))
        } else {
            let place = number - sample.users - sample.companies;
            let company = companies[dice.below(companies.len())];
            ("contact", ids.next::<kinds::Contact>().erase(), contact(place, company, &mut dice))
        };
        let common = json!({
            "id": id, "object": object, "version": 1, "created_at": clock.now(), "created_by": owner,
            "updated_at": clock.now(), "updated_by": owner, "owner_id": owner,
        });
        let mut document = members(common);
        document.extend(members(own));
        (object, document)
    })
}

fn members(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        _ => Document::new(),
    }
}

fn company(number: u32, dice: &mut Dice) -> Value {
    json!({
        "name": format!("{} {} {number}", dice.pick(&WORDS), dice.pick(&LAST)),
        "domain": format!("company{number}.example.com"),
        "phone": format!("+4930{:07}", dice.below(10_000_000)),
        "city": dice.pick(&CITIES),
        "country": "DE",
        "industry": dice.pick(&["software", "retail", "energy", "health"]),
        "employees": dice.below(5_000),
        "annual_revenue": { "amount": dice.below(1_000_000_000), "currency": dice.pick(&["EUR", "USD"]) },
        "lifecycle_stage": dice.pick(&STAGES),
        "tags": [dice.pick(&WORDS)],
    })
}

fn contact(number: u32, company: AnyId, dice: &mut Dice) -> Value {
    let (first, last) = (dice.pick(&FIRST), dice.pick(&LAST));
    let mut contact = json!({
        "first_name": first,
        "last_name": last,
        "email": format!("contact{number}@example.com"),
        "phone": format!("+4917{:08}", dice.below(100_000_000)),
        "company_id": company,
        "job_title": dice.pick(&["Engineer", "Buyer", "Head of Sales", "Geschäftsführer", "Аналитик"]),
        "city": dice.pick(&CITIES),
        "country": "DE",
        "lifecycle_stage": dice.pick(&STAGES),
        "source": dice.pick(&["website", "referral", "event", "import"]),
        "language": "de",
        "tags": [dice.pick(&WORDS), dice.pick(&WORDS)],
        "emails": [{ "email": format!("private{number}@example.org"), "label": "home" }],
        "custom": { "tier": dice.pick(&["gold", "silver"]), "score": dice.below(1_000) },
    });
    if dice.below(2) == 0 {
        contact["custom"]["budget"] = json!({ "amount": dice.below(10_000_000), "currency": "EUR" });
        contact["custom"]["renewal"] = json!(format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28)));
    }
    contact
}
