//! How long a function waits: a proxy between it and the services of the embedded stack that notes when each call came in and
//! when its answer had gone out.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::wire::Connection;

/// The proxy.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Where it listens, as `http://127.0.0.1:49152`.
    pub(crate) endpoint: String,
    waits: Arc<Mutex<Vec<(Instant, Instant)>>>,
}

impl Meter {
    /// Listens, and passes everything on to an endpoint.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) fn before(endpoint: &str) -> Result<Self> {
        let behind =
            endpoint.strip_prefix("http://").context("an endpoint without TLS")?.trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let waits = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&waits);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let (behind, noted) = (behind.clone(), Arc::clone(&noted));
                // Whichever side ends it, the connection is over.
                std::thread::spawn(move || pass_on(stream, &behind, &noted).is_ok());
            }
        });
        Ok(Self { endpoint, waits })
    }

    /// The same environment, with this in the place of the services.
    pub(crate) fn environment(&self, of: &[(String, String)]) -> Vec<(String, String)> {
        let here = |(name, value): &(String, String)| match name.as_str() {
            "AWS_ENDPOINT_URL" => (name.clone(), self.endpoint.clone()),
            _ => (name.clone(), value.clone()),
        };
        of.iter().map(here).collect()
    }

    /// How long at least one call was under way since the last time that this was asked, and how many there were.
    pub(crate) fn waited(&self) -> (Duration, usize) {
        let mut waits = std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner));
        waits.sort();
        (union(&waits), waits.len())
    }
}

/// The time that is covered by intervals, in the order of their beginnings.
fn union(intervals: &[(Instant, Instant)]) -> Duration {
    let mut sum = Duration::ZERO;
    let mut covered: Option<Instant> = None;
    for (from, to) in intervals {
        let from = covered.map_or(*from, |until| until.max(*from));
        sum += to.saturating_duration_since(from);
        covered = Some(covered.map_or(*to, |until| until.max(*to)));
    }
    sum
}

fn pass_on(stream: TcpStream, behind: &str, waits: &Mutex<Vec<(Instant, Instant)>>) -> Result<()> {
    let mut here = Connection::new(stream)?;
    let mut there = Connection::new(TcpStream::connect(behind)?)?;
    loop {
        let call = here.read()?;
        let from = Instant::now();
        there.writer().write_all(&call.raw)?;
        let answer = there.read_answer(&call)?;
        let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
        // Noted before it goes out: the function may have answered its own caller a moment later.
        waits.push((from, Instant::now()));
        drop(waits);
        here.writer().write_all(&answer.raw)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_side_by_side_are_waited_for_once() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let intervals = [(at(0), at(10)), (at(2), at(5)), (at(8), at(12)), (at(20), at(21))];
        assert_eq!(union(&intervals), Duration::from_millis(13));
        assert_eq!(union(&[]), Duration::ZERO);
    }
}
