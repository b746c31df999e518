//! What stands in cells, read as dates, numbers, yes or no, lists.
//!
//! Reading is strict where a value could be taken for another one, and lenient where it could not: blanks around a value never
//! matter, nor does case. What cannot be read is `None`; nothing here fails in another way.

mod boolean;
mod clock;
mod date;
mod decimal;
mod guard;
mod list;
mod money;
mod number;

pub use boolean::read_boolean;
pub use date::{DateFormat, read_date, read_time};
pub use decimal::Decimal;
pub use guard::{guard_cell, unguard_cell};
pub use list::{join_list, split_list};
pub use money::read_money;
pub use number::{NumberFormat, read_decimal};

pub(crate) use date::{milliseconds, reading};
