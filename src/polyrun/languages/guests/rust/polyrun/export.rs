//! From objects of Rust to a value file, by their type.

use crate::number::bytes_of;
use crate::outbox::{create, unwritten, Writer};
use crate::wire::{BIG_INT, DATE, DECIMAL, DURATION, FILE, TIME, TIMESTAMP};
use crate::{fail, BigInt, Date, Decimal, Duration, Error, Number, Order, Result, Time, Timestamp};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};
use std::time::SystemTime;

/// A type whose values other languages can read. `polyrun::record!` gives it to a struct.
#[cfg_attr(
    says_why,
    diagnostic::on_unimplemented(
        message = "`{Self}` cannot be exported",
        label = "other languages have no such type",
        note = "numbers, texts, lists and maps can be, and structs with `polyrun::record!(Name {{ field, … }});`"
    )
)]
pub trait Export {
    #[doc(hidden)]
    fn write(&self, out: &mut Writer) -> Result<()>;

    /// The same as the declared type asks for it, where Rust has one thing for two types.
    #[doc(hidden)]
    fn write_as(&self, _kind: &str, out: &mut Writer) -> Result<()> {
        self.write(out)
    }

    #[doc(hidden)]
    fn is_null(&self) -> bool {
        false
    }

    #[doc(hidden)]
    fn write_list(items: &[Self], _kind: &str, out: &mut Writer) -> Result<()>
    where
        Self: Sized,
    {
        out.items(items)
    }
}

impl Writer {
    pub(crate) fn items<T: Export>(&mut self, items: &[T]) -> Result<()> {
        self.head(4, items.len() as u64);
        items.iter().try_for_each(|item| item.write(self))
    }

    #[doc(hidden)]
    pub fn entries(&mut self, entries: &[(&str, &dyn Export)]) -> Result<()> {
        self.head(5, entries.len() as u64);
        for (key, value) in entries {
            self.text(key.strip_prefix("r#").unwrap_or(key));
            value.write(self)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let broken = |error| Error::new(format!("the file {} cannot be read: {}", path.display(), error));
        let mut from = std::fs::File::open(path).map_err(broken)?;
        let base = match path.file_name().and_then(|name| name.to_str()) {
            Some(base) => base,
            None => return fail(format!("the file {} has no name that is text", path.display())),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
        let safe: String = base.chars().map(plain).collect();
        let (name, mut to) = create(&format!("-{}", &safe[safe.len().saturating_sub(100)..]))?;
        let size = std::io::copy(&mut from, &mut to).map_err(unwritten)?;
        self.head(6, FILE);
        self.head(4, 3);
        self.text(base);
        self.text(media(path.extension().and_then(|ending| ending.to_str()).unwrap_or("")));
        self.place(&name, 0, size as usize);
        Ok(())
    }
}

fn media(ending: &str) -> &'static str {
    match ending {
        "csv" => "text/csv",
        "html" => "text/html",
        "jpg" | "jpeg" => "image/jpeg",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

macro_rules! exports {
    ($($kind:ty: |$value:ident, $out:ident| $write:expr;)*) => {$(
        impl Export for $kind {
            fn write(&self, $out: &mut Writer) -> Result<()> {
                let $value = self;
                $write;
                Ok(())
            }
        }
    )*};
}

exports! {
    (): |_value, out| out.null();
    char: |value, out| out.text(value.encode_utf8(&mut [0; 4]));
    BigInt: |value, out| match value.to_i64() {
        Some(number) => out.integer(number),
        None => out.tagged(BIG_INT, value.as_str()),
    };
    Decimal: |value, out| out.tagged(DECIMAL, value.as_str());
    Date: |value, out| out.tagged(DATE, &value.text()?);
    Time: |value, out| out.tagged(TIME, &value.to_string());
    Timestamp: |value, out| out.tagged(TIMESTAMP, &value.text()?);
    SystemTime: |value, out| Timestamp::from(*value).write(out)?;
    std::time::Duration: |value, out| Duration::from(*value).write(out)?;
    Duration: |value, out| {
        out.head(6, DURATION);
        out.head(4, 2);
        out.integer(value.seconds());
        out.integer(value.subsec_nanos().into())
    };
}

/// A list of integers: in one piece if all have 64 bits at most.
fn integers<T: Copy + TryInto<i64> + Export>(items: &[T], out: &mut Writer) -> Result<()> {
    let numbers: Option<Vec<i64>> = items.iter().map(|&item| item.try_into().ok()).collect();
    match numbers {
        Some(numbers) => out.packed(&numbers),
        None => out.items(items),
    }
}

fn grid<T: Number>(items: &[T], out: &mut Writer) -> Result<()> {
    out.array(T::DTYPE, &[items.len()], Order::C, bytes_of(items))
}

macro_rules! integer_exports {
    ($($kind:ty: |$items:ident, $as:ident, $out:ident| $write:expr;)*) => {$(
        impl Export for $kind {
            fn write(&self, out: &mut Writer) -> Result<()> {
                match i64::try_from(*self) {
                    Ok(number) => out.integer(number),
                    Err(_) => out.tagged(BIG_INT, &self.to_string()),
                }
                Ok(())
            }
            fn write_list($items: &[$kind], $as: &str, $out: &mut Writer) -> Result<()> {
                $write
            }
        }
    )*};
}

integer_exports! {
    i8: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    i16: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    i32: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    i64: |items, kind, out| if kind == "array" { grid(items, out) } else { out.packed(items) };
    u16: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    u32: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    u64: |items, kind, out| if kind == "array" { grid(items, out) } else { integers(items, out) };
    i128: |items, _kind, out| integers(items, out);
    u128: |items, _kind, out| integers(items, out);
    isize: |items, _kind, out| integers(items, out);
    usize: |items, _kind, out| integers(items, out);
    u8: |items, kind, out| match kind {
        "array" => grid(items, out),
        "list" => integers(items, out),
        "str" => match std::str::from_utf8(items) {
            Ok(text) => text.write(out),
            Err(_) => fail("it is a text that is not valid UTF-8"),
        },
        _ => out.bytes(items),
    };
}

impl Export for f64 {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.float(*self);
        Ok(())
    }
    fn write_list(items: &[f64], kind: &str, out: &mut Writer) -> Result<()> {
        if kind == "array" {
            return grid(items, out);
        }
        out.packed(items)
    }
}

impl Export for f32 {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.float(f64::from(*self));
        Ok(())
    }
    fn write_list(items: &[f32], kind: &str, out: &mut Writer) -> Result<()> {
        if kind == "array" {
            return grid(items, out);
        }
        out.packed(&items.iter().map(|&item| f64::from(item)).collect::<Vec<_>>())
    }
}

impl Export for bool {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.bool(*self);
        Ok(())
    }
    fn write_list(items: &[bool], kind: &str, out: &mut Writer) -> Result<()> {
        if kind == "array" {
            return grid(items, out);
        }
        out.items(items)
    }
}

