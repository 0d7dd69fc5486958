//! What can be written as JSON.

use std::borrow::Cow;
use std::convert::Infallible;
use std::iter::Empty;
use std::slice::Iter;

use super::{Text, Value};

/// Something that can be written as JSON: a [`Value`], or an object of another language.
pub trait Source: Sized {
    /// The name of a member, in UTF-8 or WTF-8.
    type Text: AsRef<[u8]>;
    /// Why one of its values cannot be written.
    type Error;
    /// The elements of an array.
    type Elements: Iterator<Item = Self>;
    /// The members of an object.
    type Members: Iterator<Item = Result<(Self::Text, Self), Self::Error>>;

    /// Looks at the value, one level deep.
    ///
    /// # Errors
    /// Where it is not a JSON value.
    fn node(&self) -> Result<Node<'_, Self>, Self::Error>;
}

/// One level of a [`Source`].
#[derive(Debug)]
pub enum Node<'s, S: Source> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer that does not, in its digits.
    BigInt(String),
    /// A double.
    Float(f64),
    /// A string, in UTF-8 or WTF-8.
    String(Cow<'s, [u8]>),
    /// An array.
    Array(S::Elements),
    /// An object. No two members have one name.
    Object(S::Members),
}

/// The members of a [`Value::Object`].
#[derive(Debug)]
pub struct Members<'v, 'a>(Iter<'v, (Text<'a>, Value<'a>)>);

impl<'v, 'a> Iterator for Members<'v, 'a> {
    type Item = Result<(&'v [u8], &'v Value<'a>), Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| Ok((name.as_bytes(), value)))
    }
}

impl<'v, 'a> Source for &'v Value<'a> {
    type Text = &'v [u8];
    type Error = Infallible;
    type Elements = Iter<'v, Value<'a>>;
    type Members = Members<'v, 'a>;

    fn node(&self) -> Result<Node<'_, Self>, Infallible> {
        Ok(match *self {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Int(number) => Node::Int(*number),
            Value::BigInt(digits) => Node::BigInt(digits.to_string()),
            Value::Float(number) => Node::Float(*number),
            Value::String(text) => Node::String(Cow::Borrowed(text.as_bytes())),
            Value::Array(elements) => Node::Array(elements.iter()),
            Value::Object(members) => Node::Object(Members(members.iter())),
        })
    }
}

/// A string that stands alone.
impl Source for &Text<'_> {
    type Text = &'static [u8];
    type Error = Infallible;
    type Elements = Empty<Self>;
    type Members = Empty<Result<(&'static [u8], Self), Infallible>>;

    fn node(&self) -> Result<Node<'_, Self>, Infallible> {
        Ok(Node::String(Cow::Borrowed(self.as_bytes())))
    }
}
