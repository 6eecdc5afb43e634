#include "arguments.h"

#include <string_view>

namespace flint {
namespace {

constexpr std::string_view USER_IS = "--user=";

Arguments wrong(const char *word) {
  Arguments arguments;
  arguments.wish = Wish::usage_error;
  arguments.wrong = word;
  return arguments;
}

} // namespace

// Options end at the first word that is none, or at `--`: what follows belongs to the command.
Arguments parse_arguments(int count, char **words) {
  Arguments arguments;
  int at = 1;
  for (; at < count && words[at][0] == '-'; at++) {
    const std::string_view word = words[at];
    if (word == "--") {
      at++;
      break;
    }
    if (word == "--help" || word == "-h") {
      arguments.wish = Wish::help;
      return arguments;
    }
    if (word == "--version") {
      arguments.wish = Wish::version;
      return arguments;
    }
    if (word == "--dry-run") {
      arguments.wish = Wish::dry_run;
    } else if (word == "--user" && at + 1 < count) {
      arguments.user = words[++at];
    } else if (word.substr(0, USER_IS.size()) == USER_IS) {
      arguments.user = words[at] + USER_IS.size();
    } else {
      return wrong(words[at]);
    }
  }
  if (at >= count) {
    return wrong("no command");
  }
  arguments.command = words + at;
  return arguments;
}

} // namespace flint
