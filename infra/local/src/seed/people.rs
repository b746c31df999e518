//! People that nobody is. Names are put together from parts, addresses are in domains that are kept for examples, and
//! telephone numbers come from the ranges that regulators keep for films and books.

/// Somebody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Person {
    pub(crate) first_name: &'static str,
    pub(crate) last_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) city: &'static str,
}

const FIRST_NAMES: [&str; 48] = [
    "Ada", "Aiko", "Amara", "Anton", "Astrid", "Aylin", "Bela", "Bruno", "Carmen", "Chidi", "Clara", "Dario", "Dilara",
    "Edda", "Elias", "Emre", "Fatima", "Felix", "Frida", "Gala", "Hana", "Henrik", "Ilya", "Imani", "Inés", "Jonas",
    "Jun", "Karin", "Kenji", "Lea", "Leyla", "Luca", "Mara", "Mateo", "Mila", "Nadia", "Nils", "Noor", "Oskar",
    "Paula", "Priya", "Rosa", "Samir", "Sofía", "Tomás", "Uma", "Viktor", "Zoë",
];

const NAME_BEGINNINGS: [&str; 24] = [
    "Ash", "Birk", "Brook", "Dorn", "Eck", "Fern", "Glen", "Hart", "Holm", "Kest", "Lind", "Marl", "Nord", "Oster",
    "Pell", "Quill", "Rosen", "Sander", "Stern", "Thorn", "Vall", "Wald", "West", "Winter",
];

const NAME_ENDINGS: [&str; 12] =
    ["berg", "by", "feld", "ford", "gaard", "hoff", "ley", "mann", "ström", "ton", "wick", "wood"];

/// A city and the beginning of its telephone numbers that nobody has; three or four digits follow.
struct Place {
    city: &'static str,
    prefix: &'static str,
    first: u64,
    many: u64,
    digits: usize,
}

const PLACES: [Place; 12] = [
    place("Berlin", "+493023125", 0, 1000, 3),
    place("Hamburg", "+494066969", 0, 1000, 3),
    place("München", "+498999998", 0, 1000, 3),
    place("Köln", "+492214710", 0, 1000, 3),
    place("London", "+442079460", 0, 1000, 3),
    place("Manchester", "+441614960", 0, 1000, 3),
    place("Edinburgh", "+441314960", 0, 1000, 3),
    place("New York", "+1212555", 100, 100, 4),
    place("Chicago", "+1312555", 100, 100, 4),
    place("Paris", "+33199", 0, 10_000, 6),
    place("Sydney", "+6125550", 0, 10_000, 4),
    place("Melbourne", "+6135550", 0, 10_000, 4),
];

const fn place(city: &'static str, prefix: &'static str, first: u64, many: u64, digits: usize) -> Place {
    Place { city, prefix, first, many, digits }
}

/// The first `count` of them. The same number is always the same person.
pub(crate) fn all(count: usize) -> impl Iterator<Item = Person> {
    (0..count).map(person)
}

fn person(number: usize) -> Person {
    let number = number as u64;
    let mut dice = Dice(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let first_name = *dice.pick(&FIRST_NAMES);
    let last_name = format!("{}{}", dice.pick(&NAME_BEGINNINGS), dice.pick(&NAME_ENDINGS));
    let place = dice.pick(&PLACES);
    let domain = if dice.below(3) == 0 { "example.org" } else { "example.com" };
    let has_email = dice.below(10) > 0;
    let has_phone = dice.below(10) > 2;
    // The number keeps addresses apart: nobody shares one.
    let email = format!("{}.{}{number}@{domain}", ascii(first_name), ascii(&last_name));
    let digits = place.first + dice.below(place.many);
    Person {
        first_name,
        email: has_email.then_some(email),
        phone: has_phone.then(|| format!("{}{digits:0width$}", place.prefix, width = place.digits)),
        city: place.city,
        last_name,
    }
}

fn ascii(name: &str) -> String {
    let plain = |letter: char| match letter {
        'é' | 'ë' => 'e',
        'í' => 'i',
        'á' => 'a',
        'ö' => 'o',
        other => other,
    };
    name.to_lowercase().chars().map(plain).collect()
}

/// Numbers that look random and are not (the generator called split mix).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_number_is_always_the_same_person() {
        let people: Vec<_> = all(300).collect();
        assert_eq!(people, all(300).collect::<Vec<_>>());
        let emails: BTreeSet<_> = people.iter().filter_map(|person| person.email.clone()).collect();
        assert_eq!(
            emails.len(),
            people.iter().filter(|person| person.email.is_some()).count(),
            "nobody shares an address"
        );
        let cities: BTreeSet<_> = people.iter().map(|person| person.city).collect();
        assert_eq!(cities.len(), PLACES.len());
    }

    #[test]
    fn addresses_and_numbers_are_of_nobody() {
        for person in all(1000) {
            if let Some(email) = person.email {
                assert!(
                    email.is_ascii() && (email.ends_with("@example.com") || email.ends_with("@example.org")),
                    "{email}"
                );
            }
            if let Some(phone) = person.phone {
                assert!(PLACES.iter().any(|place| phone.starts_with(place.prefix)), "{phone}");
                assert!((11..=14).contains(&phone.len()), "{phone}");
            }
        }
    }
}
