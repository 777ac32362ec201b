//! What the standard library gathers values in, as lists and maps.

use crate::outbox::Writer;
use crate::{fail, Export, Map, Result};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What can be a key of a map.
#[cfg_attr(says_why, diagnostic::on_unimplemented(message = "`{Self}` cannot be a key of a map that is exported"))]
pub trait Key {
    fn text(&self) -> Cow<'_, str>;
}

macro_rules! keys {
    ($($kind:ty),*) => {$(
        impl Key for $kind {
            fn text(&self) -> Cow<'_, str> {
                Cow::Borrowed(self)
            }
        }
    )*};
}

keys!(str, String, Box<str>, Rc<str>, Arc<str>, Cow<'_, str>);

impl Key for char {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl<T: Key + ?Sized> Key for &T {
    fn text(&self) -> Cow<'_, str> {
        (**self).text()
    }
}

fn write_map<'a, K: Key + 'a, T: Export + 'a>(
    entries: impl ExactSizeIterator<Item = (K, &'a T)>,
    out: &mut Writer,
) -> Result<()> {
    out.head(5, entries.len() as u64);
    for (key, value) in entries {
        out.text(&key.text());
        value.write(out)?;
    }
    Ok(())
}

impl<T: Export> Export for Map<T> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        write_map(self.iter(), out)
    }
}

impl<K: Key, T: Export> Export for BTreeMap<K, T> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        write_map(self.iter(), out)
    }
}

/// Sorted by their keys: they have no order of their own, and the next run would have another one.
impl<K: Key, T: Export, S> Export for HashMap<K, T, S> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        let mut entries: Vec<(Cow<'_, str>, &T)> = self.iter().map(|(key, value)| (key.text(), value)).collect();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        write_map(entries.iter().map(|(key, value)| (&**key, *value)), out)
    }
}

macro_rules! lists {
    ($($kind:ident: $($bound:ident)?;)*) => {$(
        impl<T: Export $(+ $bound)?> Export for $kind<T> {
            fn write(&self, out: &mut Writer) -> Result<()> {
                out.head(4, self.len() as u64);
                self.iter().try_for_each(|item| item.write(out))
            }
        }
    )*};
}

lists! {
    VecDeque: ;
    LinkedList: ;
    BTreeSet: ;
}

/// Sorted, as maps are.
impl<T: Export + Ord, S> Export for HashSet<T, S> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        let mut items: Vec<&T> = self.iter().collect();
        items.sort();
        out.items(&items)
    }
}

/// From the smallest to the largest.
impl<T: Export + Ord> Export for BinaryHeap<T> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        let mut items: Vec<&T> = self.iter().collect();
        items.sort();
        out.items(&items)
    }
}

/// A list of two; a list of such pairs may be declared as a map, if their first items are texts.
impl<K: Export, T: Export> Export for (K, T) {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.head(4, 2);
        self.0.write(out)?;
        self.1.write(out)
    }
    fn write_list(items: &[(K, T)], kind: &str, out: &mut Writer) -> Result<()> {
        if kind != "map" {
            return out.items(items);
        }
        out.head(5, items.len() as u64);
        for (key, value) in items {
            let start = out.data.len();
            key.write(out)?;
            if out.data[start] >> 5 != 3 {
                return fail("its keys are not texts");
            }
            value.write(out)?;
        }
        Ok(())
    }
}

macro_rules! tuples {
    ($($($kind:ident $at:tt)* = $count:literal;)*) => {$(
        impl<$($kind: Export),*> Export for ($($kind,)*) {
            fn write(&self, out: &mut Writer) -> Result<()> {
                out.head(4, $count);
                $(self.$at.write(out)?;)*
                Ok(())
            }
        }
    )*};
}

tuples! {
    A 0 = 1;
    A 0 B 1 C 2 = 3;
    A 0 B 1 C 2 D 3 = 4;
    A 0 B 1 C 2 D 3 E 4 = 5;
    A 0 B 1 C 2 D 3 E 4 F 5 = 6;
}
