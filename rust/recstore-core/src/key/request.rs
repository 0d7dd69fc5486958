//! A request as recordings hold it.

use std::borrow::Cow;

use crate::json::{Node, Source};

/// The paths of requests that list models. Their answers are shared by all tests and lie in several files.
pub const MODEL_LIST_ENDPOINTS: [&str; 3] = ["/api/tags", "/v1/models", "/v1/openai/v1/models"];

/// Which members a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `method`, `url` and `body`: a call of an SDK's method.
    Inference,
    /// `method`, `url` and `payload`: a request caught at the HTTP client.
    Http,
    /// `provider`, `tool_name` and `kwargs`: a call of a tool.
    Tool,
}

/// A request, split into the members that matter to its key.
#[derive(Debug)]
pub struct Request<S: Source> {
    /// Which members there are.
    pub shape: Shape,
    /// The HTTP method in upper case; empty for a tool.
    pub method: String,
    /// The URL; empty for a tool.
    pub url: String,
    /// `body`, `payload` or `kwargs`.
    pub body: S,
    /// `provider` and `tool_name`, for a tool.
    pub tool: Option<(S, S)>,
}

/// Why something is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError<E> {
    /// It is no object.
    #[error("a request is an object with method, url and body (or payload), or with provider, tool_name and kwargs")]
    NotAnObject,
    /// It has neither of the members by which shapes are told apart.
    #[error(
        "the request has none of 'body' (a call of an SDK), 'payload' (an HTTP request) and 'tool_name' (a call of a \
         tool)"
    )]
    UnknownShape,
    /// A member is missing.
    #[error("the request has no member '{0}'")]
    Missing(&'static str),
    /// A member is not a string.
    #[error("the request's member '{0}' is not a string")]
    NotAString(&'static str),
    /// It holds something that is not JSON.
    #[error("the request is not JSON")]
    Source(E),
}

impl<S: Source> Request<S> {
    /// Splits a request, told apart by its members.
    ///
    /// # Errors
    /// Where a member that the key needs is missing or of the wrong kind.
    pub fn split(source: &S) -> Result<Self, RequestError<S::Error>> {
        let Node::Object(mut members) = source.node().map_err(RequestError::Source)? else {
            return Err(RequestError::NotAnObject);
        };
        let mut take = |name: &'static str| {
            let place = members.iter().position(|(member, _)| member.as_ref() == name.as_bytes());
            place.map(|place| members.swap_remove(place).1)
        };
        if let Some(tool_name) = take("tool_name") {
            let provider = take("provider").ok_or(RequestError::Missing("provider"))?;
            let body = take("kwargs").ok_or(RequestError::Missing("kwargs"))?;
            let (method, url) = (String::new(), String::new());
            return Ok(Self { shape: Shape::Tool, method, url, body, tool: Some((provider, tool_name)) });
        }
        let (shape, body) = match (take("body"), take("payload")) {
            (Some(body), _) => (Shape::Inference, body),
            (None, Some(payload)) => (Shape::Http, payload),
            (None, None) => return Err(RequestError::UnknownShape),
        };
        let mut text = |name: &'static str| {
            let value = take(name).ok_or(RequestError::Missing(name))?;
            match value.node().map_err(RequestError::Source)? {
                Node::String(text) => Ok(String::from_utf8_lossy(text.as_ref()).into_owned()),
                _ => Err(RequestError::NotAString(name)),
            }
        };
        Ok(Self { shape, method: text("method")?.to_uppercase(), url: text("url")?, body, tool: None })
    }
}

/// Returns `url` as it is recorded: the workspace in the host of a Databricks URL is private and left out.
///
/// ```
/// # use recstore_core::key::without_databricks_host;
/// assert_eq!(without_databricks_host("https://adb-1.cloud.databricks.com/v1/x"), "__databricks__/v1/x");
/// ```
#[must_use]
pub fn without_databricks_host(url: &str) -> Cow<'_, str> {
    match url.rsplit_once("cloud.databricks.com") {
        Some((_, rest)) => Cow::Owned(format!("__databricks__{rest}")),
        None => Cow::Borrowed(url),
    }
}

/// Returns the path of `url` as `urllib.parse.urlparse` sees it.
///
/// ```
/// # use recstore_core::key::path_of;
/// assert_eq!(path_of("https://api.openai.com/v1/v1/models?limit=2#top"), "/v1/v1/models");
/// assert_eq!(path_of("vertexai:///generate_content"), "/generate_content");
/// assert_eq!(path_of("http://h/a;b/c;d"), "/a;b/c");
/// ```
#[must_use]
pub fn path_of(url: &str) -> String {
    let url = clean(url);
    let (scheme, rest) = split_scheme(&url);
    let (_, rest) = split_host(rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let path = rest.get(..end).unwrap_or_default();
    // What follows a semicolon in the last segment are parameters, in the schemes that have them.
    const WITH_PARAMETERS: &[&str] = &[
        "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms",
        "sftp", "tel",
    ];
    let last_segment = path.rfind('/').unwrap_or(0);
    match path.get(last_segment..).and_then(|segment| segment.find(';')) {
        Some(semicolon) if WITH_PARAMETERS.contains(&scheme.as_str()) => {
            path.get(..last_segment + semicolon).unwrap_or_default().to_owned()
        }
        _ => path.to_owned(),
    }
}

/// Returns the host of `url`, with user and port where they are given.
#[must_use]
pub fn host_of(url: &str) -> String {
    let url = clean(url);
    split_host(split_scheme(&url).1).0.to_owned()
}

fn clean(url: &str) -> String {
    let url = url.trim_start_matches(|character: char| character <= ' ');
    url.chars().filter(|character| !matches!(character, '\t' | '\r' | '\n')).collect()
}

fn split_scheme(url: &str) -> (String, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url),
    }
}

fn split_host(rest: &str) -> (&str, &str) {
    match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    }
}
