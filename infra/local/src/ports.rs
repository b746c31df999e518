//! Listening, with a message that helps when a port is taken.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, anyhow};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A port that is listened on.
#[derive(Debug)]
pub(crate) struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Listens on a port; 0 takes any that is free. `flag` is the option that chooses another one.
    ///
    /// # Errors
    /// When it is taken.
    pub(crate) async fn open(host: IpAddr, port: u16, flag: &str) -> Result<Self> {
        let listener = TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "port {port} on {host} is taken: choose another with {flag}, such as {flag} 0 for any that is free"
            ),
            ErrorKind::PermissionDenied => {
                anyhow!("port {port} needs rights that this process does not have: choose one above 1023 with {flag}")
            }
            _ => anyhow!("cannot listen on port {port} of {host}: {error}"),
        })?;
        let address = listener.local_addr().context("the port has no address")?;
        Ok(Self { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` changes; what is being answered then is answered.
    pub(crate) fn serve(self, router: axum::Router, mut stop: watch::Receiver<bool>, tasks: &mut JoinSet<()>) {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn(async move {
            let stopped = async move {
                // An error means that the other end is gone, which means stop as well.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(self.listener, service).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "a port failed");
            }
        });
    }
}
