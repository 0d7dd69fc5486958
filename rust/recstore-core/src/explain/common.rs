//! What two sequences have in common.

/// From so many differences on, two sequences count as different throughout: the time grows with the square.
const MOST: usize = 256;

/// Returns which elements of `old` are which of `new`, as pairs of indexes, both rising: as many as can be.
///
/// This is the algorithm of Myers ("An O(ND) Difference Algorithm and Its Variations", 1986), which is quick where there
/// are few differences. Of sequences with more than [`MOST`] between their common ends, only the ends are paired.
pub(super) fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let front = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = |all| <[T]>::get(all, front..).unwrap_or_default();
    let back = rest(old).iter().rev().zip(rest(new).iter().rev()).take_while(|(old, new)| old == new).count();
    let middle = |all| <[T]>::get(all, front..all.len() - back).unwrap_or_default();
    let mut pairs: Vec<_> = (0..front).map(|index| (index, index)).collect();
    pairs.extend(
        shortest(middle(old), middle(new)).into_iter().map(|(at_old, at_new)| (front + at_old, front + at_new)),
    );
    pairs.extend((1..=back).rev().map(|index| (old.len() - index, new.len() - index)));
    pairs
}

fn shortest<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let (old_end, new_end) = (old.len() as isize, new.len() as isize);
    let is_same = |x: isize, y: isize| match (old.get(x as usize), new.get(y as usize)) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    };
    // How far each diagonal (x - y) is reached with so many differences, and with all fewer.
    let mut reached: Vec<Reach> = Vec::new();
    for differences in 0..=MOST.min(old.len() + new.len()) as isize {
        let before = reached.last();
        let mut now = Reach { differences, furthest: vec![0; 2 * differences as usize + 1] };
        for diagonal in (-differences..=differences).step_by(2) {
            let mut x = before.map_or(0, |before| before.step(diagonal).0);
            while is_same(x, x - diagonal) {
                x += 1;
            }
            now.set(diagonal, x);
            if x >= old_end && x - diagonal >= new_end {
                return way_back(&reached, old_end, new_end);
            }
        }
        reached.push(now);
    }
    Vec::new()
}

/// Follows the way with the fewest differences from its end to its beginning.
fn way_back(reached: &[Reach], mut x: isize, mut y: isize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for before in reached.iter().rev() {
        let diagonal = x - y;
        let (start, from) = before.step(diagonal);
        while x > start {
            (x, y) = (x - 1, y - 1);
            pairs.push((x as usize, y as usize));
        }
        x = before.get(from);
        y = x - from;
    }
    while x > 0 {
        x -= 1;
        pairs.push((x as usize, x as usize));
    }
    pairs.reverse();
    pairs
}

/// How far each diagonal is reached with a number of differences.
struct Reach {
    differences: isize,
    furthest: Vec<isize>,
}

impl Reach {
    fn get(&self, diagonal: isize) -> isize {
        self.furthest.get((diagonal + self.differences) as usize).copied().unwrap_or(-1)
    }

    fn set(&mut self, diagonal: isize, x: isize) {
        if let Some(place) = self.furthest.get_mut((diagonal + self.differences) as usize) {
            *place = x;
        }
    }

    /// Returns where one more difference leads on a diagonal, and from which diagonal.
    fn step(&self, diagonal: isize) -> (isize, isize) {
        let is_there = |diagonal: isize| diagonal.abs() <= self.differences;
        let (added, removed) = (self.get(diagonal + 1), self.get(diagonal - 1) + 1);
        if !is_there(diagonal - 1) || (is_there(diagonal + 1) && added >= removed) {
            (added, diagonal + 1)
        } else {
            (removed, diagonal - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::common;

    /// The length of the longest common subsequence, by the textbook.
    fn length(old: &[u8], new: &[u8]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for one in old {
            let mut diagonal = 0;
            for (at, other) in new.iter().enumerate() {
                let above = row.get(at + 1).copied().unwrap_or(0);
                let left = row.get(at).copied().unwrap_or(0);
                if let Some(place) = row.get_mut(at + 1) {
                    *place = if one == other { diagonal + 1 } else { above.max(left) };
                }
                diagonal = above;
            }
        }
        row.last().copied().unwrap_or(0)
    }

    #[test]
    fn as_much_is_paired_as_can_be() {
        let sequence = || prop::collection::vec(0_u8..5, 0..60);
        proptest!(ProptestConfig::with_cases(2000), |(old in sequence(), new in sequence())| {
            let pairs = common(&old, &new);
            prop_assert!(pairs.iter().all(|(at_old, at_new)| old.get(*at_old) == new.get(*at_new)));
            prop_assert!(pairs.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1));
            prop_assert_eq!(pairs.len(), length(&old, &new));
        });
    }

    #[test]
    fn what_differs_throughout_takes_no_time() {
        let old: Vec<u32> = (0..200_000).collect();
        let new: Vec<u32> =
            (0..200_000).map(|number| if number % 9 == 5 { number + 1_000_000 } else { number }).collect();
        assert_eq!(common(&old, &new).first(), Some(&(0, 0)));
        assert_eq!(common(&old, &old).len(), old.len());
    }
}
