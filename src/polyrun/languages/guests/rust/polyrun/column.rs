//! The columns of imported tables.

use crate::calendar::SECOND;
use crate::number::numbers_of;
use crate::table::Raw;
use crate::timestamp::offset;
use crate::{fail, Date, Decimal, Duration, Number, Result, Time, Timestamp};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, Range};

/// What the generated types call a column of `T`: a slice for numbers and dates, else a `Column<T>`.
pub type ColumnOf<T> = <T as Cell>::Column;

/// A type of the values of a column.
pub trait Cell: Sized + 'static {
    type Column: ReadColumn;

    #[doc(hidden)]
    const NULLABLE: bool = false;

    /// Whether it is what a column of the type `kind` holds.
    #[doc(hidden)]
    fn suits(kind: &str) -> bool;

    /// The value in row `at`, which is there.
    #[doc(hidden)]
    fn cell(part: &Part, at: usize) -> Self;
}

/// How a column is given to a program.
pub trait ReadColumn: Sized {
    #[doc(hidden)]
    fn of(part: Part) -> Result<Self>;
}

/// A column as it lies in memory.
#[derive(Clone)]
pub struct Part {
    rows: usize,
    base: String,
    inside: String,
    validity: Option<&'static [u8]>,
    data: &'static [u8],
    text: &'static str,
    offsets: &'static [i32],
}

fn borrowed(bytes: &Cow<'static, [u8]>) -> Result<&'static [u8]> {
    match bytes {
        Cow::Borrowed(bytes) => Ok(bytes),
        Cow::Owned(_) => fail("only the columns of imported tables can be read"),
    }
}

impl Part {
    pub(crate) fn of(raw: &Raw, rows: usize) -> Result<Part> {
        let (base, inside) = raw.kind.split_once('(').unwrap_or((&raw.kind, ""));
        let data = borrowed(&raw.data)?;
        let offsets = raw.offsets.as_ref().map_or(Ok(&[][..]), borrowed)?;
        let text = if base == "str" { std::str::from_utf8(data) } else { Ok("") };
        Ok(Part {
            rows,
            base: base.to_string(),
            inside: inside.trim_end_matches(')').to_string(),
            validity: raw.validity.as_ref().map(borrowed).transpose()?,
            data,
            text: text.or_else(|_| fail("a column has text that is not valid UTF-8"))?,
            offsets: numbers_of(offsets)?,
        })
    }

    #[inline]
    fn is_null(&self, at: usize) -> bool {
        self.validity.map_or(false, |bits| bits[at >> 3] >> (at & 7) & 1 == 0)
    }

    fn check<T: Cell>(&self) -> Result<()> {
        if !T::suits(&self.base) {
            return fail(format!("the column has the type {}", self.base));
        }
        if !T::NULLABLE && (0..self.rows).any(|at| self.is_null(at)) {
            return fail("the column has nulls: its type must be an Option");
        }
        Ok(())
    }

    #[inline]
    fn range(&self, at: usize) -> Range<usize> {
        self.offsets[at] as usize..self.offsets[at + 1] as usize
    }

    #[inline]
    fn number<const N: usize>(&self, at: usize) -> [u8; N] {
        self.data[at * N..(at + 1) * N].try_into().expect("a slice of that length")
    }

    #[inline]
    fn nanoseconds(&self, at: usize) -> i128 {
        let factor = if self.inside.starts_with("ns") { 1 } else { 1000 };
        i128::from(i64::from_le_bytes(self.number(at))) * factor
    }
}

macro_rules! slice_columns {
    ($($kind:ty: $base:expr),*) => {$(
        impl Cell for $kind {
            type Column = &'static [$kind];
            fn suits(base: &str) -> bool {
                base == $base
            }
            #[inline]
            fn cell(part: &Part, at: usize) -> $kind {
                <$kind>::from_le_bytes(part.number(at))
            }
        }
    )*};
}

slice_columns!(i8: "int8", i16: "int16", i32: "int32", i64: "int64", f32: "float32", f64: "float64");
slice_columns!(u8: "uint8", u16: "uint16", u32: "uint32", u64: "uint64");

impl<T: Number + Cell> ReadColumn for &'static [T] {
    fn of(part: Part) -> Result<Self> {
        part.check::<T>()?;
        numbers_of(part.data)
    }
}

impl Cell for Date {
    type Column = &'static [Date];
    fn suits(base: &str) -> bool {
        base == "date"
    }
    fn cell(part: &Part, at: usize) -> Date {
        Date::from_days(i32::from_le_bytes(part.number(at)))
    }
}

impl ReadColumn for &'static [Date] {
    fn of(part: Part) -> Result<Self> {
        part.check::<Date>()?;
        let days: &[i32] = numbers_of(part.data)?;
        // SAFETY: `Date` is transparent.
        Ok(unsafe { std::slice::from_raw_parts(days.as_ptr().cast(), days.len()) })
    }
}

