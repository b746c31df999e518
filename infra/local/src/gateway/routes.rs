//! Which route a request belongs to, as an HTTP API decides it.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::template::Route;

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Segment {
    /// A text that must be there. The first in order: the best match.
    Text(String),
    /// `{name}`: exactly one segment.
    One(String),
    /// `{name+}`: all that is left, at least one segment.
    Rest(String),
}

/// All routes.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    routes: Vec<(Vec<Segment>, Route)>,
}

/// The route that was found, and what its variables stand for.
#[derive(Debug, PartialEq)]
pub(crate) struct Found<'a> {
    pub(crate) route: &'a Route,
    pub(crate) parameters: HashMap<String, String>,
}

impl Routes {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        Self { routes: routes.into_iter().map(|route| (segments(&route.path), route)).collect() }
    }

    /// The route for a method and a path that is still percent-encoded. Full matches come before greedy ones, texts
    /// before variables, the method itself before `ANY`. A `HEAD` needs a route of its own, as there.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let candidates = self
            .routes
            .iter()
            .filter(|(segments, route)| (route.method == method || route.method == "ANY") && matches(segments, &parts));
        let best = candidates.min_by_key(|(segments, route)| {
            let greedy = matches!(segments.last(), Some(Segment::Rest(_)));
            let kinds: Vec<u8> = segments.iter().map(kind).collect();
            (greedy, kinds, route.method == "ANY")
        });
        let (segments, route) = best?;
        Some(Found { route, parameters: parameters(segments, &parts) })
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Rest(name.to_owned()),
            None => Segment::One(name.to_owned()),
        },
        None => Segment::Text(part.to_owned()),
    };
    path.strip_prefix('/').unwrap_or(path).split('/').map(part).collect()
}

fn kind(segment: &Segment) -> u8 {
    match segment {
        Segment::Text(_) => 0,
        Segment::One(_) => 1,
        Segment::Rest(_) => 2,
    }
}

fn matches(segments: &[Segment], parts: &[&str]) -> bool {
    match (segments.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((Segment::Rest(_), _)), Some((part, rest))) => !part.is_empty() || !rest.is_empty(),
        (Some((Segment::One(_), segments)), Some((part, parts))) => !part.is_empty() && matches(segments, parts),
        (Some((Segment::Text(text), segments)), Some((part, parts))) => {
            decoded(part) == *text && matches(segments, parts)
        }
        _ => false,
    }
}

fn parameters(segments: &[Segment], parts: &[&str]) -> HashMap<String, String> {
    let values = segments.iter().enumerate().filter_map(|(at, segment)| match segment {
        Segment::Text(_) => None,
        Segment::One(name) => Some((name.clone(), decoded(parts[at]))),
        Segment::Rest(name) => Some((name.clone(), decoded(&parts[at..].join("/")))),
    });
    values.collect()
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(keys: &[&str]) -> Routes {
        let route = |key: &&str| {
            let (method, path) = key.split_once(' ').unwrap();
            Route { method: method.to_owned(), path: path.to_owned(), function: (*key).to_owned(), authorized: false }
        };
        Routes::new(keys.iter().map(route).collect())
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes(&[
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "GET /pets/dog/1",
            "ANY /v1/contacts/{proxy+}",
            "GET /v1/{object}/{id}",
            "ANY /v1/users",
            "GET /v1/users",
        ]);
        let cases = [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/pets/dog/1", "ANY /{proxy+}"),
            ("GET", "/v1/contacts/con_1", "GET /v1/{object}/{id}"),
            ("POST", "/v1/contacts/con_1", "ANY /v1/contacts/{proxy+}"),
            ("GET", "/v1/users", "GET /v1/users"),
            ("PUT", "/v1/users", "ANY /v1/users"),
        ];
        for (method, path, expected) in cases {
            assert_eq!(routes.find(method, path).unwrap().route.function, expected, "{method} {path}");
        }
    }

    #[test]
    fn a_path_must_match_as_a_whole() {
        let routes = routes(&["GET /v1/contacts", "GET /v1/contacts/{id}"]);
        for path in ["/v1/contacts/", "/v1", "/v1/contacts/a/b", "//v1/contacts", "/"] {
            assert_eq!(routes.find("GET", path), None, "{path}");
        }
        assert_eq!(routes.find("HEAD", "/v1/contacts"), None, "HEAD needs its own route");
        assert_eq!(routes.find("DELETE", "/v1/contacts/a"), None);
    }

    #[test]
    fn variables_are_decoded() {
        let routes = routes(&["PUT /v1/contacts/by/{field}/{value}", "GET /files/{path+}"]);
        let found = routes.find("PUT", "/v1/contacts/by/email/ada%2Blove%40example.com").unwrap();
        assert_eq!(found.parameters["value"], "ada+love@example.com");
        assert_eq!(routes.find("GET", "/files/a/b%20c").unwrap().parameters["path"], "a/b c");
    }
}
