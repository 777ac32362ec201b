//! The types of numbers that arrays and columns are made of.

use crate::{fail, Result};
use std::mem::{align_of, size_of};

mod sealed {
    pub trait Sealed {}
}

/// A type of the elements of arrays.
pub trait Number: sealed::Sealed + Copy + PartialEq + std::fmt::Debug + 'static {
    #[doc(hidden)]
    const DTYPE: &'static str;

    /// Whether `bytes` are numbers of this type.
    #[doc(hidden)]
    fn is_sound(_bytes: &[u8]) -> bool {
        true
    }
}

macro_rules! numbers {
    ($($kind:ty: $dtype:literal),*) => {$(
        impl sealed::Sealed for $kind {}
        impl Number for $kind {
            const DTYPE: &'static str = $dtype;
        }
    )*};
}

numbers!(i8: "int8", i16: "int16", i32: "int32", i64: "int64");
numbers!(u8: "uint8", u16: "uint16", u32: "uint32", u64: "uint64");
numbers!(f32: "float32", f64: "float64");

impl sealed::Sealed for bool {}
impl Number for bool {
    const DTYPE: &'static str = "bool";

    fn is_sound(bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| byte < 2)
    }
}

pub(crate) fn bytes_of<T: Number>(numbers: &[T]) -> &[u8] {
    // SAFETY: `Number` is implemented for types without padding only.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), std::mem::size_of_val(numbers)) }
}

fn check<T: Number>(bytes: &[u8]) -> Result<()> {
    if bytes.len() % size_of::<T>() != 0 || bytes.as_ptr() as usize % align_of::<T>() != 0 || !T::is_sound(bytes) {
        return fail(format!("it has bytes that are not {}", T::DTYPE));
    }
    Ok(())
}

/// `bytes` as the numbers that they are.
pub(crate) fn numbers_of<T: Number>(bytes: &'static [u8]) -> Result<&'static [T]> {
    if bytes.is_empty() {
        return Ok(&[]);
    }
    check::<T>(bytes)?;
    // SAFETY: they were just checked.
    Ok(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
}

pub(crate) fn own_numbers_of<T: Number>(bytes: &'static mut [u8]) -> Result<&'static mut [T]> {
    if bytes.is_empty() {
        return Ok(&mut []);
    }
    check::<T>(bytes)?;
    // SAFETY: they were just checked.
    Ok(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) })
}
