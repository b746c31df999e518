//! A request as API Gateway hands it to a function: payload format 2.0.

use std::net::IpAddr;

use aws_lambda_events::event::apigw::{
    ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, request};
use percent_encoding::percent_decode_str;

use super::routes::Found;
use crate::aws::sqs::ACCOUNT;

/// Headers that say something about one connection and go no further.
const OF_THE_CONNECTION: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// A request that no function can be given: it would not survive API Gateway either.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

/// The event for a function.
pub(crate) fn request(
    parts: &request::Parts,
    body: &Bytes,
    found: &Found<'_>,
    from: IpAddr,
    request_id: &str,
) -> Result<ApiGatewayV2httpRequest, Malformed> {
    let path = path(parts.uri.path())?;
    let headers = headers(&parts.headers, from, body.len())?;
    let (text, encoded) = text_or_base64(&headers, body);
    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".to_owned());
    event.route_key = Some(route_key(found));
    event.raw_path = Some(path.clone());
    event.raw_query_string = Some(parts.uri.query().unwrap_or_default().to_owned());
    event.query_string_parameters = parts.uri.query().unwrap_or_default().parse().unwrap_or_default();
    event.cookies = cookies(&parts.headers);
    event.path_parameters = found.parameters.clone();
    event.request_context = context(parts, &path, found, from, request_id, &headers);
    event.body = text;
    event.is_base64_encoded = encoded;
    event.headers = headers;
    Ok(event)
}

/// The event for the authorizer of the same request.
pub(crate) fn for_authorizer(
    event: &ApiGatewayV2httpRequest,
    credential: &str,
) -> ApiGatewayV2CustomAuthorizerV2Request {
    let mut request = ApiGatewayV2CustomAuthorizerV2Request::default();
    request.version = Some("2.0".to_owned());
    request.type_ = Some("REQUEST".to_owned());
    request.route_arn =
        Some(format!("arn:aws:execute-api:local:{ACCOUNT}:local/$default{}", event.raw_path.as_deref().unwrap_or("/")));
    request.identity_source = Some(vec![credential.to_owned()]);
    request.route_key = event.route_key.clone();
    request.raw_path = event.raw_path.clone();
    request.raw_query_string = event.raw_query_string.clone();
    request.cookies = event.cookies.clone().unwrap_or_default();
    request.headers = event.headers.clone();
    let query = event.query_string_parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    request.query_string_parameters = query.collect();
    request.path_parameters = event.path_parameters.clone();
    request.request_context = event.request_context.clone();
    request
}

fn route_key(found: &Found<'_>) -> String {
    format!("{} {}", found.route.method, found.route.path)
}

/// An HTTP API decodes the path before it hands it on, and even cuts it at a `?` that appears.
fn path(encoded: &str) -> Result<String, Malformed> {
    let decoded = percent_decode_str(encoded).decode_utf8().map_err(|_| Malformed)?;
    Ok(decoded.split('?').next().unwrap_or("/").to_owned())
}

/// Header names in lower case, several values of a name in one, the connection's own left out, the way here added.
fn headers(sent: &HeaderMap, from: IpAddr, length: usize) -> Result<HeaderMap, Malformed> {
    let mut headers = HeaderMap::new();
    for name in sent.keys() {
        if OF_THE_CONNECTION.contains(&name.as_str()) || name == COOKIE {
            continue;
        }
        // An event is text, and a header that is none has still been sent: a function has to refuse it by itself.
        let values: Vec<&str> = sent.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        if let Ok(value) = HeaderValue::from_str(&values.join(",")) {
            headers.insert(name.clone(), value);
        }
    }
    // A host that is no host would be refused on the way to API Gateway; the function's own conversion relies on that.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host.is_empty()
        || url::Url::parse(&format!("http://{host}/")).is_err()
        || host.contains(['/', '?', '#', '@', '\\'])
    {
        return Err(Malformed);
    }
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    let mut add = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("x-forwarded-for", from.to_string());
    add("x-forwarded-proto", "http".to_owned());
    add("x-forwarded-port", port);
    if length > 0 {
        add("content-length", length.to_string());
    }
    Ok(headers)
}

