// What the command line asks for.
#pragma once

namespace flint {

enum class Wish { run, dry_run, help, version, usage_error };

struct Arguments {
  Wish wish = Wish::run;
  const char *user = nullptr; // NAME or UID:GID
  char **command = nullptr;   // ends with a null pointer, as argv does
  const char *wrong = nullptr;
};

Arguments parse_arguments(int count, char **words);

} // namespace flint
