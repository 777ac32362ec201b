//! Values of any type.

use crate::import::Import;
use crate::outbox::Writer;
use crate::wire::{Reader, ARRAY, BIG_INT, DATE, DECIMAL, DURATION, FILE, PACKED, REF, TABLE, TIME, TIMESTAMP};
use crate::{fail, AnyArray, BigInt, Date, Decimal, Duration, Export, Map, Result, Table, Time, Timestamp};
use std::ops::Index;
use std::path::PathBuf;

/// Any value: what a list with items of different types holds. `polyrun::list!` and `polyrun::map!` make them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    BigInt(BigInt),
    Float(f64),
    Decimal(Decimal),
    Str(String),
    Bytes(Vec<u8>),
    Date(Date),
    Time(Time),
    Timestamp(Timestamp),
    Duration(Duration),
    List(Vec<Value>),
    Map(Map<Value>),
    Array(AnyArray),
    Table(Table),
    File(PathBuf),
}

impl Value {
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map<Value>> {
        match self {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map().and_then(|entries| entries.get(key))
    }
}

impl Index<&str> for Value {
    type Output = Value;
    #[track_caller]
    fn index(&self, key: &str) -> &Value {
        match self.get(key) {
            Some(value) => value,
            None => panic!("it is no map with a key `{}`", key),
        }
    }
}

impl Index<usize> for Value {
    type Output = Value;
    #[track_caller]
    fn index(&self, at: usize) -> &Value {
        match self.as_list() {
            Some(items) => &items[at],
            None => panic!("it is no list"),
        }
    }
}

macro_rules! from {
    ($($variant:ident: $($kind:ty)*;)*) => {$($(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Value {
                Value::$variant(value.into())
            }
        }
        impl PartialEq<$kind> for Value {
            fn eq(&self, other: &$kind) -> bool {
                *self == Value::from(other.clone())
            }
        }
    )*)*};
}

from! {
    Bool: bool;
    Int: i8 i16 i32 i64 u8 u16 u32;
    BigInt: BigInt;
    Float: f32 f64;
    Decimal: Decimal;
    Str: String &str;
    Date: Date;
    Time: Time;
    Timestamp: Timestamp;
    Duration: Duration;
    Map: Map<Value>;
    Table: Table;
    File: PathBuf;
}

macro_rules! from_large {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Value {
                match i64::try_from(value) {
                    Ok(number) => Value::Int(number),
                    Err(_) => Value::BigInt(value.to_string().parse().expect("an integer")),
                }
            }
        }
    )*};
}

from_large!(i128 u64 u128 isize usize);

impl From<()> for Value {
    fn from(_: ()) -> Value {
        Value::Null
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, T::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::List(items.into_iter().map(T::into).collect())
    }
}

impl Export for Value {
    fn write(&self, out: &mut Writer) -> Result<()> {
        match self {
            Value::Null => ().write(out),
            Value::Bool(value) => value.write(out),
            Value::Int(value) => value.write(out),
            Value::BigInt(value) => value.write(out),
            Value::Float(value) => value.write(out),
            Value::Decimal(value) => value.write(out),
            Value::Str(value) => value.write(out),
            Value::Bytes(value) => value.write(out),
            Value::Date(value) => value.write(out),
            Value::Time(value) => value.write(out),
            Value::Timestamp(value) => value.write(out),
            Value::Duration(value) => value.write(out),
            Value::List(items) => items.write(out),
            Value::Map(entries) => entries.write(out),
            Value::Array(array) => array.write(out),
            Value::Table(table) => table.write(out),
            Value::File(path) => path.write(out),
        }
    }
}

impl Import for Value {
    fn read(from: &mut Reader) -> Result<Value> {
        match from.peek()? >> 5 {
            0 | 1 => i128::read(from).map(Value::from),
            2 => Vec::read(from).map(Value::Bytes),
            3 => String::read(from).map(Value::Str),
            4 => Vec::read(from).map(Value::List),
            5 => Map::read(from).map(Value::Map),
            6 => tagged(from),
            _ if from.null()? => Ok(Value::Null),
            _ if from.peek()? == 0xfb => from.float().map(Value::Float),
            _ => from.bool().map(Value::Bool),
        }
    }
    fn of_int(number: i64) -> Result<Value> {
        Ok(Value::Int(number))
    }
    fn of_float(number: f64) -> Result<Value> {
        Ok(Value::Float(number))
    }
}

fn tagged(from: &mut Reader) -> Result<Value> {
    match from.peek_tag() {
        Some(REF) => Vec::read(from).map(Value::Bytes),
        Some(BIG_INT) => BigInt::read(from).map(Value::BigInt),
        Some(DECIMAL) => Decimal::read(from).map(Value::Decimal),
        Some(DATE) => Date::read(from).map(Value::Date),
        Some(TIME) => Time::read(from).map(Value::Time),
        Some(TIMESTAMP) => Timestamp::read(from).map(Value::Timestamp),
        Some(DURATION) => Duration::read(from).map(Value::Duration),
        Some(PACKED) => Vec::read(from).map(Value::List),
        Some(ARRAY) => AnyArray::read(from).map(Value::Array),
        Some(TABLE) => Table::read(from).map(Value::Table),
        Some(FILE) => PathBuf::read(from).map(Value::File),
        _ => fail("it has a part of an unknown type"),
    }
}
