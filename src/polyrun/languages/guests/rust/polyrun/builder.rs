//! From the items of a column to the bytes that a table file has for it.

use crate::calendar::DAY;
use crate::number::bytes_of;
use crate::table::Raw;
use crate::{fail, Date, Decimal, Duration, Number, Result, Time, Timestamp};
use std::borrow::Cow;

/// What a column of a table can be made of.
#[cfg_attr(says_why, diagnostic::on_unimplemented(message = "a column of a table cannot hold `{Self}`"))]
pub trait ColumnItem {
    #[doc(hidden)]
    const KIND: &'static str;

    /// Append this to what a column has, or what stands there for a null.
    #[doc(hidden)]
    fn push(item: Option<&Self>, to: &mut Builder);
}

/// A column under construction. `exact` are counts of units, which are not known before all are seen.
#[derive(Default)]
pub struct Builder {
    rows: usize,
    nulls: bool,
    validity: Vec<u8>,
    data: Vec<u8>,
    offsets: Vec<i32>,
    exact: Vec<i128>,
    scales: Vec<u32>,
    zone: Option<String>,
    fault: Option<String>,
}

impl Builder {
    pub(crate) fn push<T: ColumnItem>(&mut self, item: Option<&T>) {
        T::push(item, self);
        self.rows += 1;
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn bit(bits: &mut Vec<u8>, at: usize, on: bool) {
        if at % 8 == 0 {
            bits.push(0);
        }
        bits[at / 8] |= u8::from(on) << (at % 8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        match i32::try_from(self.data.len()) {
            Ok(end) => self.offsets.push(end),
            Err(_) => self.fail("it has more than 2 GiB of text"),
        }
    }

    fn fail(&mut self, why: &str) {
        self.fault.get_or_insert_with(|| why.to_string());
    }

    fn zone(&mut self, moment: &Timestamp) {
        let zone = match (moment.zone(), moment.suffix()) {
            (Some(zone), _) => zone,
            (None, "Z") => "UTC",
            (None, offset) => offset,
        };
        if self.zone.get_or_insert_with(|| zone.to_string()) != zone {
            self.fail("its timestamps are not all in one zone");
        }
    }

    pub(crate) fn finish<T: ColumnItem>(mut self, name: &str) -> Result<Raw> {
        let kind = match T::KIND {
            "decimal" => self.decimals(),
            "time" | "duration" | "timestamp" => self.moments(T::KIND),
            kind => kind.to_string(),
        };
        if let Some(why) = self.fault {
            return fail(why);
        }
        let is_variable = kind == "str" || kind == "bytes";
        self.offsets.insert(0, 0);
        Ok(Raw {
            name: name.to_string(),
            kind,
            validity: if self.nulls { Some(Cow::Owned(self.validity)) } else { None },
            data: Cow::Owned(self.data),
            offsets: if is_variable { Some(Cow::Owned(bytes_of(&self.offsets).to_vec())) } else { None },
        })
    }

    /// Nanoseconds only where microseconds will not do: those of the year 1677 and before are too many for 64 bits.
    fn moments(&mut self, base: &str) -> String {
        let is_exact = self.exact.iter().any(|count| count % 1000 != 0);
        let unit = if is_exact { 1 } else { 1000 };
        for count in std::mem::take(&mut self.exact) {
            match i64::try_from(count / unit) {
                Ok(count) => self.data.extend_from_slice(&count.to_le_bytes()),
                Err(_) => self.fail("it has a time that 64 bits cannot say as exactly as the others"),
            }
        }
        let unit = if is_exact { "ns" } else { "us" };
        match self.zone.as_deref() {
            Some(zone) if !zone.is_empty() => format!("{}({},{})", base, unit, zone),
            _ => format!("{}({})", base, unit),
        }
    }

    /// All with the digits behind the point that the one with the most has.
    fn decimals(&mut self) -> String {
        let scale = self.scales.iter().copied().max().unwrap_or(0);
        let mut precision = scale.max(1) as usize;
        for (units, own) in std::mem::take(&mut self.exact).into_iter().zip(std::mem::take(&mut self.scales)) {
            let scaled = 10i128.checked_pow(scale - own).and_then(|factor| units.checked_mul(factor));
            let units = scaled.unwrap_or(i128::MAX);
            precision = precision.max(units.unsigned_abs().to_string().len());
            self.data.extend_from_slice(&units.to_le_bytes());
        }
        if precision > 38 {
            self.fail("its decimals need more than 38 digits");
        }
        format!("decimal({},{})", precision, scale)
    }
}

impl<T: ColumnItem> ColumnItem for Option<T> {
    const KIND: &'static str = T::KIND;
    fn push(item: Option<&Self>, to: &mut Builder) {
        let inner = item.and_then(Option::as_ref);
        T::push(inner, to);
    }
}

impl<T: ColumnItem + ?Sized> ColumnItem for &T {
    const KIND: &'static str = T::KIND;
    fn push(item: Option<&Self>, to: &mut Builder) {
        T::push(item.copied(), to);
    }
}

macro_rules! items {
    ($($kind:ty: $name:expr, |$item:ident, $to:ident| $push:expr;)*) => {$(
        impl ColumnItem for $kind {
            const KIND: &'static str = $name;
            fn push($item: Option<&Self>, $to: &mut Builder) {
                Builder::bit(&mut $to.validity, $to.rows, $item.is_some());
                $to.nulls |= $item.is_none();
                $push
            }
        }
    )*};
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        items!($kind: <$kind>::DTYPE, |item, to| {
            to.data.extend_from_slice(&item.copied().unwrap_or_default().to_le_bytes())
        };);
    )*};
}

