//! A document in memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::{JsonError, Kind, Number, Reader};

/// A string of a document: UTF-8, or WTF-8 where it holds lone surrogates.
///
/// Ordered by bytes, which is the order by code point, as Python orders `str`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes in the document that the text was read from; `None` where it is a copy.
    #[must_use]
    pub fn in_document(&self) -> Option<&'a [u8]> {
        match self.0 {
            Cow::Borrowed(bytes) => Some(bytes),
            Cow::Owned(_) => None,
        }
    }

    /// Returns the text, or `None` where it holds a lone surrogate.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns the text with U+FFFD in the place of lone surrogates.
    #[must_use]
    pub fn to_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Returns the same text without a loan.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// Wraps bytes that another language hands over as WTF-8.
    #[must_use]
    pub fn from_wtf8(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self(bytes.into())
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text.into_bytes()))
    }
}

impl From<Vec<u8>> for Text<'_> {
    fn from(text: Vec<u8>) -> Self {
        Self(Cow::Owned(text))
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_lossy(), f)
    }
}

/// A JSON document, borrowing from the text it was read from where it can.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer that does not, in its digits.
    BigInt(Cow<'a, str>),
    /// A double.
    Float(f64),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object, in the order of the document. Of members with one name the last counts and stands where the first
    /// stood, as in a Python `dict`.
    Object(Vec<(Text<'a>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Reads a whole document.
    ///
    /// ```
    /// use recstore_core::json::Value;
    /// let value = Value::parse(br#"{"a": 1, "b": [true], "a": 2}"#)?;
    /// assert_eq!(value.get("a"), Some(&Value::Int(2)));
    /// # Ok::<(), recstore_core::json::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// Where `text` is not JSON as RFC 8259 has it.
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        Reader::new(text)?.document(Self::read)
    }

    /// Reads the next value of `reader`.
    ///
    /// # Errors
    /// Where it is not well formed.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, JsonError> {
        Ok(match reader.peek()? {
            Kind::Null => {
                reader.null()?;
                Self::Null
            }
            Kind::Bool => Self::Bool(reader.bool()?),
            Kind::Number => match reader.number()? {
                Number::Int(digits) => digits.parse().map_or_else(|_| Self::BigInt(Cow::Borrowed(digits)), Self::Int),
                Number::Float(number) => Self::Float(number),
            },
            Kind::String => Self::String(reader.string()?),
            Kind::Array => {
                let mut elements = Vec::new();
                reader.array(|reader| {
                    elements.push(Self::read(reader)?);
                    Ok::<_, JsonError>(())
                })?;
                Self::Array(elements)
            }
            Kind::Object => {
                let mut members = Vec::new();
                reader.object(|reader, name| {
                    members.push((name, Self::read(reader)?));
                    Ok::<_, JsonError>(())
                })?;
                Self::Object(without_repeats(members))
            }
        })
    }

    /// Returns the member `name` of an object; `None` where there is none or this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the member `name` of an object for change.
    #[must_use]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the text of a string without lone surrogates.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => text.as_str(),
            _ => None,
        }
    }

    /// Returns the elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

/// Keeps of members with one name the last value at the first place.
fn without_repeats<'a>(members: Vec<(Text<'a>, Value<'a>)>) -> Vec<(Text<'a>, Value<'a>)> {
    // Comparing all pairs is quicker than hashing while there are few.
    const FEW: usize = 16;
    let has_repeat = if members.len() <= FEW {
        let names = || members.iter().map(|(name, _)| name).enumerate();
        names().any(|(index, name)| names().take(index).any(|(_, earlier)| earlier == name))
    } else {
        let names: std::collections::HashSet<_> = members.iter().map(|(name, _)| name).collect();
        names.len() < members.len()
    };
    if !has_repeat {
        return members;
    }
    let mut places = HashMap::new();
    let mut kept: Vec<(Text<'a>, Value<'a>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name).and_then(|place: &usize| kept.get_mut(*place)) {
            Some(earlier) => earlier.1 = value,
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    kept
}
