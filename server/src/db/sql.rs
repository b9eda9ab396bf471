//! Statements whose length varies with the number of rows.
//!
//! Each length is a statement of its own to the engine, so lists are padded to a power of two by repeating their last
//! member: a handful of texts then serve every batch.

/// The largest number of values that both engines take in one statement (SQLite's limit).
pub(crate) const BINDS_MAX: usize = 32_766;

/// Pads a list to the next power of two by repeating its last member; an empty list stays empty.
pub(crate) fn padded<T: Clone>(items: &[T]) -> Vec<T> {
    let mut padded = items.to_vec();
    if let Some(last) = items.last() {
        padded.resize(items.len().next_power_of_two(), last.clone());
    }
    padded
}

/// Cuts rows into chunks whose values fit one statement and whose lengths are powers of two.
pub(crate) fn chunks<T>(rows: &[T], columns: usize) -> impl Iterator<Item = &[T]> {
    let largest = prev_power_of_two(BINDS_MAX.checked_div(columns.max(1)).unwrap_or(1));
    let mut rest = rows;
    std::iter::from_fn(move || {
        let (chunk, after) = rest.split_at_checked(largest.min(prev_power_of_two(rest.len())))?;
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn prev_power_of_two(number: usize) -> usize {
    number.checked_ilog2().map_or(0, |exponent| 1 << exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded_with_their_last_member() {
        assert_eq!(padded(&[1, 2, 3, 4, 5]), [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!(padded(&[7]), [7]);
        assert_eq!(padded::<u8>(&[]), [0_u8; 0]);
    }

    #[test]
    fn chunks_are_powers_of_two_and_lose_nothing() {
        let rows: Vec<usize> = (0..11).collect();
        let lengths: Vec<usize> = chunks(&rows, 3).map(<[usize]>::len).collect();
        assert_eq!(lengths, [8, 2, 1]);
        assert_eq!(chunks(&rows, 3).flatten().copied().collect::<Vec<_>>(), rows);
        let many = vec![0_u8; 20_000];
        assert!(chunks(&many, 5).all(|chunk| chunk.len() * 5 <= BINDS_MAX));
        assert_eq!(chunks(&[0_u8; 0], 5).count(), 0);
    }
}
