//! Which answers are the same.

use memchr::memmem;
use xxhash_rust::xxh3::Xxh3Default;

use super::{DamagedBlock, View};
use crate::key::Key;

/// Returns a digest of all that was answered: two recordings with one digest have the same answer, whatever their
/// requests, white space, and the keys that the recorder writes into ids.
///
/// # Errors
/// Where the block is damaged.
pub fn answer_digest(view: &View<'_>) -> Result<u128, DamagedBlock> {
    let mut digest = Xxh3Default::new();
    let mut add = |part: &[u8]| {
        without_recorded_ids(part, |piece| digest.update(piece));
        digest.update(b"\0");
    };
    add(view.body()?);
    add(view.error()?.unwrap_or_default());
    add(view.error_message()?.as_ref().map_or(&[], |text| text.as_bytes()));
    add(&[u8::from(view.is_streaming()), u8::from(view.is_error())]);
    add(&view.status().unwrap_or_default().to_le_bytes());
    for (name, value) in view.details()? {
        add(name.as_bytes());
        add(value);
    }
    for earlier in view.earlier()? {
        add(earlier);
    }
    Ok(digest.digest128())
}

/// Hands out a text without the digits in ids such as `rec-0123456789ab`.
fn without_recorded_ids(text: &[u8], mut take: impl FnMut(&[u8])) {
    const SIGN: &[u8] = b"\"rec-";
    const DIGITS: usize = 2 * Key::PREFIX_LENGTH;
    let mut done = 0;
    for at in memmem::find_iter(text, SIGN) {
        let start = at + SIGN.len();
        let is_id = text.get(start..start + DIGITS).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if is_id {
            take(text.get(done..start).unwrap_or_default());
            done = start + DIGITS;
        }
    }
    take(text.get(done..).unwrap_or_default());
}

/// Returns the digits of the key under which the answer was recorded, which the recorder writes into its ids;
/// `None` where it holds none.
#[must_use]
pub fn recorded_under(view: &View<'_>) -> Option<String> {
    let body = view.body().ok()?;
    let start = memmem::find(body, b"\"id\":\"rec-")? + b"\"id\":\"rec-".len();
    let digits = body.get(start..start + 2 * Key::PREFIX_LENGTH)?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| String::from_utf8_lossy(digits).into_owned())
}
