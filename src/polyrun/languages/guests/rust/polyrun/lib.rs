//! Values for blocks in Rust: what other blocks export is there as variables of `main`, and `polyrun::put` hands over
//! what they import. It is written for Rust 1.63 and later, and uses the standard library only.

mod array;
mod builder;
mod calendar;
mod collections;
mod column;
mod exact;
mod export;
mod import;
mod inbox;
mod keys;
#[macro_use]
mod macros;
mod map;
mod number;
mod outbox;
mod table;
mod timestamp;
mod value;
mod wire;

pub use array::{AnyArray, Array, Order};
pub use builder::ColumnItem;
pub use calendar::{Date, Duration, Time};
pub use collections::Key;
pub use column::{Cell, Column, ColumnOf, ReadColumn};
pub use exact::{BigInt, Decimal};
pub use export::Export;
pub use import::Import;
pub use keys::Keys;
pub use map::Map;
pub use number::Number;
pub use outbox::Writer;
pub use table::Table;
pub use timestamp::Timestamp;
pub use value::Value;
pub use wire::Reader;

/// What is wrong with a value.
#[derive(Clone, PartialEq)]
pub struct Error(String);

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(message: impl Into<String>) -> Error {
        Error(message.into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::new(message))
}

/// The imported value `name` as a `T`.
#[track_caller]
pub fn take<T: Import>(name: &str) -> T {
    match inbox::find(name).and_then(|mut from| T::read(&mut from)) {
        Ok(value) => value,
        Err(error) => panic!("`{}` cannot be imported: {}", name, error),
    }
}

/// The same for the variables of `main`, where no line of the block is to blame.
#[doc(hidden)]
pub fn give<T: Import>(name: &str) -> T {
    inbox::find(name).and_then(|mut from| T::read(&mut from)).unwrap_or_else(|error| {
        eprintln!("`{}` cannot be imported: {}", name, error);
        std::process::exit(70)
    })
}

/// Hand over `value` under `name`, which an `#export:` of the block must declare. Later calls for the name replace it.
///
/// What is wrong with the value itself, such as a date that no other language knows, is told when the block has ended.
#[track_caller]
pub fn put<T: Export>(name: &str, value: T) {
    let declared = match inbox::declared(name) {
        Ok(Some(declared)) => declared,
        Ok(None) => panic!("`{0}` is not exported: add `#export: {0}` to the block", name),
        Err(error) => panic!("`{}` cannot be exported: {}", name, error),
    };
    let mut out = Writer::new();
    let kind = declared.split('(').next().unwrap_or("");
    match value.write_as(kind, &mut out) {
        Ok(()) => outbox::keep(name, out.data),
        Err(error) => outbox::refuse(name, &error.0),
    }
}

/// Nothing: it makes the compiler look at a type where a variable is declared.
#[doc(hidden)]
pub fn check<T: Export + ?Sized>(_value: &T) {}

/// `value`, when `call` has been called: the value of a `main` that hands over others behind it.
#[doc(hidden)]
pub fn then<T>(value: T, call: impl FnOnce()) -> T {
    call();
    value
}
