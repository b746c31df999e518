//! Clients that are made when they are first used.

use std::sync::{Arc, LazyLock};

/// A client that may never be made: most functions never use most of them, and making one reads what the SDK knows of all AWS
/// partitions. Clones share it.
pub(crate) type Lazy<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// A client as it is to be made.
pub(crate) fn lazy<C>(make: impl FnOnce() -> C + Send + 'static) -> Lazy<C> {
    Arc::new(LazyLock::new(Box::new(make)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn it_is_made_once_and_only_if_somebody_looks() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let one = lazy(move || count.fetch_add(1, Ordering::SeqCst));
        let other = Arc::clone(&one);
        assert_eq!(made.load(Ordering::SeqCst), 0);
        assert_eq!((**one, **other, made.load(Ordering::SeqCst)), (0, 0, 1));
    }
}
