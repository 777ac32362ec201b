/// Let values of a struct be exported, as a map: `polyrun::record!(Point { x, y });` behind its declaration.
#[macro_export]
macro_rules! record {
    ($name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::Export for $name {
            fn write(&self, out: &mut $crate::Writer) -> $crate::Result<()> {
                out.entries(&[$((::std::stringify!($field), &self.$field as &dyn $crate::Export)),*])
            }
        }
    };
}

/// A list of values of any types: `polyrun::list![1, "a", true, (), 2.5]`. `()` is null.
#[macro_export]
macro_rules! list {
    ($($item:expr),* $(,)?) => {
        $crate::Value::List(::std::vec![$($crate::Value::from($item)),*])
    };
}

/// A map to values of any types: `polyrun::map! { "name" => "x", "tags" => polyrun::list!["p", "q"] }`.
#[macro_export]
macro_rules! map {
    ($($key:expr => $item:expr),* $(,)?) => {
        $crate::Value::Map([$((::std::string::String::from($key), $crate::Value::from($item))),*].into())
    };
}

/// For the types that PolyRun makes for maps.
#[doc(hidden)]
#[macro_export]
macro_rules! import_record {
    ($name:ident { $($field:ident)* } = $item:ty) => {
        $crate::import_record!($name { $($field)* });
        $crate::uniform_record!($name, $item, { $($field)* });
    };
    ($name:ident { $($field:ident)* }) => {
        impl $name {
            const KEYS: &'static [&'static str] = &[$(::std::stringify!($field)),*];
        }
        impl $crate::Import for $name {
            fn read(from: &mut $crate::Reader) -> $crate::Result<Self> {
                let mut keys = $crate::Keys::default();
                $(let mut $field = ::std::option::Option::None;)*
                for _ in 0..from.entries()? {
                    let key = from.key()?;
                    keys.note(key, $name::KEYS);
                    match key {
                        $(::std::stringify!($field) => {
                            $field = ::std::option::Option::Some($crate::Import::read(from)?)
                        })*
                        _ => from.pass()?,
                    }
                }
                keys.end($name::KEYS);
                ::std::result::Result::Ok($name {
                    $($field: match $field {
                        ::std::option::Option::Some(value) => value,
                        ::std::option::Option::None => $crate::Import::missing(::std::stringify!($field))?,
                    },)*
                    polyrun_keys: keys,
                })
            }
        }
        impl $crate::Export for $name {
            fn write(&self, out: &mut $crate::Writer) -> $crate::Result<()> {
                let entries = [$((::std::stringify!($field), &self.$field as &dyn $crate::Export)),*];
                out.entries_as(&self.polyrun_keys, &entries)
            }
        }
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(::std::stringify!($name))$(.field(::std::stringify!($field), &self.$field))*.finish()
            }
        }
    };
}

/// For those whose values all have one type: they can be asked for a key that is known at run time only.
#[doc(hidden)]
#[macro_export]
macro_rules! uniform_record {
    ($name:ident, $item:ty, { $($field:ident)* }) => {
        impl $name {
            pub fn get(&self, key: &str) -> ::std::option::Option<&$item> {
                self.iter().find(|entry| entry.0 == key).map(|entry| entry.1)
            }
            pub fn iter(&self) -> ::std::vec::IntoIter<(&'static str, &$item)> {
                ::std::vec![$((::std::stringify!($field), &self.$field)),*].into_iter()
            }
        }
        impl ::std::ops::Index<&str> for $name {
            type Output = $item;
            #[track_caller]
            fn index(&self, key: &str) -> &$item {
                match self.get(key) {
                    ::std::option::Option::Some(value) => value,
                    ::std::option::Option::None => ::std::panic!("the map has no key `{}`", key),
                }
            }
        }
    };
}

/// For the types that PolyRun makes for tables.
#[doc(hidden)]
#[macro_export]
macro_rules! import_table {
    ($name:ident { $($position:literal $field:ident)* }) => {
        impl $crate::Import for $name {
            fn read(from: &mut $crate::Reader) -> $crate::Result<Self> {
                let table = <$crate::Table as $crate::Import>::read(from)?;
                ::std::result::Result::Ok($name { $($field: table.part($position)?,)* polyrun_table: table })
            }
        }
        impl $crate::Export for $name {
            fn write(&self, out: &mut $crate::Writer) -> $crate::Result<()> {
                $crate::Export::write(&self.polyrun_table, out)
            }
        }
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(::std::stringify!($name))$(.field(::std::stringify!($field), &self.$field))*.finish()
            }
        }
        impl $name {
            /// How many rows it has.
            pub fn len(&self) -> usize {
                self.polyrun_table.len()
            }
            pub fn is_empty(&self) -> bool {
                self.polyrun_table.is_empty()
            }
            /// The same with its columns by their own names.
            pub fn table(&self) -> &$crate::Table {
                &self.polyrun_table
            }
        }
    };
}
