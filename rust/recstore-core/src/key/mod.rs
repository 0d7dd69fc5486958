//! Keys: the name under which a request's recording is found.
//!
//! A key is a digest of a canonical form of the request. What goes into that form, how it is changed and spelled and
//! which digest is taken is a [`Profile`]; recordings of several profiles lie side by side in real directories. A
//! released profile never changes: `docs/keys.md` states each rule. A store's settings may declare more ([`Declaration`]),
//! of the same rules and patterns.

mod added;
mod canonical;
mod decimal;
mod declare;
mod digits;
mod mask;
mod masks;
mod pointer;
mod profile;
mod profiles;
mod request;
mod rule;
mod scan;
mod substitution;

use std::fmt;

pub use added::{Added, AddedDrop};
pub use canonical::{canonical, request_key, with_canonical};
pub use declare::{Declaration, MAX_DECLARED};
pub use mask::Mask;
pub use masks::MASKS;
pub use pointer::Pointer;
pub use profile::{DEFAULT_PROFILE, Digest, PROFILES, Profile, TestId, UnknownProfile};
pub use profiles::Profiles;
pub use request::{MODEL_LIST_ENDPOINTS, Request, RequestError, Shape, host_of, path_of, without_databricks_host};
pub use rule::{DROPS, Drop, Rules};
pub use substitution::Substitution;

/// The key of a recording: the first bytes of a digest, all of them or six.
///
/// Written as lower-case hexadecimal: 64 digits (SHA-256), 32 (XXH3-128), or 12 in the names of early files, which
/// hold the beginning of a longer key.
///
/// ```
/// use recstore_core::key::Key;
/// let early: Key = "b24590574a85".parse().unwrap();
/// let full: Key = "b24590574a85f7dd4b24590574a85f7dd4b24590574a85f7dd4b24590574a85f".parse().unwrap();
/// assert!(early.finds(&full) && full.finds(&early));
/// assert_eq!(early.to_string(), "b24590574a85");
/// assert!("B24590574A85".parse::<Key>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    bytes: [u8; Key::MAX_LENGTH],
    length: u8,
}

impl Key {
    /// Length of the longest key, in bytes.
    pub const MAX_LENGTH: usize = 32;
    /// Length of the shortest, that of early file names, in bytes.
    pub const PREFIX_LENGTH: usize = 6;
    const LENGTHS: [usize; 3] = [Self::PREFIX_LENGTH, 16, Self::MAX_LENGTH];

    /// Makes a key of 6, 16 or 32 bytes; `None` for any other number.
    #[must_use]
    pub fn from_bytes(digest: &[u8]) -> Option<Self> {
        if !Self::LENGTHS.contains(&digest.len()) {
            return None;
        }
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes.get_mut(..digest.len())?.copy_from_slice(digest);
        Some(Self { bytes, length: digest.len() as u8 })
    }

    /// Returns the bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Returns the bytes of the digest, followed by zeros up to [`Key::MAX_LENGTH`].
    #[must_use]
    pub fn padded(&self) -> &[u8; Self::MAX_LENGTH] {
        &self.bytes
    }

    /// Returns the first six bytes, which all keys have.
    #[must_use]
    pub fn prefix(&self) -> [u8; Self::PREFIX_LENGTH] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    /// Returns what `take` makes of the hexadecimal digits.
    pub fn with_digits<T>(&self, take: impl FnOnce(&str) -> T) -> T {
        let mut digits = [0; 2 * Self::MAX_LENGTH];
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.padded()) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
        }
        let digits = digits.get(..2 * usize::from(self.length)).unwrap_or_default();
        take(std::str::from_utf8(digits).unwrap_or_default())
    }

    /// Says whether a look-up of this key answers with a recording named by `other`: they are equal, or one is the
    /// twelve digits that the other begins with.
    #[must_use]
    pub fn finds(&self, other: &Self) -> bool {
        let is_prefix = |key: &Self| usize::from(key.length) == Self::PREFIX_LENGTH;
        self == other || ((is_prefix(self) || is_prefix(other)) && self.prefix() == other.prefix())
    }
}

impl std::str::FromStr for Key {
    type Err = ();

    fn from_str(digits: &str) -> Result<Self, ()> {
        let digits = digits.as_bytes();
        if !Self::LENGTHS.contains(&(digits.len() / 2)) || !digits.len().is_multiple_of(2) {
            return Err(());
        }
        // All at once and without branches: the digits of a digest leave them nothing to foretell.
        const NO_DIGIT: u8 = 0x80;
        let mut nibbles = [b'0'; 2 * Self::MAX_LENGTH];
        nibbles.get_mut(..digits.len()).ok_or(())?.copy_from_slice(digits);
        let mut all = 0;
        for digit in &mut nibbles {
            let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
            let letter = if letter < 6 { letter + 10 } else { NO_DIGIT };
            *digit = if number < 10 { number } else { letter };
            all |= *digit;
        }
        if all & NO_DIGIT != 0 {
            return Err(());
        }
        let mut bytes = [0; Self::MAX_LENGTH];
        for (byte, [high, low]) in bytes.iter_mut().zip(nibbles.as_chunks::<2>().0) {
            *byte = high << 4 | low;
        }
        Ok(Self { bytes, length: (digits.len() / 2) as u8 })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_digits(|digits| f.pad(digits))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_one_by_one_or_refused() {
        for length in Key::LENGTHS.map(|bytes| 2 * bytes) {
            for place in 0..length {
                for byte in 0..=0x7F_u8 {
                    let mut digits = "0123456789abcdef".repeat(4).into_bytes();
                    digits.truncate(length);
                    *digits.get_mut(place).unwrap() = byte;
                    let text = std::str::from_utf8(&digits).unwrap();
                    let is_digit = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                    let key = text.parse::<Key>();
                    assert_eq!(key.is_ok(), is_digit, "{text:?}");
                    if let Ok(key) = key {
                        let read = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
                        assert_eq!(key.as_bytes(), digits.chunks(2).map(read).collect::<Vec<_>>());
                        assert_eq!(key.to_string(), text);
                    }
                }
            }
        }
        for length in (0..80).filter(|length| !Key::LENGTHS.contains(&(length / 2)) || length % 2 == 1) {
            assert!("0".repeat(length).parse::<Key>().is_err(), "{length}");
        }
        assert!("é".repeat(32).parse::<Key>().is_err());
    }
}
