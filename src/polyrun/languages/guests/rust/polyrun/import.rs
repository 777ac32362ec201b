//! From a value file to objects of Rust, by their type.

use crate::number::numbers_of;
use crate::wire::{Reader, BIG_INT, DATE, DECIMAL, DURATION, FILE, PACKED, REF, TIME, TIMESTAMP};
use crate::{fail, inbox, BigInt, Date, Decimal, Duration, Map, Result, Time, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// A type that an imported value can be read as.
#[cfg_attr(says_why, diagnostic::on_unimplemented(message = "a value cannot be imported as `{Self}`"))]
pub trait Import: Sized {
    #[doc(hidden)]
    fn read(from: &mut Reader) -> Result<Self>;

    #[doc(hidden)]
    fn read_list(from: &mut Reader) -> Result<Vec<Self>> {
        if from.peek_tag() == Some(PACKED) {
            return match packed(from)? {
                Packed::Ints(numbers) => numbers.iter().map(|&number| Self::of_int(number)).collect(),
                Packed::Floats(numbers) => numbers.iter().map(|&number| Self::of_float(number)).collect(),
            };
        }
        (0..from.list()?).map(|_| Self::read(from)).collect()
    }

    #[doc(hidden)]
    fn of_int(_number: i64) -> Result<Self> {
        fail("a list of something else than integers was expected")
    }

    #[doc(hidden)]
    fn of_float(_number: f64) -> Result<Self> {
        fail("a list of something else than floats was expected")
    }

    /// What a map without the key `field` has there.
    #[doc(hidden)]
    fn missing(field: &str) -> Result<Self> {
        fail(format!("a map has no key `{}`", field))
    }
}

impl Reader {
    #[doc(hidden)]
    pub fn entries(&mut self) -> Result<usize> {
        self.map()
    }

    #[doc(hidden)]
    pub fn key(&mut self) -> Result<&'static str> {
        self.text()
    }

    #[doc(hidden)]
    pub fn pass(&mut self) -> Result<()> {
        self.skip()
    }
}

enum Packed {
    Ints(Vec<i64>),
    Floats(Vec<f64>),
}

/// The numbers of a packed list. Those that stand in the value file itself need not lie where numbers may lie.
fn packed(from: &mut Reader) -> Result<Packed> {
    from.tag(PACKED, "a list")?;
    from.list()?;
    let dtype = from.text()?;
    let is_apart = from.peek_tag() == Some(REF);
    let bytes = from.bytes()?;
    let pieces = || bytes.chunks_exact(8).map(|piece| piece.try_into().expect("eight bytes"));
    Ok(match (dtype, is_apart) {
        ("int64", true) => Packed::Ints(numbers_of(bytes)?.to_vec()),
        ("int64", false) => Packed::Ints(pieces().map(i64::from_le_bytes).collect()),
        (_, true) => Packed::Floats(numbers_of(bytes)?.to_vec()),
        (_, false) => Packed::Floats(pieces().map(f64::from_le_bytes).collect()),
    })
}

fn int<T: TryFrom<i128>>(number: i128) -> Result<T> {
    T::try_from(number).or_else(|_| fail(format!("{} does not fit into {}", number, std::any::type_name::<T>())))
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl Import for $kind {
            fn read(from: &mut Reader) -> Result<$kind> {
                int(from.integer()?)
            }
            fn of_int(number: i64) -> Result<$kind> {
                int(number.into())
            }
        }
    )*};
}

integers!(i8, i16, i32, u16, u32, u64, u128, isize, usize);

impl Import for i64 {
    fn read(from: &mut Reader) -> Result<i64> {
        int(from.integer()?)
    }
    fn read_list(from: &mut Reader) -> Result<Vec<i64>> {
        if from.peek_tag() != Some(PACKED) {
            return (0..from.list()?).map(|_| i64::read(from)).collect();
        }
        match packed(from)? {
            Packed::Ints(numbers) => Ok(numbers),
            Packed::Floats(_) => fail("a list of integers was expected"),
        }
    }
}

impl Import for u8 {
    fn read(from: &mut Reader) -> Result<u8> {
        int(from.integer()?)
    }
    fn read_list(from: &mut Reader) -> Result<Vec<u8>> {
        match (from.peek()? >> 5, from.peek_tag()) {
            (4, _) => (0..from.list()?).map(|_| u8::read(from)).collect(),
            (_, Some(PACKED)) => match packed(from)? {
                Packed::Ints(numbers) => numbers.iter().map(|&number| int(number.into())).collect(),
                Packed::Floats(_) => fail("bytes were expected"),
            },
            _ => Ok(from.bytes()?.to_vec()),
        }
    }
}

impl Import for i128 {
    fn read(from: &mut Reader) -> Result<i128> {
        let big = BigInt::read(from)?;
        big.to_i128().map_or_else(|| fail(format!("{} does not fit into i128", big)), Ok)
    }
    fn of_int(number: i64) -> Result<i128> {
        Ok(number.into())
    }
}

