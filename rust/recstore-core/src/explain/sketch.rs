//! How like two texts are, roughly and quickly.

/// The words of a text that stand next to each other, to compare many other texts with.
///
/// Words are runs of letters and digits; what stands between them does not count. So this is blind to white space and
/// punctuation, and to where in the text something stands: good for choosing which few of many to compare in full.
pub(super) struct Sketch {
    bits: Vec<u64>,
    shift: u32,
    count: usize,
}

impl Sketch {
    pub(super) fn of(text: &[u8]) -> Self {
        // So many bits for each pair keep chance hits below one in sixteen.
        const BITS: usize = 16;
        const LEAST: usize = 64;
        const MOST: usize = 1 << 22;
        let mut pairs = Vec::new();
        each_pair(text, |pair| pairs.push(pair));
        let size = (pairs.len() * BITS).next_power_of_two().clamp(LEAST, MOST);
        let mut sketch = Self { bits: vec![0; size / 64], shift: 64 - size.ilog2(), count: pairs.len() };
        for pair in pairs {
            let (word, bit) = sketch.place(pair);
            if let Some(word) = sketch.bits.get_mut(word) {
                *word |= bit;
            }
        }
        sketch
    }

    /// Returns how like another text is, from 0 for nothing in common to 1.
    pub(super) fn likeness(&self, text: &[u8]) -> f32 {
        let (mut count, mut shared) = (0, 0);
        each_pair(text, |pair| {
            let (word, bit) = self.place(pair);
            count += 1;
            shared += usize::from(self.bits.get(word).is_some_and(|word| word & bit != 0));
        });
        let total = self.count + count;
        // A word that is repeated in the one text only is no reason to be more than alike.
        if total == 0 { 1.0 } else { (2.0 * shared as f32 / total as f32).min(1.0) }
    }

    fn place(&self, pair: u64) -> (usize, u64) {
        let bit = pair >> self.shift;
        ((bit / 64) as usize, 1 << (bit % 64))
    }
}

/// Calls `each` with a hash of every word and the one before it.
fn each_pair(text: &[u8], mut each: impl FnMut(u64)) {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    let (mut before, mut word) = (0, 0_u64);
    let mut end = |word: u64| {
        if word != 0 {
            let mixed = word.wrapping_mul(PRIME);
            each((before ^ mixed).wrapping_mul(PRIME));
            before = mixed.rotate_left(17);
        }
    };
    for byte in text {
        if byte.is_ascii_alphanumeric() || *byte >= 0x80 {
            // Times 31, which takes less time than a better hash; the end of a word mixes it.
            word = (word << 5).wrapping_sub(word).wrapping_add(u64::from(*byte));
        } else {
            end(word);
            word = 0;
        }
    }
    end(word);
}

#[cfg(test)]
mod tests {
    use super::Sketch;

    #[test]
    fn the_more_two_texts_share_the_more_alike_they_are() {
        let sketch = Sketch::of(b"Which celestial body has the highest density?");
        let likeness = [
            "Which celestial body has the highest density?",
            "Which celestial body has the lowest density?",
            "Which planet has rings with a name starting with letter S?",
            "",
        ]
        .map(|text| sketch.likeness(text.as_bytes()));
        assert!(likeness.is_sorted_by(|more, less| more > less), "{likeness:?}");
        assert!((likeness.first(), likeness.last()) == (Some(&1.0), Some(&0.0)), "{likeness:?}");
        assert!((Sketch::of(b"").likeness(b"") - 1.0).abs() < f32::EPSILON);
    }
}
