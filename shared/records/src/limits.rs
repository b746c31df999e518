//! How much can be asked at once, where more than one crate has to know: what judges a request, and `GET /v1/limits`, which tells.

/// The most records of one answer.
pub const PAGE_RECORDS: u16 = 200;
/// The most fields that one list is sorted by.
pub const SORT_FIELDS: usize = 4;
/// The most conditions and combinations of one filter.
pub const FILTER_CONDITIONS: usize = 100;
/// How deep they nest at the most.
pub const FILTER_DEPTH: usize = 10;
/// The most values that all conditions of one filter compare with: each may be compared with every record.
pub const FILTER_VALUES: usize = 500;
/// The most values of one `in`.
pub const CONDITION_VALUES: usize = 100;
/// The longest text of a condition, in characters.
pub const CONDITION_CHARACTERS: usize = 1_000;
/// The longest search, in characters.
pub const SEARCH_CHARACTERS: usize = 200;
/// The longest search, in words.
pub const SEARCH_WORDS: usize = 12;
/// The most groups of one aggregation.
pub const GROUPS: u16 = 1_000;
/// The most records that a request can name by their ids: what its body has room for.
pub const BULK_IDS: usize = 5_000;
/// The most records that one job works on.
pub const JOB_RECORDS: u64 = 1_000_000;
/// The largest file that is brought in, in bytes.
pub const FILE_BYTES: u64 = 500_000_000;
/// The most files of one import.
pub const IMPORT_FILES: usize = 10;
/// The most columns of one file, and the most that are mapped.
pub const IMPORT_COLUMNS: usize = 500;
