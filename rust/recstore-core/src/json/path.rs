//! Places in a document.

use std::fmt;

/// Where in a document the writer stands.
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    /// What holds this place; `None` at the root.
    pub parent: Option<&'p Path<'p>>,
    /// The step from the parent to this place; meaningless at the root.
    pub step: Step<'p>,
}

/// One step into a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'p> {
    /// Into the member of an object.
    Member(&'p [u8]),
    /// Into the element of an array.
    Element(usize),
}

impl Path<'_> {
    /// The place of the whole document.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Element(0) };

    /// Steps from here into a member or an element.
    #[must_use]
    pub fn then<'p>(&'p self, step: Step<'p>) -> Path<'p> {
        Path { parent: Some(self), step }
    }
}

/// `messages[2].content`; empty at the root.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        fmt::Display::fmt(parent, f)?;
        match self.step {
            Step::Element(index) => write!(f, "[{index}]"),
            Step::Member(name) => {
                let dot = if parent.parent.is_some() { "." } else { "" };
                write!(f, "{dot}{}", String::from_utf8_lossy(name))
            }
        }
    }
}
