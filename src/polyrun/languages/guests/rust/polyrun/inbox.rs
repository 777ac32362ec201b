//! What a block imports: the value file and the data files beside it, mapped into memory.

use crate::wire::{Place, Reader};
use crate::{fail, Error, Result};
use std::collections::HashMap;
use std::fs::File;
use std::os::raw::{c_int, c_void};
use std::os::unix::io::AsRawFd;
use std::path::PathBuf;
use std::sync::Mutex;

extern "C" {
    // The standard library links against libc anyway. Offsets are always 0 here, so their width does not matter.
    fn mmap(at: *mut c_void, size: usize, access: c_int, flags: c_int, file: c_int, offset: isize) -> *mut c_void;
}

const READ: c_int = 1;
const WRITE: c_int = 2;
const PRIVATE: c_int = 2;

/// One of the folders that PolyRun gives to a block with values.
pub(crate) fn folder(variable: &str) -> Result<PathBuf> {
    match std::env::var_os(variable) {
        Some(path) => Ok(PathBuf::from(path)),
        None => fail(format!("this block has no values: {} is not set", variable)),
    }
}

pub(crate) fn path_of(name: &str) -> Result<PathBuf> {
    Ok(folder("POLYRUN_IN")?.join(name))
}

/// All of a file, for as long as the program runs. Pages that are written to are copied first.
fn map(name: &str, access: c_int) -> Result<(*mut u8, usize)> {
    let path = path_of(name)?;
    let broken = |error| Error::new(format!("cannot read {}: {}", path.display(), error));
    let file = File::open(&path).map_err(broken)?;
    let size = file.metadata().map_err(broken)?.len() as usize;
    if size == 0 {
        return Ok((std::ptr::NonNull::<u64>::dangling().as_ptr().cast(), 0));
    }
    // SAFETY: a new mapping of our own; the file is ours alone and does not change while the block runs.
    let at = unsafe { mmap(std::ptr::null_mut(), size, access, PRIVATE, file.as_raw_fd(), 0) };
    if at as isize == -1 {
        return Err(broken(std::io::Error::last_os_error()));
    }
    Ok((at.cast(), size))
}

fn check(place: &Place, size: usize) -> Result<()> {
    match place.offset.checked_add(place.length) {
        Some(end) if end <= size => Ok(()),
        _ => fail(format!("the data file {} is too short", place.file)),
    }
}

/// A file of the inbox to read from, mapped once.
fn whole(name: &str) -> Result<&'static [u8]> {
    static OPEN: Mutex<Option<HashMap<String, &'static [u8]>>> = Mutex::new(None);
    let mut open = OPEN.lock().unwrap_or_else(|broken| broken.into_inner());
    let open = open.get_or_insert_with(HashMap::new);
    if let Some(found) = open.get(name) {
        return Ok(found);
    }
    let (at, size) = map(name, READ)?;
    // SAFETY: the mapping is never undone, and nobody writes to it.
    let data = unsafe { std::slice::from_raw_parts(at, size) };
    open.insert(name.to_string(), data);
    Ok(data)
}

pub(crate) fn part(place: &Place) -> Result<&'static [u8]> {
    if place.length == 0 {
        return Ok(&[]);
    }
    let data = whole(place.file)?;
    check(place, data.len())?;
    Ok(&data[place.offset..place.offset + place.length])
}

/// Bytes that the caller alone has, and may change; they begin at a multiple of 64.
pub(crate) fn own_part(place: &Place) -> Result<&'static mut [u8]> {
    if place.length == 0 {
        return Ok(&mut []);
    }
    if place.offset % 64 != 0 {
        return fail(format!("the data file {} has numbers at an odd place", place.file));
    }
    let (at, size) = map(place.file, READ | WRITE)?;
    check(place, size)?;
    // SAFETY: a mapping that was made for this slice alone.
    Ok(unsafe { std::slice::from_raw_parts_mut(at.add(place.offset), place.length) })
}

struct Inbox {
    prefix: &'static str,
    values: HashMap<&'static str, usize>,
    exports: HashMap<&'static str, &'static str>,
}

fn read() -> Result<Inbox> {
    let mut from = Reader::new(whole("values.cbor")?, 0);
    let mut inbox = Inbox { prefix: "", values: HashMap::new(), exports: HashMap::new() };
    for _ in 0..from.map()? {
        match from.text()? {
            "prefix" => inbox.prefix = from.text()?,
            "imports" => {
                for _ in 0..from.map()? {
                    let name = from.text()?;
                    inbox.values.insert(name, from.at());
                    from.skip()?;
                }
            }
            "exports" => {
                for _ in 0..from.map()? {
                    let name = from.text()?;
                    inbox.exports.insert(name, if from.null()? { "" } else { from.text()? });
                }
            }
            _ => from.skip()?,
        }
    }
    Ok(inbox)
}

fn with<T>(look: impl FnOnce(&Inbox) -> T) -> Result<T> {
    static ONLY: Mutex<Option<Inbox>> = Mutex::new(None);
    let mut only = ONLY.lock().unwrap_or_else(|broken| broken.into_inner());
    if only.is_none() {
        *only = Some(read()?);
    }
    Ok(look(only.as_ref().expect("it was just read")))
}

/// Where the imported value `name` begins.
pub(crate) fn find(name: &str) -> Result<Reader> {
    match with(|inbox| inbox.values.get(name).copied())? {
        Some(at) => Ok(Reader::new(whole("values.cbor")?, at)),
        None => fail("this block does not import it"),
    }
}

/// The declared type of the export `name`, empty if it has none; `None` if it is not exported.
pub(crate) fn declared(name: &str) -> Result<Option<&'static str>> {
    with(|inbox| inbox.exports.get(name).copied())
}

pub(crate) fn prefix() -> Result<&'static str> {
    with(|inbox| inbox.prefix)
}
