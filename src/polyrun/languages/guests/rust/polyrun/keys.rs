//! Which keys an imported map had, where a list of maps gives a type with all of them.

use crate::outbox::Writer;
use crate::{Export, Result};

/// The keys of a map in their order; nothing if they are those of its type.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct Keys {
    usual: usize,
    odd: Option<Vec<&'static str>>,
}

impl Keys {
    /// Note the next key; `all` are those of the type.
    pub fn note(&mut self, key: &'static str, all: &[&'static str]) {
        if let Some(odd) = &mut self.odd {
            odd.push(key);
        } else if all.get(self.usual) == Some(&key) {
            self.usual += 1;
        } else {
            let mut odd = all[..self.usual].to_vec();
            odd.push(key);
            self.odd = Some(odd);
        }
    }

    /// Note that there are no more.
    pub fn end(&mut self, all: &[&'static str]) {
        if self.odd.is_none() && self.usual < all.len() {
            self.odd = Some(all[..self.usual].to_vec());
        }
    }
}

/// What it is has no part in whether two maps are equal.
impl PartialEq for Keys {
    fn eq(&self, _other: &Keys) -> bool {
        true
    }
}

impl Writer {
    /// A map with the keys that it had when it came, and those that have got a value since.
    #[doc(hidden)]
    pub fn entries_as(&mut self, keys: &Keys, entries: &[(&str, &dyn Export)]) -> Result<()> {
        let odd = match &keys.odd {
            Some(odd) => odd,
            None => return self.entries(entries),
        };
        let place = |key: &str| odd.iter().position(|other| *other == key);
        let mut kept: Vec<_> =
            entries.iter().copied().filter(|(key, value)| place(key).is_some() || !(*value).is_null()).collect();
        kept.sort_by_key(|(key, _)| place(key).unwrap_or(odd.len()));
        self.entries(&kept)
    }
}
