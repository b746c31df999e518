//! A workspace of the running stack with contacts that were really created, by batches over HTTP: each has its item, its guard,
//! its event and its place in the catalog, in the journal and in the replica.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::line::Line;
use crate::server::Server;

/// How many are created by one request: as many as a batch takes.
const BATCH: usize = 100;
/// How many requests are under way at once.
const HANDS: usize = 4;
/// When what follows from writes is given up.
const PATIENCE: Duration = Duration::from_secs(600);

const FIRST: [&str; 16] = [
    "Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia", "Donald", "Frances", "John", "Hedy", "Niklaus", "Joan",
    "Ken", "Mary", "Dennis", "Karen",
];
const CITIES: [&str; 12] =
    ["Berlin", "Lyon", "Porto", "Riga", "Oslo", "Turin", "Ghent", "Graz", "Brno", "Cork", "Malmo", "Split"];
const STAGES: [&str; 4] = ["subscriber", "lead", "opportunity", "customer"];
const SYLLABLES: [&str; 20] = [
    "ba", "ker", "lin", "mo", "ra", "ti", "ven", "dor", "sa", "lo", "mi", "gar", "pe", "ton", "wi", "hel", "na", "ro",
    "ste", "vik",
];

/// The workspace `demo` of a running stack.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) base: String,
    pub(crate) secret: String,
    /// Everybody's id.
    pub(crate) ids: Vec<String>,
    seed: u64,
}

/// A contact; no two numbers have the same.
pub(crate) fn contact(seed: u64, number: usize) -> Value {
    let mut dice = Dice::new(seed ^ (number as u64).wrapping_mul(0x9E37_79B9));
    let name: String = (0..3).map(|_| *dice.pick(&SYLLABLES)).collect();
    json!({
        "first_name": dice.pick(&FIRST),
        "last_name": family_name(&name),
        "email": format!("{name}.{number}@example.com"),
        "job_title": "Buyer",
        "city": dice.pick(&CITIES),
        "lifecycle_stage": dice.pick(&STAGES),
    })
}

/// A word that some contacts are found by.
pub(crate) fn word(dice: &mut Dice) -> String {
    family_name(&(0..2).map(|_| *dice.pick(&SYLLABLES)).collect::<String>())
}

/// One of the options of a select field.
pub(crate) fn stage(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&STAGES)
}

pub(crate) fn city(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&CITIES)
}

fn family_name(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Crowd {
    /// An empty one.
    ///
    /// # Errors
    /// When the stack has left no key.
    pub(crate) fn new(server: &Server, data: &Path, seed: u64) -> Result<Self> {
        let secret = std::fs::read_to_string(data.join("api-key")).context("api-key")?.trim().to_owned();
        Ok(Self { base: server.base.clone(), secret, ids: Vec::new(), seed })
    }

    /// Creates contacts until there are so many, and waits until lists show all of them.
    ///
    /// # Errors
    /// When one is refused.
    pub(crate) fn grow(&mut self, size: usize) -> Result<Duration> {
        let started = Instant::now();
        let numbers: Vec<usize> = (self.ids.len()..size).collect();
        let batches: Vec<&[usize]> = numbers.chunks(BATCH).collect();
        let (this, hands) = (&*self, batches.len().div_ceil(HANDS).max(1));
        let made = std::thread::scope(|scope| {
            let work: Vec<_> = batches.chunks(hands).map(|some| scope.spawn(move || this.create(some))).collect();
            let done = work.into_iter().map(|work| work.join().ok().context("a thread panicked")?);
            done.collect::<Result<Vec<_>>>()
        })?;
        self.ids.extend(made.into_iter().flatten());
        self.settle()?;
        Ok(started.elapsed())
    }

    fn create(&self, batches: &[&[usize]]) -> Result<Vec<String>> {
        let mut line = self.line()?;
        let mut ids = Vec::new();
        for numbers in batches {
            let operation = |number: &usize| json!({ "op": "create", "data": contact(self.seed, *number) });
            let body = json!({ "operations": numbers.iter().map(operation).collect::<Vec<_>>() });
            let answer = line.wanted("POST", "/v1/contacts/batch", &body.to_string())?.json()?;
            for result in answer["results"].as_array().context("results")? {
                let id = result["record"]["id"].as_str();
                ids.push(id.with_context(|| format!("a contact was not created: {result}"))?.to_owned());
            }
        }
        Ok(ids)
    }

    pub(crate) fn line(&self) -> Result<Line> {
        Line::to(&self.base, &self.secret)
    }

    /// Waits until nothing follows any more: the list has been the same for some time, and has at least everybody made here.
    ///
    /// # Errors
    /// When that does not come.
    pub(crate) fn settle(&self) -> Result<()> {
        let (mut line, started) = (self.line()?, Instant::now());
        let mut still = 0;
        while still < 5 {
            ensure!(started.elapsed() < PATIENCE, "lists do not follow");
            std::thread::sleep(Duration::from_millis(300));
            let reply = line.ask("GET", "/v1/contacts?limit=1&count=exact&archived=any", "")?;
            // Far behind, a replica says so and is worked on.
            let count = if reply.status == 200 { reply.json()?["count"].as_u64() } else { None };
            let quiet = count.is_some_and(|count| count >= self.ids.len() as u64) && reply.timing("read_units")? <= 0.5;
            still = if quiet { still + 1 } else { 0 };
        }
        Ok(())
    }
}
