//! Numbers in a grid.

use crate::import::Import;
use crate::number::{bytes_of, own_numbers_of};
use crate::outbox::Writer;
use crate::wire::{Place, Reader, ARRAY};
use crate::{fail, inbox, Export, Number, Result};
use std::ops::{Deref, DerefMut, Index, IndexMut, Range, RangeFrom, RangeFull, RangeTo};

/// Which index of an array goes from one number in memory to the next: the last (`C`) or the first (`F`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    C,
    F,
}

/// Numbers of one type in a grid. It is also a slice of all of them, as they lie in memory; `a[[i, j]]` is the one at a
/// place, whatever the order. An imported array can be changed, too; nobody else sees that.
pub struct Array<T: 'static> {
    numbers: Numbers<T>,
    shape: Vec<usize>,
    order: Order,
}

enum Numbers<T: 'static> {
    Own(Vec<T>),
    Mapped(&'static mut [T]),
}

impl<T: Number> Array<T> {
    /// Numbers in `shape`, the last index fastest. Panics if they are not as many as that.
    #[track_caller]
    pub fn new(shape: &[usize], numbers: Vec<T>) -> Array<T> {
        Array::with_order(Order::C, shape, numbers)
    }

    #[track_caller]
    pub fn with_order(order: Order, shape: &[usize], numbers: Vec<T>) -> Array<T> {
        let wanted: usize = shape.iter().product();
        assert!(numbers.len() == wanted, "{} numbers for an array of {:?}", numbers.len(), shape);
        assert!(shape.len() <= 8, "an array can have 8 dimensions");
        Array { numbers: Numbers::Own(numbers), shape: shape.to_vec(), order }
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn order(&self) -> Order {
        self.order
    }

    pub fn as_slice(&self) -> &[T] {
        self
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }

    pub fn into_vec(self) -> Vec<T> {
        match self.numbers {
            Numbers::Own(numbers) => numbers,
            Numbers::Mapped(numbers) => numbers.to_vec(),
        }
    }

    #[track_caller]
    fn position(&self, place: &[usize]) -> usize {
        assert!(place.len() == self.shape.len(), "{} indices for an array of {:?}", place.len(), self.shape);
        let step = |at: usize, (&index, &length): (&usize, &usize)| {
            assert!(index < length, "the place {:?} in an array of {:?}", place, self.shape);
            at * length + index
        };
        let pairs = place.iter().zip(&self.shape);
        match self.order {
            Order::C => pairs.fold(0, step),
            Order::F => pairs.rev().fold(0, step),
        }
    }
}

impl<T: 'static> Deref for Array<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.numbers {
            Numbers::Own(numbers) => numbers,
            Numbers::Mapped(numbers) => numbers,
        }
    }
}

impl<T: 'static> DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.numbers {
            Numbers::Own(numbers) => numbers,
            Numbers::Mapped(numbers) => numbers,
        }
    }
}

impl<T: Number, const N: usize> Index<[usize; N]> for Array<T> {
    type Output = T;
    #[track_caller]
    fn index(&self, place: [usize; N]) -> &T {
        &self[self.position(&place)]
    }
}

impl<T: Number, const N: usize> IndexMut<[usize; N]> for Array<T> {
    #[track_caller]
    fn index_mut(&mut self, place: [usize; N]) -> &mut T {
        let at = self.position(&place);
        &mut self[at]
    }
}

macro_rules! index_as_slice {
    ($($index:ty => $output:ty),*) => {$(
        impl<T: 'static> Index<$index> for Array<T> {
            type Output = $output;
            #[track_caller]
            fn index(&self, index: $index) -> &$output {
                &(**self)[index]
            }
        }
        impl<T: 'static> IndexMut<$index> for Array<T> {
            #[track_caller]
            fn index_mut(&mut self, index: $index) -> &mut $output {
                &mut (**self)[index]
            }
        }
    )*};
}

index_as_slice!(usize => T, Range<usize> => [T], RangeFrom<usize> => [T], RangeTo<usize> => [T], RangeFull => [T]);

impl<T: Number> Clone for Array<T> {
    fn clone(&self) -> Array<T> {
        Array { numbers: Numbers::Own(self.to_vec()), shape: self.shape.clone(), order: self.order }
    }
}

impl<T: Number> From<Vec<T>> for Array<T> {
    fn from(numbers: Vec<T>) -> Array<T> {
        Array { shape: vec![numbers.len()], numbers: Numbers::Own(numbers), order: Order::C }
    }
}

impl<T: Number> PartialEq for Array<T> {
    fn eq(&self, other: &Array<T>) -> bool {
        if self.shape != other.shape || self.order == other.order || self.shape.len() < 2 {
            return self.shape == other.shape && self[..] == other[..];
        }
        let mut place = vec![0; self.shape.len()];
        for _ in 0..self.len() {
            if self[self.position(&place)] != other[other.position(&place)] {
                return false;
            }
            for (index, &length) in place.iter_mut().zip(&self.shape).rev() {
                *index = (*index + 1) % length;
                if *index != 0 {
                    break;
                }
            }
        }
        true
    }
}

impl<T: Number> std::fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Array({:?}, {:?}, {:?})", self.shape, self.order, &self[..])
    }
}

impl<'a, T: 'static> IntoIterator for &'a Array<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: 'static> IntoIterator for &'a mut Array<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: Number> Export for Array<T> {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.array(T::DTYPE, &self.shape, self.order, bytes_of(self))
    }
}

impl<T: Number> Import for Array<T> {
    fn read(from: &mut Reader) -> Result<Array<T>> {
        AnyArray::read(from)?.get()
    }
}

/// An imported array whose numbers can have any type.
#[derive(Clone, PartialEq)]
pub struct AnyArray {
    dtype: &'static str,
    shape: Vec<usize>,
    order: Order,
    place: Place,
}

impl AnyArray {
    /// The type of its numbers, such as `float64`.
    pub fn dtype(&self) -> &'static str {
        self.dtype
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The array, if its numbers are `T`s.
    pub fn get<T: Number>(&self) -> Result<Array<T>> {
        if self.dtype != T::DTYPE {
            return fail(format!("it is an array of {}, not {}", self.dtype, T::DTYPE));
        }
        let numbers = own_numbers_of(inbox::own_part(&self.place)?)?;
        if self.shape.iter().product::<usize>() != numbers.len() {
            return fail("it is an array whose data does not fit its shape");
        }
        Ok(Array { numbers: Numbers::Mapped(numbers), shape: self.shape.clone(), order: self.order })
    }
}

impl std::fmt::Debug for AnyArray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Array({:?}, {:?}, {})", self.shape, self.order, self.dtype)
    }
}

impl Import for AnyArray {
    fn read(from: &mut Reader) -> Result<AnyArray> {
        from.tag(ARRAY, "an array")?;
        from.list()?;
        let dtype = from.text()?;
        let shape = (0..from.list()?).map(|_| from.size()).collect::<Result<Vec<_>>>()?;
        let order = if from.text()? == "F" { Order::F } else { Order::C };
        Ok(AnyArray { dtype, shape, order, place: from.place()? })
    }
}

impl Export for AnyArray {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.array(self.dtype, &self.shape, self.order, inbox::part(&self.place)?)
    }
}