macro_rules! other_columns {
    ($($kind:ty: $base:literal, |$part:ident, $at:ident| $cell:expr;)*) => {$(
        impl Cell for $kind {
            type Column = Column<$kind>;
            fn suits(base: &str) -> bool {
                base == $base
            }
            #[inline]
            fn cell($part: &Part, $at: usize) -> $kind {
                $cell
            }
        }
    )*};
}

other_columns! {
    bool: "bool", |part, at| part.data[at >> 3] >> (at & 7) & 1 == 1;
    &'static str: "str", |part, at| &part.text[part.range(at)];
    &'static [u8]: "bytes", |part, at| &part.data[part.range(at)];
    Time: "time", |part, at| Time::since_midnight(part.nanoseconds(at) as i64);
    Duration: "duration", |part, at| Duration::from_nanoseconds(part.nanoseconds(at));
    Timestamp: "timestamp", |part, at| timestamp(part.nanoseconds(at), &part.inside);
    Decimal: "decimal", |part, at| {
        let scale = part.inside.split_once(',').and_then(|parts| parts.1.parse().ok());
        Decimal::new(i128::from_le_bytes(part.number(at)), scale.unwrap_or(0))
    };
}

fn timestamp(nanoseconds: i128, kind: &str) -> Timestamp {
    let zone = kind.split_once(',').map_or("", |parts| parts.1);
    match (zone, offset(zone)) {
        ("", _) => Timestamp::wall(nanoseconds, Cow::Borrowed("")),
        ("UTC", _) => Timestamp::wall(nanoseconds, Cow::Borrowed("Z")),
        (_, Some(ahead)) => {
            Timestamp::wall(nanoseconds + i128::from(ahead) * 60 * i128::from(SECOND), zone.to_string().into())
        }
        _ => Timestamp::wall(nanoseconds, format!("Z[{}]", zone).into()),
    }
}

impl<T: Cell> Cell for Option<T> {
    type Column = Column<Option<T>>;
    const NULLABLE: bool = true;
    fn suits(base: &str) -> bool {
        T::suits(base)
    }
    fn cell(part: &Part, at: usize) -> Option<T> {
        if part.is_null(at) {
            None
        } else {
            Some(T::cell(part, at))
        }
    }
}

/// A column: of texts, of bools, of times, or of whatever has nulls (then `T` is an `Option`).
#[derive(Clone)]
pub struct Column<T> {
    part: Part,
    of: PhantomData<T>,
}

impl<T: Cell> ReadColumn for Column<T> {
    fn of(part: Part) -> Result<Self> {
        part.check::<T>()?;
        Ok(Column { part, of: PhantomData })
    }
}

impl<T: Cell> Column<T> {
    pub fn len(&self) -> usize {
        self.part.rows
    }

    pub fn is_empty(&self) -> bool {
        self.part.rows == 0
    }

    /// The value in row `row`. Panics if there is no such row.
    #[track_caller]
    pub fn at(&self, row: usize) -> T {
        assert!(row < self.part.rows, "row {} of a table of {} rows", row, self.part.rows);
        T::cell(&self.part, row)
    }

    pub fn iter(&self) -> Cells<'_, T> {
        Cells { column: self, rows: 0..self.part.rows }
    }

    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }
}

impl<T: Cell> Column<Option<T>> {
    #[track_caller]
    pub fn is_null(&self, row: usize) -> bool {
        self.at(row).is_none()
    }

    /// The value in row `row`; `None` if it is null. Panics if there is no such row.
    #[track_caller]
    pub fn get(&self, row: usize) -> Option<T> {
        self.at(row)
    }
}

impl Index<usize> for Column<&'static str> {
    type Output = str;
    #[track_caller]
    fn index(&self, row: usize) -> &str {
        self.at(row)
    }
}

impl Index<usize> for Column<bool> {
    type Output = bool;
    #[track_caller]
    fn index(&self, row: usize) -> &bool {
        if self.at(row) {
            &true
        } else {
            &false
        }
    }
}

impl<T: Cell + PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Column<T>) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Cell + fmt::Debug> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Goes over the values of a column.
#[derive(Clone)]
pub struct Cells<'a, T> {
    column: &'a Column<T>,
    rows: Range<usize>,
}

impl<T: Cell> Iterator for Cells<'_, T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.rows.next().map(|row| T::cell(&self.column.part, row))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<T: Cell> DoubleEndedIterator for Cells<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        self.rows.next_back().map(|row| T::cell(&self.column.part, row))
    }
}

impl<T: Cell> ExactSizeIterator for Cells<'_, T> {}

impl<'a, T: Cell> IntoIterator for &'a Column<T> {
    type Item = T;
    type IntoIter = Cells<'a, T>;
    fn into_iter(self) -> Cells<'a, T> {
        self.iter()
    }
}
