//! Starts a capability inside Lambda: chooses the entry point, reads the settings, sets up the logs.
//!
//! A binary is one line, `runtime::serve! { http: contacts::router }`. Lambda puts the template's `Handler` into
//! `_HANDLER`, so one binary serves several functions; `RAPPORT_ENTRY` overrides it where nobody sets that.

#[cfg(feature = "app")]
mod app;
#[cfg(feature = "app")]
mod entries;
mod logs;
mod settings;

#[cfg(feature = "app")]
pub use app::app;
#[cfg(feature = "app")]
pub use entries::{http, schedule, stream, worker};
pub use logs::init_logs;
pub use settings::{Settings, SettingsError};

#[doc(hidden)]
pub use mimalloc::MiMalloc;
#[doc(hidden)]
pub use tokio;

/// Why a function did not start, or stopped.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a function runs on: one thread.
///
/// An instance answers one request at a time, on less than two processors: more threads would only wake one another, some
/// twenty times for a call to the table. What computes for long has `spawn_blocking`.
///
/// # Errors
/// When the system has no room for it.
pub fn one_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The binary of a capability: `serve! { http: contacts::router, worker: contacts::handle }`. Without a name that is
/// known, as under `bootstrap`, the first entry is taken.
///
/// Requests and records are many small pieces of JSON, for which the C libraries' allocators are slow, musl's above all.
#[macro_export]
macro_rules! serve {
    ($first:ident : $first_handler:expr $(, $entry:ident : $handler:expr)* $(,)?) => {
        #[global_allocator]
        static ALLOCATOR: $crate::MiMalloc = $crate::MiMalloc;

        fn main() -> ::std::result::Result<(), $crate::Failure> {
            $crate::init_logs();
            let settings = $crate::Settings::from_env()?;
            let runtime = $crate::one_thread()?;
            runtime.block_on(async move {
                let app = $crate::app(&settings);
                match settings.entry.as_str() {
                    $(stringify!($entry) => $crate::$entry(app, $handler).await,)*
                    _ => $crate::$first(app, $first_handler).await,
                }
            })
        }
    };
}
