//! How a value is spelled.

/// How a value is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Puts every element and member on its own line, two spaces deeper than what holds it.
    pub indent: bool,
    /// The order of the members of an object.
    pub sorting: Sorting,
    /// Escapes everything beyond ASCII.
    pub ascii: bool,
    /// How numbers are spelled.
    pub numbers: Numbers,
    /// Puts a space after each colon, and after each comma that does not end a line.
    pub spaces: bool,
}

/// The order of the members of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorting {
    /// As they come.
    None,
    /// By code point of the name, as Python sorts.
    CodePoint,
    /// By UTF-16 unit of the name, as RFC 8785 wants in section 3.2.3.
    Utf16,
}

/// How numbers are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As `json.dumps` does: integers in all their digits, doubles by `repr`, `NaN` and `Infinity`.
    Python,
    /// Doubles as RFC 8785 wants; integers in all their digits, also beyond 2^53, where RFC 8785 has no say and two
    /// requests must not become one.
    Rfc8785,
}

impl Style {
    /// `json.dumps(value, indent=2)`
    pub const INDENTED: Self = Self { indent: true, ..Self::PYTHON };
    /// `json.dumps(value)`
    pub const PYTHON: Self =
        Self { indent: false, sorting: Sorting::None, ascii: true, numbers: Numbers::Python, spaces: true };
    /// `json.dumps(value, sort_keys=True)`
    pub const SORTED: Self = Self { sorting: Sorting::CodePoint, ..Self::PYTHON };
    /// `json.dumps(value, separators=(",", ":"))`
    pub const COMPACT: Self = Self { spaces: false, ..Self::PYTHON };
    /// RFC 8785, the JSON canonicalization scheme
    pub const RFC8785: Self =
        Self { sorting: Sorting::Utf16, ascii: false, numbers: Numbers::Rfc8785, ..Self::COMPACT };
}
