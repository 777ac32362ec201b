//! A map that keeps its order.

use std::collections::HashMap;
use std::fmt;
use std::ops::Index;

const FEW: usize = 8;

/// A map from text to `T` whose keys stay in the order in which they came; `map.into_iter().collect()` makes a
/// `HashMap<String, T>` or `BTreeMap<String, T>` of it.
#[derive(Clone)]
pub struct Map<T> {
    entries: Vec<(String, T)>,
    /// Where each key is, if there are more than a few.
    places: HashMap<String, usize>,
}

impl<T> Map<T> {
    pub fn new() -> Map<T> {
        Map { entries: Vec::new(), places: HashMap::new() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn place(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= FEW {
            self.entries.iter().position(|entry| entry.0 == key)
        } else {
            self.places.get(key).copied()
        }
    }

    pub fn get(&self, key: &str) -> Option<&T> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let place = self.place(key)?;
        Some(&mut self.entries[place].1)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Set the value of a key, and return the one it had before. A new key comes last.
    pub fn insert(&mut self, key: impl Into<String>, value: T) -> Option<T> {
        let key = key.into();
        if let Some(place) = self.place(&key) {
            return Some(std::mem::replace(&mut self.entries[place].1, value));
        }
        self.entries.push((key, value));
        let from = if self.entries.len() == FEW + 1 { 0 } else { self.entries.len() - 1 };
        if self.entries.len() > FEW {
            for (place, entry) in self.entries.iter().enumerate().skip(from) {
                self.places.insert(entry.0.clone(), place);
            }
        }
        None
    }

    pub fn remove(&mut self, key: &str) -> Option<T> {
        let (_, value) = self.entries.remove(self.place(key)?);
        let places = self.entries.iter().enumerate().map(|(place, entry)| (entry.0.clone(), place));
        self.places = if self.entries.len() > FEW { places.collect() } else { HashMap::new() };
        Some(value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> + ExactSizeIterator {
        self.entries.iter().map(|entry| (entry.0.as_str(), &entry.1))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.entries.iter().map(|entry| entry.0.as_str())
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.1)
    }
}

impl<T> Default for Map<T> {
    fn default() -> Map<T> {
        Map::new()
    }
}

impl<T> Index<&str> for Map<T> {
    type Output = T;
    #[track_caller]
    fn index(&self, key: &str) -> &T {
        match self.get(key) {
            Some(value) => value,
            None => panic!("the map has no key `{}`", key),
        }
    }
}

/// Whatever the order.
impl<T: PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Map<T>) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<T: fmt::Debug> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<String>, T> Extend<(K, T)> for Map<T> {
    fn extend<I: IntoIterator<Item = (K, T)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Into<String>, T> FromIterator<(K, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Map<T> {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

impl<K: Into<String>, T, const N: usize> From<[(K, T); N]> for Map<T> {
    fn from(entries: [(K, T); N]) -> Map<T> {
        entries.into_iter().collect()
    }
}

impl<T> IntoIterator for Map<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Map<T> {
    type Item = (&'a str, &'a T);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (String, T)>, fn(&'a (String, T)) -> (&'a str, &'a T)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter().map(|entry| (entry.0.as_str(), &entry.1))
    }
}
