//! Does the same to many things, on more than one core when they are many. For work that others wait for, such as what is done while the
//! row of numbers is locked; it starts threads, so it is nothing for a handful.

use std::num::NonZero;
use std::sync::OnceLock;

/// Fewer than this are not worth a thread.
const GENOEG: usize = 48;
/// At most so many at once: the cores are there for others too.
const DRADEN: usize = 4;

/// Maps in the order of the items.
pub fn map<T: Send, U: Send>(items: Vec<T>, f: impl Fn(T) -> U + Sync) -> Vec<U> {
    static CORES: OnceLock<usize> = OnceLock::new();
    let draden = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get).min(DRADEN));
    if draden == 1 || items.len() < GENOEG {
        return items.into_iter().map(f).collect();
    }
    let deel = items.len().div_ceil(draden);
    let mut items = items;
    let mut delen = Vec::with_capacity(draden);
    while items.len() > deel {
        delen.push(items.split_off(items.len() - deel));
    }
    let f = &f;
    std::thread::scope(|scope| {
        let anderen: Vec<_> =
            delen.into_iter().rev().map(|deel| scope.spawn(move || deel.into_iter().map(f).collect::<Vec<U>>())).collect();
        let mut alle: Vec<U> = items.into_iter().map(f).collect();
        for ander in anderen {
            match ander.join() {
                Ok(deel) => alle.extend(deel),
                Err(paniek) => std::panic::resume_unwind(paniek),
            }
        }
        alle
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_items_however_many() {
        for aantal in [0, 1, 47, 48, 49, 50, 97, 1000] {
            let items: Vec<usize> = (0..aantal).collect();
            assert_eq!(map(items, |item| item * 2), (0..aantal).map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn many_are_done_by_more_than_one_thread() {
        let draden: std::collections::HashSet<_> = map(vec![(); 1000], |()| std::thread::current().id()).into_iter().collect();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        assert_eq!(draden.len(), cores.min(DRADEN));
    }
}
