//! Places in the body of a request, as settings name them.

use std::fmt;

use crate::json::{Path, Step};

/// A JSON Pointer (RFC 6901) into the body of a request, in which `*` stands for every member and every element.
///
/// ```
/// use recstore_core::key::Pointer;
/// let place: Pointer = "/messages/*/name".parse().unwrap();
/// assert_eq!(place.to_string(), "/messages/*/name");
/// assert!("messages".parse::<Pointer>().unwrap_err().contains("begins with /"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Any,
    /// The name of a member, or the number of an element in its digits.
    Name(String),
}

/// The most steps of a pointer; each value of a body is compared with each pointer.
const MAX_PARTS: usize = 32;

impl std::str::FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!(
                "a place in the body begins with / and names a member at each (\"/metadata\", \"/messages/*/name\"), unlike \
                 {text:?}"
            ));
        };
        let part = |part: &str| match part {
            "*" => Ok(Part::Any),
            name if name.replace("~0", "").replace("~1", "").contains('~') => {
                Err(format!("in the place {text:?}, ~ is written ~0, and / within a name ~1"))
            }
            name => Ok(Part::Name(name.replace("~1", "/").replace("~0", "~"))),
        };
        let parts: Vec<_> = rest.split('/').map(part).collect::<Result<_, _>>()?;
        if parts.len() > MAX_PARTS {
            return Err(format!("the place {text:?} has more than {MAX_PARTS} steps"));
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Any => f.write_str("/*"),
            Part::Name(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
        })
    }
}

impl Pointer {
    /// Returns the pointer to a place and to those that differ from it in the numbers of elements alone; `None` for the
    /// body itself, for what is not in it, and for names that are no text.
    pub(crate) fn like(path: &Path<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        let mut at = path;
        while !is_body(at) {
            parts.push(match at.step {
                Step::Element(_) => Part::Any,
                Step::Member(name) => Part::Name(String::from_utf8(name.to_vec()).ok()?),
            });
            at = at.parent?;
        }
        parts.reverse();
        let is_inside = matches!(at.step, Step::Member(b"body" | b"payload" | b"kwargs"));
        (is_inside && !parts.is_empty() && parts.len() <= MAX_PARTS).then_some(Self(parts))
    }

    /// Returns the name of the member that it ends in; `None` for elements.
    pub(crate) fn member(&self) -> Option<&str> {
        match self.0.last()? {
            Part::Any => None,
            Part::Name(name) => Some(name),
        }
    }

    /// Returns how many of its steps are to every member and element.
    pub(crate) fn wildcards(&self) -> usize {
        self.0.iter().filter(|part| **part == Part::Any).count()
    }

    /// Says whether `path`, in a request, is such a place in the body.
    pub(super) fn is_at(&self, path: &Path<'_>) -> bool {
        let mut at = path;
        for part in self.0.iter().rev() {
            let Some(parent) = at.parent.filter(|_| part.fits(at.step)) else { return false };
            at = parent;
        }
        is_body(at)
    }
}

impl Part {
    fn fits(&self, step: Step<'_>) -> bool {
        match (self, step) {
            (Self::Any, _) => true,
            (Self::Name(name), Step::Member(member)) => name.as_bytes() == member,
            (Self::Name(name), Step::Element(index)) => *name == index.to_string(),
        }
    }
}

/// The body is one step into the request.
pub(super) fn is_body(path: &Path<'_>) -> bool {
    path.parent.is_some_and(|request| request.parent.is_none())
}