fn cookies(sent: &HeaderMap) -> Option<Vec<String>> {
    let all: Vec<String> = sent
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .collect();
    (!all.is_empty()).then_some(all)
}

fn context(
    parts: &request::Parts,
    path: &str,
    found: &Found<'_>,
    from: IpAddr,
    request_id: &str,
    headers: &HeaderMap,
) -> ApiGatewayV2httpRequestContext {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let now = jiff::Timestamp::now();
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.route_key = Some(route_key(found));
    context.account_id = Some(ACCOUNT.to_owned());
    context.stage = Some("$default".to_owned());
    context.request_id = Some(request_id.to_owned());
    context.apiid = Some("local".to_owned());
    context.domain_name = text("host");
    context.domain_prefix = Some("local".to_owned());
    context.time = Some(now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
    context.time_epoch = now.as_millisecond();
    context.http.method = parts.method.clone();
    context.http.path = Some(path.to_owned());
    context.http.protocol = Some("HTTP/1.1".to_owned());
    context.http.source_ip = Some(from.to_string());
    context.http.user_agent = text("user-agent");
    context
}

/// A body of text as it is, any other in base64.
fn text_or_base64(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Route;
    use std::collections::HashMap;
    use std::net::Ipv4Addr;

    fn event(request: http::Request<&'static str>) -> Result<ApiGatewayV2httpRequest, Malformed> {
        let (parts, body) = request.into_parts();
        let route = Route { method: "ANY".into(), path: "/v1/{proxy+}".into(), function: "F".into(), authorized: true };
        let found = Found { route: &route, parameters: HashMap::from([("proxy".to_owned(), "x".to_owned())]) };
        super::request(&parts, &Bytes::from_static(body.as_bytes()), &found, Ipv4Addr::LOCALHOST.into(), "req-1")
    }

    fn post(path: &str) -> request::Builder {
        http::Request::post(path).header("Host", "localhost:4000")
    }

    #[test]
    fn a_request_becomes_payload_2_0() {
        let request = post("/v1/a%20b?x=1&x=2&y=%C3%A9")
            .header("Content-Type", "application/json")
            .header("X-Many", "1")
            .header("X-Many", "2")
            .header("Cookie", "a=1; b=2")
            .header("Connection", "close")
            .header("X-Forwarded-Proto", "https");
        let event = event(request.body("{}").unwrap()).unwrap();
        assert_eq!(event.raw_path.as_deref(), Some("/v1/a b"));
        assert_eq!(event.raw_query_string.as_deref(), Some("x=1&x=2&y=%C3%A9"));
        assert_eq!(event.headers["x-many"], "1,2");
        assert_eq!(event.headers["x-forwarded-proto"], "http");
        assert!(!event.headers.contains_key("connection") && !event.headers.contains_key("cookie"));
        assert_eq!(event.cookies, Some(vec!["a=1".to_owned(), "b=2".to_owned()]));
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("{}"), false));
        assert_eq!(event.route_key.as_deref(), Some("ANY /v1/{proxy+}"));
        assert_eq!(event.request_context.http.source_ip.as_deref(), Some("127.0.0.1"));
        let authorizer = for_authorizer(&event, "Bearer rk_1");
        assert_eq!(authorizer.identity_source, Some(vec!["Bearer rk_1".to_owned()]));
    }

    #[test]
    fn what_is_not_text_is_encoded() {
        let event =
            event(post("/v1/x").header("Content-Type", "application/octet-stream").body("ab").unwrap()).unwrap();
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("YWI="), true));
    }

    #[test]
    fn a_decoded_question_mark_cuts_the_path() {
        assert_eq!(event(post("/v1/a%3Fb").body("").unwrap()).unwrap().raw_path.as_deref(), Some("/v1/a"));
    }

    #[test]
    fn what_no_gateway_would_let_through_is_malformed() {
        assert_eq!(event(post("/v1/%FF").body("").unwrap()), Err(Malformed));
        for host in ["", "localhost:99999", "a b", "x/y", "u@h"] {
            assert_eq!(
                event(http::Request::get("/v1/x").header("Host", host).body("").unwrap()),
                Err(Malformed),
                "{host}"
            );
        }
    }
}
