//! What can be written as JSON.

use std::convert::Infallible;

use super::Value;

/// Something that can be written as JSON: a [`Value`], or an object of another language.
pub trait Source: Sized {
    /// A string of it, in UTF-8 or WTF-8.
    type Text: AsRef<[u8]>;
    /// Why one of its values cannot be written.
    type Error;

    /// Looks at the value, one level deep.
    ///
    /// # Errors
    /// Where it is not a JSON value.
    fn node(&self) -> Result<Node<Self>, Self::Error>;
}

/// One level of a [`Source`].
#[derive(Debug)]
pub enum Node<S: Source> {
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
    /// A string.
    String(S::Text),
    /// An array.
    Array(Vec<S>),
    /// An object. No two members have one name.
    Object(Vec<(S::Text, S)>),
}

impl<'v> Source for &'v Value<'_> {
    type Text = &'v [u8];
    type Error = Infallible;

    fn node(&self) -> Result<Node<Self>, Infallible> {
        Ok(match *self {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Int(number) => Node::Int(*number),
            Value::BigInt(digits) => Node::BigInt(digits.to_string()),
            Value::Float(number) => Node::Float(*number),
            Value::String(text) => Node::String(text.as_bytes()),
            Value::Array(elements) => Node::Array(elements.iter().collect()),
            Value::Object(members) => {
                Node::Object(members.iter().map(|(name, value)| (name.as_bytes(), value)).collect())
            }
        })
    }
}
