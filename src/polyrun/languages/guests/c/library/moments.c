/* Dates, times and timestamps: from their text forms (RFC 9557) and back, and as numbers. */
#include "internal.h"

static int number(const char *text, int digits) {
  int found = 0;
  for (int n = 0; n < digits; n++) {
    if (text[n] < '0' || text[n] > '9') pr_die("`%s` is no date or time", text);
    found = found * 10 + (text[n] - '0');
  }
  return found;
}

polyrun_date pr_parse_date(const char *text) {
  return (polyrun_date){number(text, 4), number(text + 5, 2), number(text + 8, 2)};
}

polyrun_time pr_parse_time(const char *text, const char **rest) {
  polyrun_time time = {number(text, 2), number(text + 3, 2), number(text + 6, 2), 0};
  text += 8;
  if (*text == '.') {
    int scale = 100000000;
    for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10) time.nanosecond += (*text - '0') * scale;
  }
  *rest = text;
  return time;
}

polyrun_timestamp pr_parse_timestamp(const char *text) {
  const char *rest;
  polyrun_date date = pr_parse_date(text);
  polyrun_time time = pr_parse_time(text + 11, &rest);
  polyrun_timestamp moment = {
      date.year, date.month, date.day, time.hour, time.minute, time.second, time.nanosecond, false, 0, NULL};
  if (*rest == 'Z') {
    moment.has_offset = true;
    rest++;
  } else if (*rest == '+' || *rest == '-') {
    moment.has_offset = true;
    moment.offset = (number(rest + 1, 2) * 60 + number(rest + 4, 2)) * (*rest == '-' ? -1 : 1);
    rest += 6;
  }
  if (*rest == '[') {
    char *zone = pr_room(strlen(rest));
    memcpy(zone, rest + 1, strlen(rest) - 2);
    moment.zone = zone;
  }
  return moment;
}

static int days_in(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Each returns false for what no calendar or clock has. */
bool pr_format_date(char *to, polyrun_date date) {
  if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12) return false;
  if (date.day < 1 || date.day > days_in(date.year, date.month)) return false;
  snprintf(to, MOMENT_SIZE, "%04d-%02d-%02d", date.year, date.month, date.day);
  return true;
}

bool pr_format_time(char *to, polyrun_time time) {
  if (time.hour < 0 || time.hour > 23 || time.minute < 0 || time.minute > 59 || time.second < 0 || time.second > 59)
    return false;
  if (time.nanosecond < 0 || time.nanosecond > 999999999) return false;
  int size = snprintf(to, 40, "%02d:%02d:%02d.%09d", time.hour, time.minute, time.second, time.nanosecond);
  if (time.nanosecond == 0) size = 9;
  while (to[size - 1] == '0' && time.nanosecond != 0) size--;
  to[time.nanosecond == 0 ? size - 1 : size] = 0;
  return true;
}

bool pr_format_timestamp(char *to, polyrun_timestamp moment) {
  int offset = moment.offset < 0 ? -moment.offset : moment.offset;
  if (!pr_format_date(to, (polyrun_date){moment.year, moment.month, moment.day}) || offset >= 24 * 60) return false;
  strcat(to, "T");
  if (!pr_format_time(to + strlen(to), (polyrun_time){moment.hour, moment.minute, moment.second, moment.nanosecond}))
    return false;
  char *end = to + strlen(to);
  if (moment.has_offset && offset == 0) end = stpcpy(end, "Z");
  else if (moment.has_offset)
    end += sprintf(end, "%c%02d:%02d", moment.offset < 0 ? '-' : '+', offset / 60, offset % 60);
  if (moment.zone == NULL) return true;
  if (strlen(moment.zone) > 64) return false;
  sprintf(end, "[%s]", moment.zone);
  return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, counted in years that begin with March. */
polyrun_days polyrun_from_date(polyrun_date date) {
  int64_t year = (int64_t)date.year - (date.month <= 2);
  int64_t era = (year >= 0 ? year : year - 399) / 400, in_era = year - era * 400;
  int64_t in_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return (polyrun_days){(int32_t)(era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468)};
}

polyrun_date polyrun_to_date(polyrun_days day) {
  int64_t days = (int64_t)day.days + 719468, era = (days >= 0 ? days : days - 146096) / 146097,
          in_era = days - era * 146097;
  int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
  int real_month = (int)(month < 10 ? month + 3 : month - 9);
  return (polyrun_date){
      (int)(year + era * 400 + (real_month <= 2)), real_month, (int)(in_year - (153 * month + 2) / 5 + 1)};
}

polyrun_timestamp polyrun_to_timestamp(int64_t seconds, int nanosecond) {
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) days--, rest += 86400;
  polyrun_date date = polyrun_to_date((polyrun_days){(int32_t)days});
  return (polyrun_timestamp){date.year, date.month, date.day, (int)(rest / 3600), (int)(rest / 60 % 60),
      (int)(rest % 60), nanosecond, true, 0, NULL};
}

int64_t polyrun_from_timestamp(polyrun_timestamp moment) {
  int64_t days = polyrun_from_date((polyrun_date){moment.year, moment.month, moment.day}).days;
  return days * 86400 + moment.hour * 3600 + moment.minute * 60 + moment.second - moment.offset * 60;
}
