//! Places that each client may take only so many of: streams, connections.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the places that each client has taken. Its memory is bounded by the places that are taken.
#[derive(Debug)]
pub(crate) struct Slots<K: Eq + Hash + Copy + Debug> {
    max: Option<usize>,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// A place; it is free again when the value is dropped.
#[derive(Debug)]
pub(crate) struct Slot<K: Eq + Hash + Copy + Debug> {
    client: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

fn lock<K>(taken: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq + Hash + Copy + Debug> Slots<K> {
    /// Gives each client `max` places, or any number.
    pub(crate) fn new(max: Option<usize>) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// Takes a place; none when the client has all of theirs.
    pub(crate) fn take(&self, client: K) -> Option<Slot<K>> {
        let mut taken = lock(&self.taken);
        let count = taken.get(&client).copied().unwrap_or(0);
        if self.max.is_some_and(|max| count >= max) {
            return None;
        }
        taken.insert(client, count + 1);
        Some(Slot { client, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash + Copy + Debug> Drop for Slot<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = lock(&self.taken).entry(self.client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn each_client_has_so_many_places_and_gets_them_back() {
        let slots = Slots::new(Some(2));
        let (first, second) = (slots.take('a'), slots.take('a'));
        assert!(first.is_some() && second.is_some() && slots.take('a').is_none());
        assert!(slots.take('b').is_some(), "another client has its own");
        drop(first);
        assert!(slots.take('a').is_some());
        drop(second);
        assert!(slots.taken.lock().unwrap().is_empty(), "who has no place is not remembered");
    }

    #[test]
    fn without_a_bound_there_is_always_one() {
        let slots = Slots::new(None);
        let places: Vec<_> = (0..1_000).map(|_| slots.take(1)).collect();
        assert!(places.iter().all(Option::is_some));
    }
}
