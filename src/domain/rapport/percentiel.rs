//! Percentiles that are values which occurred.

/// The smallest value that at least this part of the values does not exceed (nearest rank); 0 when there are none.
pub fn percentiel(gesorteerd: &[u64], procent: usize) -> u64 {
    let rang = (gesorteerd.len() * procent).div_ceil(100);
    gesorteerd.get(rang.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_occurred() {
        let values: Vec<u64> = (1..=10).collect();
        assert_eq!((percentiel(&values, 50), percentiel(&values, 95), percentiel(&[], 50), percentiel(&[7], 95)), (5, 10, 0, 7));
    }
}
