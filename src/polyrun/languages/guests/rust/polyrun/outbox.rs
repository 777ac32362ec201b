//! Where a block leaves what it exports.

use crate::number::bytes_of;
use crate::wire::{ARRAY, PACKED, REF};
use crate::{inbox, Error, Number, Order, Result};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::raw::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

extern "C" {
    fn atexit(call: extern "C" fn()) -> c_int;
    fn _exit(code: c_int) -> !;
}

const NPY_HEAD: usize = 256;
const INLINE_BYTES: usize = 64 * 1024;

/// Writes data items.
pub struct Writer {
    pub(crate) data: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Writer {
        Writer { data: Vec::new() }
    }

    pub(crate) fn head(&mut self, major: u8, number: u64) {
        let bytes = number.to_be_bytes();
        let (info, size) = match number {
            0..=23 => (number as u8, 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.data.push(major << 5 | info);
        self.data.extend_from_slice(&bytes[8 - size..]);
    }

    pub(crate) fn null(&mut self) {
        self.data.push(0xf6);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.data.push(0xf4 + u8::from(value));
    }

    pub(crate) fn integer(&mut self, value: i64) {
        if value >= 0 {
            self.head(0, value as u64);
        } else {
            self.head(1, !value as u64);
        }
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.data.push(0xfb);
        self.data.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.head(3, value.len() as u64);
        self.data.extend_from_slice(value.as_bytes());
    }

    pub(crate) fn tagged(&mut self, tag: u64, text: &str) {
        self.head(6, tag);
        self.text(text);
    }

    pub(crate) fn place(&mut self, file: &str, offset: usize, length: usize) {
        self.head(6, REF);
        self.head(4, 3);
        self.text(file);
        self.head(0, offset as u64);
        self.head(0, length as u64);
    }

    /// Bytes: here, or in a file of their own if they are many.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() <= INLINE_BYTES {
            self.head(2, bytes.len() as u64);
            self.data.extend_from_slice(bytes);
            return Ok(());
        }
        let (name, mut file) = create(".bin")?;
        file.write_all(bytes).map_err(unwritten)?;
        self.place(&name, 0, bytes.len());
        Ok(())
    }

    fn numbers(&mut self, bytes: &[u8]) -> Result<()> {
        let (name, mut file) = create(".npy")?;
        let wrote = file.set_len(NPY_HEAD as u64).and_then(|_| file.seek(SeekFrom::Start(NPY_HEAD as u64)));
        wrote.and_then(|_| file.write_all(bytes)).map_err(unwritten)?;
        self.place(&name, NPY_HEAD, bytes.len());
        Ok(())
    }

    /// A list of numbers, in one piece.
    pub(crate) fn packed<T: Number>(&mut self, numbers: &[T]) -> Result<()> {
        self.packed_bytes(T::DTYPE, bytes_of(numbers))
    }

    fn packed_bytes(&mut self, dtype: &str, bytes: &[u8]) -> Result<()> {
        self.head(6, PACKED);
        self.head(4, 2);
        self.text(dtype);
        if bytes.len() > INLINE_BYTES {
            return self.numbers(bytes);
        }
        self.bytes(bytes)
    }

    /// `bytes` are the numbers.
    pub(crate) fn array(&mut self, dtype: &str, shape: &[usize], order: Order, bytes: &[u8]) -> Result<()> {
        self.head(6, ARRAY);
        self.head(4, 4);
        self.text(dtype);
        self.head(4, shape.len() as u64);
        shape.iter().for_each(|&length| self.head(0, length as u64));
        self.text(if order == Order::F { "F" } else { "C" });
        self.numbers(bytes)
    }
}

pub(crate) fn unwritten(error: std::io::Error) -> Error {
    Error::new(format!("the data cannot be written: {}", error))
}

/// A new data file whose name ends in `ending`.
pub(crate) fn create(ending: &str) -> Result<(String, File)> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}{}{}", inbox::prefix()?, COUNT.fetch_add(1, Ordering::Relaxed), ending);
    let path = inbox::folder("POLYRUN_OUT")?.join(&name);
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(unwritten)?;
    Ok((name, file))
}

struct Outbox {
    process: u32,
    values: BTreeMap<String, Vec<u8>>,
    refused: BTreeMap<String, String>,
}

static OUTBOX: Mutex<Option<Outbox>> = Mutex::new(None);

fn with(change: impl FnOnce(&mut Outbox)) {
    let mut outbox = OUTBOX.lock().unwrap_or_else(|broken| broken.into_inner());
    change(outbox.get_or_insert_with(|| {
        // SAFETY: `leave` may be called at any time.
        unsafe { atexit(leave) };
        Outbox { process: std::process::id(), values: BTreeMap::new(), refused: BTreeMap::new() }
    }));
}

pub(crate) fn keep(name: &str, encoded: Vec<u8>) {
    with(|outbox| {
        outbox.refused.remove(name);
        outbox.values.insert(name.to_string(), encoded);
    });
}

pub(crate) fn refuse(name: &str, why: &str) {
    with(|outbox| {
        outbox.values.remove(name);
        outbox.refused.insert(name.to_string(), why.to_string());
    });
}

fn write(outbox: &Outbox) -> std::io::Result<()> {
    let mut out = Writer::new();
    out.head(5, 3);
    out.text("polyrun");
    out.integer(1);
    out.text("exports");
    out.head(5, outbox.values.len() as u64);
    for (name, encoded) in &outbox.values {
        out.text(name);
        out.data.extend_from_slice(encoded);
    }
    out.text("refused");
    out.head(5, outbox.refused.len() as u64);
    for (name, why) in &outbox.refused {
        out.text(name);
        out.text(why);
    }
    let folder = inbox::folder("POLYRUN_OUT").map_err(|error| std::io::Error::new(std::io::ErrorKind::Other, error))?;
    std::fs::write(folder.join("values.tmp"), &out.data)?;
    std::fs::rename(folder.join("values.tmp"), folder.join("values.cbor"))
}

/// Called when the program leaves by `exit`, which is also what follows a `main` that returns.
extern "C" fn leave() {
    let outbox = OUTBOX.lock().unwrap_or_else(|broken| broken.into_inner());
    if let Some(outbox) = outbox.as_ref() {
        if outbox.process != std::process::id() {
            return; // a child that was forked has nothing to hand over
        }
        if let Err(error) = write(outbox) {
            eprintln!("the values of this block cannot be written: {}", error);
            // SAFETY: ends the process; whatever else would have been called at its end does not matter any more.
            unsafe { _exit(74) };
        }
    }
}
