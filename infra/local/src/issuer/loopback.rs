//! Which addresses are on this machine: the only ones that the issuer talks to, and sends people to.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, header};
use url::{Host, Url};

/// An address of an app on this machine, to which a browser may be sent: any port and path, but no fragment and nobody's name in it.
pub(super) fn address(text: &str) -> Option<Url> {
    // What the parser would repair on its way, so that nobody reads the address otherwise than it does.
    if text.chars().any(|character| !character.is_ascii_graphic() || character == '\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_plain = url.scheme() == "http" && url.fragment().is_none() && url.username().is_empty();
    (is_plain && url.password().is_none() && is_here(&url)).then_some(url)
}

/// Whether an `Origin` header is of a page on this machine.
pub(super) fn is_origin(origin: &str) -> bool {
    let url = Url::parse(origin).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && is_here(url));
    url.is_some_and(|url| url.origin().ascii_serialization() == origin)
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// The text of a header, if it is there once.
pub(super) fn sent<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_on_this_machine_are_taken_with_any_port_and_path() {
        for good in [
            "http://localhost",
            "http://localhost:5173/",
            "http://localhost:5173/signed/in?x=1",
            "http://127.0.0.1:3000/cb",
            "http://[::1]:3000/cb",
        ] {
            assert!(address(good).is_some(), "{good}");
        }
    }

    #[test]
    fn every_other_address_is_refused() {
        for bad in [
            "",
            "/cb",
            "localhost:5173",
            "https://localhost:5173/cb",
            "http://localhost:5173/cb#x",
            "http://localhost:5173/cb#",
            "http://localhost@evil.example/",
            "http://me@localhost/",
            "http://:me@localhost/",
            "http://localhost.evil.example/",
            "http://evil.example/?localhost",
            "http://127.0.0.2/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://localhost\\@evil.example/",
            "http://local\thost/",
            " http://localhost/",
            "http://localhost/\r\nx: y",
            "javascript:alert(1)",
            "data:text/html,x",
            "app.example:/cb",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_a_whole_one() {
        for good in ["http://localhost:5173", "https://localhost", "http://127.0.0.1:3000", "http://[::1]:3000"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["null", "", "http://evil.example", "http://localhost.evil.example", "http://localhost/", "file://"]
        {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
