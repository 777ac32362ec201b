//! Numbers of any size and with any digits, which the standard library has none of: they keep their text.

use crate::{fail, Error, Result};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An integer of any size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigInt(String);

impl BigInt {
    /// Its digits, with a `-` before them if it is negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `None` if it does not fit.
    pub fn to_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// `None` if it does not fit.
    pub fn to_i128(&self) -> Option<i128> {
        self.0.parse().ok()
    }
}

impl From<i128> for BigInt {
    fn from(value: i128) -> BigInt {
        BigInt(value.to_string())
    }
}

impl FromStr for BigInt {
    type Err = Error;
    fn from_str(text: &str) -> Result<BigInt> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return fail(format!("`{}` is no integer", text));
        }
        Ok(match digits.trim_start_matches('0') {
            "" => BigInt("0".to_string()),
            rest if digits.len() < text.len() => BigInt(format!("-{}", rest)),
            rest => BigInt(rest.to_string()),
        })
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &BigInt) -> Ordering {
        let rank = |text: &str| (text.len(), text.to_string());
        match (self.0.strip_prefix('-'), other.0.strip_prefix('-')) {
            (None, None) => rank(&self.0).cmp(&rank(&other.0)),
            (Some(mine), Some(theirs)) => rank(theirs).cmp(&rank(mine)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &BigInt) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A decimal number with all its digits, `1.10` is not `1.1`. To calculate, take it apart with `parts`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// `units` divided by ten to the power of `scale`: `Decimal::new(110, 2)` is `1.10`.
    pub fn new(units: i128, scale: u32) -> Decimal {
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
        let dot = if scale == 0 { "" } else { "." };
        Decimal(format!("{}{}{}{}", if units < 0 { "-" } else { "" }, whole, dot, fraction))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// What `new` would make it of; `None` if it has too many digits for that.
    pub fn parts(&self) -> Option<(i128, u32)> {
        let (number, exponent) = self.0.split_once(|c| c == 'e' || c == 'E').unwrap_or((&self.0, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let units: i128 = format!("{}{}", whole, fraction).parse().ok()?;
        let scale = i64::try_from(fraction.len()).ok()? - exponent.parse::<i64>().ok()?;
        match u32::try_from(scale) {
            Ok(scale) => Some((units, scale)),
            Err(_) => Some((units.checked_mul(10i128.checked_pow(u32::try_from(-scale).ok()?)?)?, 0)),
        }
    }
}

impl FromStr for Decimal {
    type Err = Error;
    fn from_str(text: &str) -> Result<Decimal> {
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (number, exponent) = text.split_once(|c| c == 'e' || c == 'E').unwrap_or((text, "0"));
        let number = number.strip_prefix('-').unwrap_or(number);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let exponent = exponent.strip_prefix(|c| c == '+' || c == '-').unwrap_or(exponent);
        let parts = [whole, fraction, exponent];
        let whole_needed = !number.contains('.');
        if (whole.is_empty() && whole_needed)
            || fraction.is_empty()
            || exponent.is_empty()
            || !parts.iter().all(|part| all_digits(part))
        {
            return fail(format!("`{}` is no decimal number", text));
        }
        Ok(Decimal(text.to_string()))
    }
}

macro_rules! as_its_text {
    ($($kind:ty),*) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

as_its_text!(BigInt, Decimal);
