//! What was used last.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

/// The values that were used last, by what they were made of; at most `N`.
///
/// Nobody ever waits for it: where another thread looks into it at the moment, the value is made once more. So a process
/// that was forked while a thread did cannot wait for ever.
pub(crate) struct Recent<K, T: ?Sized, const N: usize>(Mutex<VecDeque<(K, Arc<T>)>>);

impl<K: PartialEq, T: ?Sized, const N: usize> Recent<K, T, N> {
    /// Returns the value for a key, making it where it was not used lately.
    pub(crate) fn get<E>(&self, key: K, make: impl FnOnce() -> Result<Arc<T>, E>) -> Result<Arc<T>, E> {
        if let Ok(mut values) = self.0.try_lock()
            && let Some(place) = values.iter().position(|(known, _)| *known == key)
            && let Some((key, value)) = values.remove(place)
        {
            values.push_front((key, value.clone()));
            return Ok(value);
        }
        let value = make()?;
        if let Ok(mut values) = self.0.try_lock()
            && !values.iter().any(|(known, _)| *known == key)
        {
            values.truncate(N.saturating_sub(1));
            values.push_front((key, value.clone()));
        }
        Ok(value)
    }
}

impl<K, T: ?Sized, const N: usize> Default for Recent<K, T, N> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, T: ?Sized, const N: usize> fmt::Debug for Recent<K, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::Recent;

    #[test]
    fn the_last_ones_are_kept_and_the_others_made_again() {
        let recent = Recent::<u32, u32, 2>::default();
        let mut made = Vec::new();
        for number in [1, 2, 1, 3, 1, 2] {
            let make = || {
                made.push(number);
                Ok::<_, Infallible>(Arc::new(number * 10))
            };
            assert_eq!(recent.get(number, make), Ok(Arc::new(number * 10)));
        }
        assert_eq!(made, [1, 2, 3, 2]);
        assert_eq!(recent.get(4, || Err("cannot be made")), Err("cannot be made"));
    }
}
