//! The bytes of value files (docs/value-files.md): CBOR (RFC 8949) with private tags.

use crate::{fail, inbox, Result};

pub(crate) const REF: u64 = 50500;
pub(crate) const BIG_INT: u64 = 50501;
pub(crate) const DECIMAL: u64 = 50502;
pub(crate) const DATE: u64 = 50503;
pub(crate) const TIME: u64 = 50504;
pub(crate) const TIMESTAMP: u64 = 50505;
pub(crate) const DURATION: u64 = 50506;
pub(crate) const PACKED: u64 = 50507;
pub(crate) const ARRAY: u64 = 50508;
pub(crate) const TABLE: u64 = 50509;
pub(crate) const FILE: u64 = 50510;

/// Reads data items one after another.
#[derive(Clone)]
pub struct Reader {
    data: &'static [u8],
    at: usize,
}

/// Where bytes lie: a data file, and which part of it.
#[derive(Clone, PartialEq)]
pub(crate) struct Place {
    pub file: &'static str,
    pub offset: usize,
    pub length: usize,
}

impl Reader {
    pub(crate) fn new(data: &'static [u8], at: usize) -> Reader {
        Reader { data, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Result<u8> {
        match self.data.get(self.at) {
            Some(&first) => Ok(first),
            None => fail("the value file ends too early"),
        }
    }

    /// The tag that comes next, if one does.
    pub(crate) fn peek_tag(&self) -> Option<u64> {
        match self.clone().head() {
            Ok((6, tag)) => Some(tag),
            _ => None,
        }
    }

    /// The kind of the next item, and its number.
    pub(crate) fn head(&mut self) -> Result<(u8, u64)> {
        let first = self.peek()?;
        self.at += 1;
        let info = first & 31;
        if info < 24 {
            return Ok((first >> 5, info.into()));
        }
        if info > 27 {
            return fail("the value file has an item of unknown length");
        }
        let bytes = self.raw(1 << (info - 24))?;
        Ok((first >> 5, bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))))
    }

    fn raw(&mut self, size: u64) -> Result<&'static [u8]> {
        if size > (self.data.len() - self.at) as u64 {
            return fail("the value file ends too early");
        }
        let taken = &self.data[self.at..self.at + size as usize];
        self.at += taken.len();
        Ok(taken)
    }

    fn expect(&mut self, major: u8, what: &str) -> Result<u64> {
        match self.head()? {
            (found, number) if found == major => Ok(number),
            _ => fail(format!("{} was expected", what)),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'static str> {
        let size = self.expect(3, "a text")?;
        match std::str::from_utf8(self.raw(size)?) {
            Ok(text) => Ok(text),
            Err(_) => fail("a text is not valid UTF-8"),
        }
    }

    pub(crate) fn list(&mut self) -> Result<usize> {
        Ok(self.expect(4, "a list")? as usize)
    }

    pub(crate) fn map(&mut self) -> Result<usize> {
        Ok(self.expect(5, "a map")? as usize)
    }

    pub(crate) fn tag(&mut self, wanted: u64, what: &str) -> Result<()> {
        if self.peek_tag() != Some(wanted) {
            return fail(format!("{} was expected", what));
        }
        self.head().map(|_| ())
    }

    pub(crate) fn integer(&mut self) -> Result<i128> {
        match self.head()? {
            (0, number) => Ok(number.into()),
            (1, number) => Ok(-1 - i128::from(number)),
            _ => fail("an integer was expected"),
        }
    }

    pub(crate) fn size(&mut self) -> Result<usize> {
        match usize::try_from(self.integer()?) {
            Ok(size) => Ok(size),
            Err(_) => fail("a size is too large"),
        }
    }

    pub(crate) fn float(&mut self) -> Result<f64> {
        if self.peek()? != 0xfb {
            return fail("a float was expected");
        }
        Ok(f64::from_bits(self.head()?.1))
    }

    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.peek()? {
            0xf4 | 0xf5 => Ok(self.head()?.1 == 21),
            _ => fail("a bool was expected"),
        }
    }

    /// Go past a null, if one comes next.
    pub(crate) fn null(&mut self) -> Result<bool> {
        let is_null = self.peek()? == 0xf6;
        self.at += usize::from(is_null);
        Ok(is_null)
    }

    pub(crate) fn place(&mut self) -> Result<Place> {
        self.tag(REF, "a reference")?;
        self.list()?;
        Ok(Place { file: self.text()?, offset: self.size()?, length: self.size()? })
    }

    /// Bytes, here or in a data file.
    pub(crate) fn bytes(&mut self) -> Result<&'static [u8]> {
        if self.peek()? >> 5 == 2 {
            let size = self.expect(2, "bytes")?;
            return self.raw(size);
        }
        if self.peek_tag() != Some(REF) {
            return fail("bytes were expected");
        }
        let place = self.place()?;
        inbox::part(&place)
    }

    /// Go past one value.
    pub(crate) fn skip(&mut self) -> Result<()> {
        match self.head()? {
            (2, size) | (3, size) => self.raw(size).map(|_| ()),
            (4, count) => (0..count).try_for_each(|_| self.skip()),
            (5, count) => (0..count).try_for_each(|_| self.skip().and_then(|_| self.skip())),
            (6, _) => self.skip(),
            _ => Ok(()),
        }
    }
}