numbers!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

items! {
    bool: "bool", |item, to| Builder::bit(&mut to.data, to.rows, item == Some(&true));
    usize: "uint64", |item, to| to.data.extend_from_slice(&(item.copied().unwrap_or(0) as u64).to_le_bytes());
    isize: "int64", |item, to| to.data.extend_from_slice(&(item.copied().unwrap_or(0) as i64).to_le_bytes());
    str: "str", |item, to| to.bytes(item.unwrap_or("").as_bytes());
    String: "str", |item, to| to.bytes(item.map_or("", String::as_str).as_bytes());
    [u8]: "bytes", |item, to| to.bytes(item.unwrap_or(&[]));
    Vec<u8>: "bytes", |item, to| to.bytes(item.map_or(&[][..], Vec::as_slice));
    Date: "date", |item, to| to.data.extend_from_slice(&item.map_or(0, |date| date.days()).to_le_bytes());
    Time: "time", |item, to| to.exact.push(item.map_or(0, |time| time.nanoseconds().rem_euclid(DAY)).into());
    Duration: "duration", |item, to| to.exact.push(item.map_or(0, |one| one.nanoseconds()));
    std::time::Duration: "duration", |item, to| to.exact.push(item.map_or(0, |one| one.as_nanos() as i128));
    std::time::SystemTime: "timestamp", |item, to| {
        let moment = item.map(|&time| Timestamp::from(time));
        add_moment(moment.as_ref(), to)
    };
    Timestamp: "timestamp", |item, to| add_moment(item, to);
    Decimal: "decimal", |item, to| {
        let parts = item.map_or(Some((0, 0)), Decimal::parts);
        if parts.is_none() {
            to.fail("its decimals need more than 38 digits");
        }
        let (units, scale) = parts.unwrap_or((0, 0));
        to.exact.push(units);
        to.scales.push(scale)
    };
}

fn add_moment(moment: Option<&Timestamp>, to: &mut Builder) {
    let moment = match moment {
        Some(moment) => moment,
        None => return to.exact.push(0),
    };
    to.zone(moment);
    let is_plain = moment.suffix().is_empty();
    let since = if is_plain { Some(moment.wall_nanoseconds()) } else { moment.unix() };
    if since.is_none() {
        to.fail("it has a timestamp in a zone that does not say how far from UTC it is");
    }
    to.exact.push(since.unwrap_or(0));
}
