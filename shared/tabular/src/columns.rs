//! What stands in the columns of a file, to guess what they are for.

mod contest;
mod forms;
mod looks;

pub use looks::Looks;

use crate::Row;
use crate::values::unguard_cell;
use looks::Kinds;

/// The most samples that are kept of a column.
pub const MAX_SAMPLES: usize = 5;
/// The most different values of a column that are told apart.
pub const MAX_DISTINCT: usize = 50;
/// Samples are cut here, in characters.
const SAMPLE_CHARS: usize = 80;
/// Nobody chooses among longer values, in bytes.
const CHOICE_BYTES: usize = 200;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// How many of its cells have more in them than blanks.
    pub filled: u64,
    /// Some of the values, different ones, in the order of the file, cut at 80 characters.
    pub samples: Vec<String>,
    /// The different values and how often they are there, the most frequent first. `None` when there are many: more than
    /// [`MAX_DISTINCT`], or longer ones than anybody would choose among.
    pub distinct: Option<Vec<(String, u64)>>,
    /// How long the longest is, in characters.
    pub longest: usize,
    /// Whether there is a line break in any.
    pub has_line_breaks: bool,
    /// What the values could be.
    pub looks: Looks,
}

/// Looks at rows, one by one: the first ones of a file without its headers. Memory is that of the samples and values that are kept.
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<Tally>,
}

impl Columns {
    /// No rows yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at one more row.
    pub fn add(&mut self, row: &Row<'_>) {
        self.add_cells(row.cells());
    }

    /// Looks at the cells of one more row.
    pub fn add_cells<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index == self.columns.len() {
                self.columns.push(Tally::default());
            }
            if let Some(column) = self.columns.get_mut(index) {
                column.add(unguard_cell(cell).trim());
            }
        }
    }

    /// What was found: as many columns as the widest row had cells.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.columns.iter().map(Tally::column).collect()
    }
}

/// What is known of one column.
#[derive(Debug, Default)]
struct Tally {
    filled: u64,
    samples: Vec<String>,
    distinct: Vec<(String, u64)>,
    is_many: bool,
    longest: usize,
    has_line_breaks: bool,
    kinds: Kinds,
}

impl Tally {
    fn add(&mut self, value: &str) {
        if value.is_empty() {
            return;
        }
        self.filled += 1;
        self.longest = self.longest.max(value.chars().count());
        self.has_line_breaks |= value.contains(['\n', '\r']);
        self.count(value);
        if self.samples.len() < MAX_SAMPLES {
            let sample: String = value.chars().take(SAMPLE_CHARS).collect();
            if !self.samples.contains(&sample) {
                self.samples.push(sample);
            }
        }
        self.kinds.add(value);
    }

    fn count(&mut self, value: &str) {
        if self.is_many {
            return;
        }
        if let Some((_, count)) = self.distinct.iter_mut().find(|(known, _)| known == value) {
            *count += 1;
        } else if self.distinct.len() < MAX_DISTINCT && value.len() <= CHOICE_BYTES {
            self.distinct.push((value.to_owned(), 1));
        } else {
            self.is_many = true;
            self.distinct = Vec::new();
        }
    }

    fn column(&self) -> Column {
        let mut distinct = self.distinct.clone();
        distinct.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let different = (!self.is_many && !self.has_line_breaks).then_some(self.distinct.len());
        Column {
            filled: self.filled,
            samples: self.samples.clone(),
            distinct: (!self.is_many).then_some(distinct),
            longest: self.longest,
            has_line_breaks: self.has_line_breaks,
            looks: self.kinds.looks(self.filled, different),
        }
    }
}
