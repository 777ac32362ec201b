// Dates, times and decimals, and their text forms.
package polyrun

import (
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Date is a day of the calendar.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of t in its zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// In is the first moment of the day in a zone.
func (d Date) In(zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

func (d Date) String() string {
	return padded(d.Year, 4) + "-" + padded(int(d.Month), 2) + "-" + padded(d.Day, 2)
}

// checked is the text of a date, which must be one of the years that value files can say.
func (d Date) checked() string {
	if d.Year < 1 || d.Year > 9999 || d != DateOf(d.In(time.UTC)) {
		fail("it is a date that value files cannot say (", d.String(), ")")
	}
	return d.String()
}

// A Time is a time of day.
type Time struct{ Hour, Minute, Second, Nanosecond int }

// TimeOf is the time of day of t in its zone.
func TimeOf(t time.Time) Time { return Time{t.Hour(), t.Minute(), t.Second(), t.Nanosecond()} }

// SinceMidnight is how long after midnight it is.
func (t Time) SinceMidnight() time.Duration {
	return time.Duration((t.Hour*60+t.Minute)*60+t.Second)*time.Second + time.Duration(t.Nanosecond)
}

func (t Time) String() string {
	text := padded(t.Hour, 2) + ":" + padded(t.Minute, 2) + ":" + padded(t.Second, 2)
	if t.Nanosecond == 0 {
		return text
	}
	return text + "." + strings.TrimRight(padded(t.Nanosecond, 9), "0")
}

func (t Time) checked() string {
	if t != timeOf(t.SinceMidnight()) {
		fail("it is no time of day (", t.String(), ")")
	}
	return t.String()
}

// timeOf is the time of day that long after midnight.
func timeOf(d time.Duration) Time {
	seconds := int(d / time.Second % (24 * 60 * 60))
	return Time{seconds / 3600, seconds / 60 % 60, seconds % 60, int(d % time.Second)}
}

// NoZone marks a time.Time that belongs to no zone: the date and the time on a clock somewhere.
var NoZone = time.FixedZone("NoZone", 0)

// A Decimal is a decimal number as it is written: "1.10".
type Decimal string

// Rat is the number exactly, nil if it is none.
func (d Decimal) Rat() *big.Rat {
	number, good := new(big.Rat).SetString(string(d))
	if !good {
		return nil
	}
	return number
}

// Float64 is the float64 that is nearest.
func (d Decimal) Float64() float64 {
	number, err := strconv.ParseFloat(string(d), 64)
	if err != nil && number == 0 {
		panic("polyrun: " + strconv.Quote(string(d)) + " is no decimal number")
	}
	return number
}

func (d Decimal) checked() string {
	text := strings.TrimPrefix(string(d), "-")
	mantissa, exponent, scientific := strings.Cut(strings.ToUpper(text), "E")
	whole, fraction, point := strings.Cut(mantissa, ".")
	good := digits(fraction) == point && (digits(whole) || whole == "" && point)
	if scientific {
		if strings.HasPrefix(exponent, "+") || strings.HasPrefix(exponent, "-") {
			exponent = exponent[1:]
		}
		good = good && digits(exponent) && len(exponent) <= 6
	}
	if !good || len(d) > maxDigits {
		fail("it is no decimal number such as 1.50 (", strconv.Quote(string(d[:min(40, len(d))])), ")")
	}
	return string(d)
}

// digits tells whether text is one decimal digit or more, and nothing else.
func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func max(a, b int) int { return a + b - min(a, b) }

// padded writes number with zeros in front.
func padded(number, width int) string {
	text := strconv.Itoa(number)
	for len(text) < width {
		text = "0" + text
	}
	return text
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		fail(strconv.Quote(text), " is no number")
	}
	return value
}

func parseDate(text string) Date {
	return Date{number(text[:4]), time.Month(number(text[5:7])), number(text[8:10])}
}

// parseTime reads a time of day; what stands behind it is the rest.
func parseTime(text string) (parsed Time, rest string) {
	parsed = Time{Hour: number(text[:2]), Minute: number(text[3:5]), Second: number(text[6:8])}
	rest = text[8:]
	if strings.HasPrefix(rest, ".") {
		fraction := rest[1:]
		rest = strings.TrimLeft(fraction, "0123456789")
		fraction = fraction[:len(fraction)-len(rest)]
		parsed.Nanosecond = number((fraction + "000000000")[:9])
	}
	return parsed, rest
}

// parseTimestamp reads a date and time with perhaps an offset and perhaps a zone.
func parseTimestamp(text string) time.Time {
	date, clock := parseDate(text), Time{}
	clock, rest := parseTime(text[11:])
	in := func(zone *time.Location) time.Time {
		return time.Date(date.Year, date.Month, date.Day, clock.Hour, clock.Minute, clock.Second, clock.Nanosecond, zone)
	}
	offset, name, named := strings.Cut(strings.TrimSuffix(rest, "]"), "[")
	var moment time.Time
	switch {
	case offset == "" && named:
		return in(zoneOf(name))
	case offset == "":
		return in(NoZone)
	case offset == "Z":
		moment = in(time.UTC)
	default:
		moment = in(zoneOf(offset))
	}
	if named {
		return moment.In(zoneOf(name))
	}
	return moment
}

// zoneOf is the zone called so in the IANA database, or so far from UTC.
func zoneOf(name string) *time.Location {
	if name == "UTC" {
		return time.UTC
	}
	if len(name) == 6 && (name[0] == '+' || name[0] == '-') {
		seconds := number(name[1:3])*3600 + number(name[4:])*60
		if name[0] == '-' {
			seconds = -seconds
		}
		return time.FixedZone("", seconds)
	}
	zone := namedZone(name)
	if zone == nil {
		fail("there is no time zone ", strconv.Quote(name), " on this machine")
	}
	return zone
}

var zones sync.Map // from a name to the *time.Location, nil if there is none

// namedZone is the zone of the IANA database, nil if it has none of that name.
func namedZone(name string) *time.Location {
	if found, there := zones.Load(name); there {
		return found.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = nil
	}
	zones.Store(name, zone)
	return zone
}

// zoneName is what a value file calls the zone of a moment: a name of the IANA database, an offset, UTC, or "" for
// none.
func zoneName(moment time.Time) string {
	zone := moment.Location()
	name := zone.String()
	if zone == NoZone {
		return ""
	}
	label, seconds := moment.Zone()
	if name == "UTC" && seconds == 0 {
		return name
	}
	if name != "Local" && name != "" {
		if known := namedZone(name); known != nil {
			if _, there := moment.In(known).Zone(); there == seconds {
				return name
			}
		}
	}
	if seconds == 0 && (name == "" || label == "UTC") {
		return "UTC"
	}
	return offsetText(seconds)
}

func offsetText(seconds int) string {
	if seconds%60 != 0 {
		fail("its zone is not a whole number of minutes from UTC")
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + padded(seconds/3600, 2) + ":" + padded(seconds/60%60, 2)
}

func timestampText(moment time.Time) string {
	zone := zoneName(moment)
	_, seconds := moment.Zone()
	if seconds%60 != 0 {
		moment = moment.UTC() // an offset with seconds cannot be said, but which moment it is can
	}
	text := DateOf(moment).checked() + "T" + TimeOf(moment).String()
	switch {
	case zone == "":
		return text
	case zone == "UTC":
		return text + "Z"
	case zone[0] == '+' || zone[0] == '-':
		return text + zone
	case seconds%60 != 0:
		return text + "Z[" + zone + "]"
	}
	return text + offsetText(seconds) + "[" + zone + "]"
}