impl Export for str {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.text(self);
        Ok(())
    }
    fn write_as(&self, kind: &str, out: &mut Writer) -> Result<()> {
        match kind {
            "bytes" => out.bytes(self.as_bytes()),
            "file" => out.file(Path::new(self)),
            _ => self.write(out),
        }
    }
}

impl Export for Path {
    fn write(&self, out: &mut Writer) -> Result<()> {
        out.file(self)
    }
    fn write_as(&self, kind: &str, out: &mut Writer) -> Result<()> {
        match (kind, self.to_str()) {
            ("str", Some(text)) => text.write(out),
            ("str", None) => fail("it is a path that is not text"),
            _ => self.write(out),
        }
    }
}

/// Types that are exported as what they hold.
macro_rules! through {
    ($([$($of:tt)*] $kind:ty: |$value:ident| $inner:expr;)*) => {$(
        impl<$($of)*> Export for $kind {
            fn write(&self, out: &mut Writer) -> Result<()> {
                let $value = self;
                $inner.write(out)
            }
            fn write_as(&self, kind: &str, out: &mut Writer) -> Result<()> {
                let $value = self;
                $inner.write_as(kind, out)
            }
        }
    )*};
}

through! {
    [T: Export + ?Sized] &T: |value| (**value);
    [T: Export + ?Sized] &mut T: |value| (**value);
    [T: Export + ?Sized] Box<T>: |value| (**value);
    [T: Export + ?Sized] Rc<T>: |value| (**value);
    [T: Export + ?Sized] Arc<T>: |value| (**value);
    [T: Export + ToOwned + ?Sized] Cow<'_, T>: |value| (**value);
    [T: Export + Copy] Cell<T>: |value| value.get();
    [T: Export + ?Sized] RefCell<T>: |value| value.borrow();
    [T: Export + ?Sized] Mutex<T>: |value| value.lock().or_else(|_| fail("a thread has left it in disorder"))?;
    [T: Export + ?Sized] RwLock<T>: |value| value.read().or_else(|_| fail("a thread has left it in disorder"))?;
    [] String: |value| value.as_str();
    [] PathBuf: |value| value.as_path();
    [T: Export] Vec<T>: |value| value.as_slice();
    [T: Export, const N: usize] [T; N]: |value| value[..];
}

impl<T: Export> Export for Option<T> {
    fn is_null(&self) -> bool {
        self.is_none()
    }
    fn write(&self, out: &mut Writer) -> Result<()> {
        self.write_as("", out)
    }
    fn write_as(&self, kind: &str, out: &mut Writer) -> Result<()> {
        match self {
            Some(value) => value.write_as(kind, out),
            None => ().write(out),
        }
    }
}

impl<T: Export> Export for [T] {
    fn write(&self, out: &mut Writer) -> Result<()> {
        T::write_list(self, "", out)
    }
    fn write_as(&self, kind: &str, out: &mut Writer) -> Result<()> {
        T::write_list(self, kind, out)
    }
}
