//! Doubles as text, in the two layouts that keys need.

use super::sink::Sink;

/// Returns `number` as Python's `repr` and `json.dumps` spell it.
///
/// The digits are the shortest that read back as the same double; the exponent appears below 1e-4 and from 1e16 on.
///
/// ```
/// use recstore_core::json::python_float;
/// assert_eq!(python_float(0.1), "0.1");
/// assert_eq!(python_float(-0.0), "-0.0");
/// assert_eq!(python_float(1e16), "1e+16");
/// assert_eq!(python_float(5e-324), "5e-324");
/// assert_eq!(python_float(f64::NEG_INFINITY), "-Infinity");
/// ```
#[must_use]
pub fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let decimal = Decimal::of(number);
    if (-4..16).contains(&decimal.exponent) {
        let mut text = decimal.fixed();
        if !text.contains('.') {
            text.push_str(".0");
        }
        text
    } else {
        decimal.scientific(2)
    }
}

/// Writes `number` as [`python_float`] spells it.
pub(super) fn write_python_float(sink: &mut Sink, number: f64) {
    // In this range both layouts are plain digits with a point, so that those of the library can stay as they are.
    if (1e-3..1e15).contains(&number.abs()) {
        let mut buffer = zmij::Buffer::new();
        sink.extend(buffer.format_finite(number).as_bytes());
    } else {
        sink.extend(python_float(number).as_bytes());
    }
}

/// Returns `number` as ECMAScript spells it, which is what RFC 8785 asks for in section 3.2.2.3.
///
/// `None` for a number that is not finite, which RFC 8785 cannot express.
///
/// ```
/// use recstore_core::json::es6_float;
/// assert_eq!(es6_float(1.0).as_deref(), Some("1"));
/// assert_eq!(es6_float(-0.0).as_deref(), Some("0"));
/// assert_eq!(es6_float(1e21).as_deref(), Some("1e+21"));
/// assert_eq!(es6_float(1e-7).as_deref(), Some("1e-7"));
/// assert_eq!(es6_float(f64::NAN), None);
/// ```
#[must_use]
pub fn es6_float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 {
        return Some("0".to_owned());
    }
    let decimal = Decimal::of(number);
    Some(if (-6..21).contains(&decimal.exponent) { decimal.fixed() } else { decimal.scientific(1) })
}

/// Returns `number` rounded to so many decimals, as Python's `round` does it: on the exact value, ties to even.
///
/// ```
/// use recstore_core::json::round_decimals;
/// assert_eq!(round_decimals(2.675, 2), 2.67); // the double lies below 2.675
/// assert_eq!(round_decimals(0.7000001, 5), 0.7);
/// ```
#[must_use]
pub fn round_decimals(number: f64, decimals: usize) -> f64 {
    // From 2^52 on, a double has no decimals.
    if !number.is_finite() || number.abs() >= 4_503_599_627_370_496.0 {
        return number;
    }
    if let Some(rounded) = round_far_from_tie(number, decimals) {
        return rounded;
    }
    // Rust's fixed formatting rounds the exact decimal value, half to even; so does Python's `round`.
    format!("{number:.decimals$}").parse().unwrap_or(number)
}

/// Rounds with one multiplication and one division, where that is sure to give the same.
///
/// The product is off by at most half a unit in its last place, which below 2^40 is less than 0.0002. So where it is
/// seen to lie nearer than 0.499 to a whole number, this is the nearest one to the exact value too. It and the power of
/// ten are exact, and division gives the double next to their exact quotient, as reading its digits would.
fn round_far_from_tie(number: f64, decimals: usize) -> Option<f64> {
    const LARGEST: f64 = (1_u64 << 40) as f64;
    let scale =
        10_u64.checked_pow(u32::try_from(decimals).ok()?).filter(|scale| *scale < 1 << f64::MANTISSA_DIGITS)? as f64;
    let scaled = number * scale;
    let nearest = scaled.round();
    (scaled.abs() < LARGEST && (scaled - nearest).abs() < 0.499).then(|| nearest / scale)
}

/// A finite, non-zero double in its shortest decimal digits: `d.ddd × 10^exponent`.
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn of(number: f64) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(number.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let leading_zeros = all.len() - digits.len();
        Self {
            is_negative: number < 0.0,
            exponent: exponent + whole.len() as i32 - 1 - leading_zeros as i32,
            digits: digits.trim_end_matches('0').to_owned(),
        }
    }

    fn sign(&self) -> &'static str {
        if self.is_negative { "-" } else { "" }
    }

    fn fixed(&self) -> String {
        let (sign, digits) = (self.sign(), &self.digits);
        match usize::try_from(self.exponent) {
            Ok(exponent) if exponent + 1 >= digits.len() => {
                format!("{sign}{digits}{}", "0".repeat(exponent + 1 - digits.len()))
            }
            Ok(exponent) => {
                let (whole, fraction) = digits.split_at(exponent + 1);
                format!("{sign}{whole}.{fraction}")
            }
            Err(_) => format!("{sign}0.{}{digits}", "0".repeat(self.exponent.unsigned_abs() as usize - 1)),
        }
    }

    fn scientific(&self, exponent_digits: usize) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if self.exponent < 0 { '-' } else { '+' };
        let exponent = self.exponent.unsigned_abs();
        format!("{}{first}{point}{rest}e{exponent_sign}{exponent:0exponent_digits$}", self.sign())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_spelled_and_rounded_alike(number: f64) {
        let mut sink = Sink::with_room(0);
        write_python_float(&mut sink, number);
        assert_eq!(String::from_utf8_lossy(&sink.into_bytes()), python_float(number));
        if number.is_finite() {
            let plain: f64 = format!("{number:.5}").parse().unwrap_or(f64::NAN);
            assert_eq!(round_decimals(number, 5).to_bits(), plain.to_bits(), "{number:?}");
        }
    }

    #[test]
    fn quick_ways_give_what_the_plain_ones_give() {
        for number in
            [0.0, -0.0, 1e-3, 1e15, 1e16, 123_456.0, 0.000_005, 0.000_015, 2.675, -0.000_001, 0.999_999_9, f64::NAN]
        {
            assert_spelled_and_rounded_alike(number);
        }
        proptest!(ProptestConfig::with_cases(20_000), |(
            bits in any::<u64>(),
            ties in -1_000_000_000_i64..1_000_000_000,
            part in -2e7..2e7_f64,
        )| {
            assert_spelled_and_rounded_alike(f64::from_bits(bits));
            assert_spelled_and_rounded_alike(ties as f64 / 1e6);
            assert_spelled_and_rounded_alike(part);
        });
    }
}
