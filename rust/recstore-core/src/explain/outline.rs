//! What is asked of whom: the parts of a request by which recordings are told apart before they are compared.

use crate::json::{Dialect, JsonError, Kind, Reader, Text};
use crate::key::path_of;

/// The parts of a recorded request; `None` where it has no such text.
#[derive(Debug, Default)]
pub(super) struct Outline<'a> {
    url: Option<Text<'a>>,
    endpoint: Option<Text<'a>>,
    model: Option<Text<'a>>,
    tool: Option<Text<'a>>,
}

impl<'a> Outline<'a> {
    /// Reads the JSON of a request; what it does not find stays empty.
    pub(super) fn of(request: &'a [u8]) -> Self {
        let mut outline = Self::default();
        let _ = outline.read(request);
        outline
    }

    fn read(&mut self, request: &'a [u8]) -> Result<(), JsonError> {
        let mut model_of_body = None;
        let text = |reader: &mut Reader<'a>| match reader.peek()? {
            Kind::String => reader.string().map(Some),
            _ => reader.skip().map(|()| None),
        };
        let read = Reader::new(request)?.dialect(Dialect::Python).object(|reader, name| {
            match name.as_bytes() {
                b"url" => self.url = text(reader)?,
                b"endpoint" => self.endpoint = text(reader)?,
                b"model" => self.model = text(reader)?,
                b"tool_name" => self.tool = text(reader)?,
                b"body" | b"payload" if reader.peek()? == Kind::Object => reader.object(|reader, name| {
                    match name.as_bytes() {
                        b"model" => model_of_body = text(reader)?,
                        _ => reader.skip()?,
                    }
                    Ok::<_, JsonError>(())
                })?,
                _ => reader.skip()?,
            }
            Ok::<_, JsonError>(())
        });
        self.model = model_of_body.or(self.model.take()).filter(|model| !model.as_bytes().is_empty());
        read
    }

    /// The endpoint: as it was recorded, else the path of the URL; empty for a tool.
    pub(super) fn endpoint(&self) -> String {
        self.endpoint.as_ref().map_or_else(|| self.path(), |endpoint| endpoint.to_lossy().into_owned())
    }

    /// The model that was asked, or the tool; empty where the request names none.
    pub(super) fn model(&self) -> String {
        self.model.as_ref().or(self.tool.as_ref()).map_or_else(String::new, |model| model.to_lossy().into_owned())
    }

    pub(super) fn is_same_endpoint(&self, other: &Self) -> bool {
        self.tool == other.tool && (self.url == other.url || self.path() == other.path())
    }

    pub(super) fn is_same_model(&self, other: &Self) -> bool {
        self.model == other.model
    }

    fn path(&self) -> String {
        self.url.as_ref().map_or_else(String::new, |url| path_of(&url.to_lossy()))
    }
}