impl Import for BigInt {
    fn read(from: &mut Reader) -> Result<BigInt> {
        if from.peek_tag() != Some(BIG_INT) {
            return Ok(from.integer()?.into());
        }
        from.head()?;
        from.text()?.parse()
    }
    fn of_int(number: i64) -> Result<BigInt> {
        Ok(i128::from(number).into())
    }
}

/// The float that is exactly `number`.
fn exact(number: i128) -> Result<f64> {
    if (number as f64) as i128 == number {
        return Ok(number as f64);
    }
    fail(format!("no float is exactly {}", number))
}

impl Import for f64 {
    fn read(from: &mut Reader) -> Result<f64> {
        if from.peek()? >> 5 < 2 {
            return exact(from.integer()?);
        }
        from.float()
    }
    fn read_list(from: &mut Reader) -> Result<Vec<f64>> {
        if from.peek_tag() != Some(PACKED) {
            return (0..from.list()?).map(|_| f64::read(from)).collect();
        }
        match packed(from)? {
            Packed::Ints(numbers) => numbers.iter().map(|&number| exact(number.into())).collect(),
            Packed::Floats(numbers) => Ok(numbers),
        }
    }
}

impl Import for bool {
    fn read(from: &mut Reader) -> Result<bool> {
        from.bool()
    }
}

impl Import for () {
    fn read(from: &mut Reader) -> Result<()> {
        if from.null()? {
            return Ok(());
        }
        fail("null was expected")
    }
}

impl Import for String {
    fn read(from: &mut Reader) -> Result<String> {
        Ok(from.text()?.to_string())
    }
}

macro_rules! texts {
    ($($kind:ty: $tag:expr, $what:literal;)*) => {$(
        impl Import for $kind {
            fn read(from: &mut Reader) -> Result<$kind> {
                from.tag($tag, $what)?;
                from.text()?.parse()
            }
        }
    )*};
}

texts! {
    Decimal: DECIMAL, "a decimal";
    Date: DATE, "a date";
    Time: TIME, "a time";
    Timestamp: TIMESTAMP, "a timestamp";
}

impl Import for Duration {
    fn read(from: &mut Reader) -> Result<Duration> {
        from.tag(DURATION, "a duration")?;
        from.list()?;
        Ok(Duration::new(int(from.integer()?)?, int(from.integer()?)?))
    }
}

/// A file, where it lies.
impl Import for PathBuf {
    fn read(from: &mut Reader) -> Result<PathBuf> {
        from.tag(FILE, "a file")?;
        from.list()?;
        from.skip()?;
        from.skip()?;
        inbox::path_of(from.place()?.file)
    }
}

impl<T: Import> Import for Option<T> {
    fn read(from: &mut Reader) -> Result<Option<T>> {
        if from.null()? {
            return Ok(None);
        }
        T::read(from).map(Some)
    }
    fn of_int(number: i64) -> Result<Option<T>> {
        T::of_int(number).map(Some)
    }
    fn of_float(number: f64) -> Result<Option<T>> {
        T::of_float(number).map(Some)
    }
    fn missing(_field: &str) -> Result<Option<T>> {
        Ok(None)
    }
}

impl<T: Import> Import for Vec<T> {
    fn read(from: &mut Reader) -> Result<Vec<T>> {
        T::read_list(from)
    }
}

impl<T: Import> Import for Box<T> {
    fn read(from: &mut Reader) -> Result<Box<T>> {
        T::read(from).map(Box::new)
    }
}

macro_rules! tuples {
    ($($($kind:ident)* = $count:literal;)*) => {$(
        impl<$($kind: Import),*> Import for ($($kind,)*) {
            fn read(from: &mut Reader) -> Result<Self> {
                match from.list()? {
                    $count => Ok(($($kind::read(from)?,)*)),
                    count => fail(format!("a list of {} was expected, not of {}", $count, count)),
                }
            }
        }
    )*};
}

tuples! {
    A B = 2;
    A B C = 3;
    A B C D = 4;
}

fn pairs<T: Import, M: Default + Extend<(String, T)>>(from: &mut Reader) -> Result<M> {
    let mut map = M::default();
    for _ in 0..from.map()? {
        let key = from.text()?.to_string();
        map.extend([(key, T::read(from)?)]);
    }
    Ok(map)
}

impl<T: Import> Import for Map<T> {
    fn read(from: &mut Reader) -> Result<Map<T>> {
        pairs(from)
    }
}

impl<T: Import> Import for BTreeMap<String, T> {
    fn read(from: &mut Reader) -> Result<BTreeMap<String, T>> {
        pairs(from)
    }
}

impl<T: Import, S: std::hash::BuildHasher + Default> Import for HashMap<String, T, S> {
    fn read(from: &mut Reader) -> Result<HashMap<String, T, S>> {
        pairs(from)
    }
}
