//! What AWS asks for.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The list prices of one region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Whose prices they are.
    pub region: String,
    price: BTreeMap<String, Price>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    usd: f64,
    #[serde(default = "one")]
    per: f64,
    unit: String,
    date: String,
    page: String,
}

const fn one() -> f64 {
    1.0
}

impl Prices {
    /// Reads `prices.toml`.
    ///
    /// # Errors
    /// When it has anything else than prices, each with its date and page.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("prices.toml")
    }

    /// What a quantity costs, and what it is counted in.
    ///
    /// # Errors
    /// When there is no such price.
    pub fn of(&self, name: &str, quantity: f64) -> Result<(f64, &str)> {
        let price = self.price.get(name).with_context(|| format!("prices.toml has no price of {name}"))?;
        Ok((quantity * price.usd / price.per, &price.unit))
    }

    /// The names of all prices.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.price.keys().map(String::as_str)
    }

    /// The page that a price is of.
    #[must_use]
    pub fn page(&self, name: &str) -> Option<&str> {
        self.price.get(name).map(|price| price.page.as_str())
    }

    /// From when to when the prices are.
    #[must_use]
    pub fn dates(&self) -> (&str, &str) {
        let dates = || self.price.values().map(|price| price.date.as_str());
        (dates().min().unwrap_or_default(), dates().max().unwrap_or_default())
    }
}
