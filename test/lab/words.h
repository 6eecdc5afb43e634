// Lines of words, read strictly: what is not understood is refused with the reason. And chance,
// which lines ask for and which is the same in every run.
#ifndef LAB_WORDS_H
#define LAB_WORDS_H

#include "address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { NEVER, CHANCE, EVERY, BURST } WhenKind;
typedef struct {
  WhenKind kind;
  double chance;
  uint32_t count;
} When;

// The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
static uint64_t mixed(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

enum { WORDS_MAX = 64, LINE_BYTES_MAX = 1024 };
static const double DURATION_NS_MAX = 3600e9;

typedef struct {
  char *word[WORDS_MAX];
  int count, next;
  char error[160];
} Words;

__attribute__((format(printf, 2, 3))) static bool refuse(Words *words, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words->error, sizeof words->error, format, arguments);
  va_end(arguments);
  return false;
}

static const char *next_word(Words *words) {
  return words->next < words->count ? words->word[words->next++] : "";
}

static bool take_word(Words *words, const char *expected) {
  if (words->next >= words->count || strcmp(words->word[words->next], expected) != 0)
    return false;
  words->next++;
  return true;
}

static bool parse_number(Words *words, uint32_t min, uint32_t max, uint32_t *value) {
  const char *text = next_word(words);
  char *end;
  errno = 0;
  unsigned long long parsed = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || parsed < min || parsed > max)
    return refuse(words, "'%.40s' is not a number from %u to %u", text, min, max);
  *value = (uint32_t)parsed;
  return true;
}

static bool parse_duration(Words *words, int64_t *duration_ns) {
  static const struct {
    const char *name;
    double ns;
  } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const char *text = next_word(words);
  char *end;
  double value = strtod(text, &end);
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    double total = value * units[i].ns;
    if (strcmp(end, units[i].name) != 0 || text[0] < '0' || text[0] > '9')
      continue;
    if (!(total <= DURATION_NS_MAX))
      break;
    *duration_ns = (int64_t)total;
    return true;
  }
  return refuse(words, "'%.40s' is not a duration from 0ns to 3600s", text);
}

static bool parse_chance(Words *words, double *chance) {
  const char *text = next_word(words);
  char *end;
  *chance = strtod(text, &end);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || !(*chance <= 1))
    return refuse(words, "'%.40s' is not a probability from 0 to 1", text);
  return true;
}

static bool parse_when(Words *words, When *when) {
  *when = (When){.kind = NEVER};
  if (take_word(words, "never"))
    return true;
  if (take_word(words, "always")) {
    *when = (When){.kind = EVERY, .count = 1};
    return true;
  }
  if (take_word(words, "every")) {
    when->kind = EVERY;
    return parse_number(words, 1, 1000000, &when->count);
  }
  when->kind = take_word(words, "burst") ? BURST : CHANCE;
  return parse_chance(words, &when->chance) &&
         (when->kind == CHANCE || parse_number(words, 1, 1000000, &when->count));
}

static bool parse_address(Words *words, const char *text, Address *address) {
  uint8_t four[4];
  if (inet_pton(AF_INET, text, four) == 1) {
    *address = mapped_v4(four);
    return true;
  }
  return inet_pton(AF_INET6, text, address->bytes) == 1 ||
         refuse(words, "'%.60s' is not an address", text);
}

static bool parse_prefix(Words *words, Address *address, int *bits) {
  char text[64];
  snprintf(text, sizeof text, "%s", next_word(words));
  char *slash = strchr(text, '/');
  if (slash != NULL)
    *slash++ = 0;
  if (!parse_address(words, text, address))
    return false;
  int most = strchr(text, ':') == NULL ? 32 : 128;
  uint32_t given = (uint32_t)most;
  Words one = {.word = {slash}, .count = 1};
  if (slash != NULL && !parse_number(&one, 0, given, &given))
    return refuse(words, "%.100s", one.error);
  *bits = 128 - most + (int)given;
  return true;
}

// The words point into `line`, which is cut up.
static bool split_words(Words *words, char *line) {
  words->count = words->next = 0;
  for (char *rest, *word = strtok_r(line, " \t\r", &rest); word != NULL;
       word = strtok_r(NULL, " \t\r", &rest)) {
    if (words->count == WORDS_MAX)
      return refuse(words, "more than %d words", WORDS_MAX);
    words->word[words->count++] = word;
  }
  return true;
}

#endif
