//! A request as recordings hold it.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3, memrchr};

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
    pub method: Cow<'static, str>,
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
    /// A member holds lone surrogates, which no HTTP request can.
    #[error("the request's member '{0}' holds a lone surrogate; percent-encode what is no text")]
    LoneSurrogate(&'static str),
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
        let Node::Object(members) = source.node().map_err(RequestError::Source)? else {
            return Err(RequestError::NotAnObject);
        };
        let [mut method, mut url, mut body, mut payload, mut provider, mut tool_name, mut kwargs] = Default::default();
        for member in members {
            let (name, value) = member.map_err(RequestError::Source)?;
            let place = match name.as_ref() {
                b"method" => &mut method,
                b"url" => &mut url,
                b"body" => &mut body,
                b"payload" => &mut payload,
                b"provider" => &mut provider,
                b"tool_name" => &mut tool_name,
                b"kwargs" => &mut kwargs,
                _ => continue,
            };
            *place = Some(value);
        }
        if let Some(tool_name) = tool_name {
            let provider = provider.ok_or(RequestError::Missing("provider"))?;
            let body = kwargs.ok_or(RequestError::Missing("kwargs"))?;
            let (method, url) = (Cow::Borrowed(""), String::new());
            return Ok(Self { shape: Shape::Tool, method, url, body, tool: Some((provider, tool_name)) });
        }
        let (shape, body) = match (body, payload) {
            (Some(body), _) => (Shape::Inference, body),
            (None, Some(payload)) => (Shape::Http, payload),
            (None, None) => return Err(RequestError::UnknownShape),
        };
        let method = text("method", method, |method| match method {
            POST => Cow::Borrowed(POST),
            other => Cow::Owned(other.to_uppercase()),
        })?;
        let url = text("url", url, str::to_owned)?;
        Ok(Self { shape, method, url, body, tool: None })
    }
}

/// The method of all recorded calls.
const POST: &str = "POST";

/// Returns what `take` makes of a member that is text.
fn text<S: Source, T>(
    name: &'static str,
    value: Option<S>,
    take: impl FnOnce(&str) -> T,
) -> Result<T, RequestError<S::Error>> {
    match value.ok_or(RequestError::Missing(name))?.node().map_err(RequestError::Source)? {
        Node::String(text) => std::str::from_utf8(&text).map(take).map_err(|_| RequestError::LoneSurrogate(name)),
        _ => Err(RequestError::NotAString(name)),
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
    const HOST: &str = "cloud.databricks.com";
    if memchr(b'k', url.as_bytes()).is_none() {
        return Cow::Borrowed(url); // as most are, which the search for the whole takes longer to see
    }
    match url.rsplit_once(HOST) {
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
    Url::split(&clean(url)).path.to_owned()
}

/// Returns the host of `url`, with user and port where they are given.
#[must_use]
pub fn host_of(url: &str) -> String {
    Url::split(&clean(url)).host.to_owned()
}

/// The parts of a URL that matter, as `urllib.parse.urlparse` sees them.
pub(super) struct Url<'u> {
    /// The host, with user and port where they are given.
    pub(super) host: &'u str,
    /// The path.
    pub(super) path: &'u str,
}

impl<'u> Url<'u> {
    /// Splits a URL that is [`clean`].
    pub(super) fn split(url: &'u str) -> Self {
        let (scheme, rest) = split_scheme(url);
        let (host, rest) = split_host(rest);
        let path = rest.split_at(memchr2(b'?', b'#', rest.as_bytes()).unwrap_or(rest.len())).0;
        Self { host, path: without_parameters(path, scheme) }
    }
}

/// What follows a semicolon in the last segment are parameters, in the schemes that have them.
fn without_parameters<'p>(path: &'p str, scheme: &str) -> &'p str {
    const WITH_PARAMETERS: &[&str] = &[
        "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms",
        "sftp", "tel",
    ];
    let last_segment = memrchr(b'/', path.as_bytes()).unwrap_or(0);
    match path.get(last_segment..).and_then(|segment| memchr(b';', segment.as_bytes())) {
        Some(semicolon) if WITH_PARAMETERS.iter().any(|name| name.eq_ignore_ascii_case(scheme)) => {
            path.get(..last_segment + semicolon).unwrap_or_default()
        }
        _ => path,
    }
}

/// Leaves out what Python leaves out of a URL before it looks at it.
pub(super) fn clean(url: &str) -> Cow<'_, str> {
    let url = url.trim_start_matches(|character: char| character <= ' ');
    match memchr3(b'\t', b'\r', b'\n', url.as_bytes()) {
        Some(_) => Cow::Owned(url.replace(['\t', '\r', '\n'], "")),
        None => Cow::Borrowed(url),
    }
}

fn split_scheme(url: &str) -> (&str, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let split = memchr(b':', url.as_bytes()).and_then(|colon| Some((url.get(..colon)?, url.get(colon + 1..)?)));
    split.filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", url))
}

fn split_host(rest: &str) -> (&str, &str) {
    match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len())),
        None => ("", rest),
    }
}
