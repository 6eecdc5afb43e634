// The line language of paths. Strict: a line that is not wholly understood changes nothing.
//
//   path NAME                   a path without hops, or that one emptied
//   hop NAME N SETTING...       of hop N from 1 on; N may be one more than there are
//   host NAME SETTING...        of the host at its end
//   route PREFIX NAME | none    packets to the prefix take this path from now on
//   seed N                      another set of random draws
//   at DURATION LINE            that line, so long after this one was read
//   counters                    prints the counters
//
// A PREFIX is ADDRESS/BITS, a NAME any word but `none`, a SETTING as settings.h has them.
#ifndef LAB_PATH_LANGUAGE_H
#define LAB_PATH_LANGUAGE_H

#include "settings.h"

static Path *named_path(Network *network, const char *name) {
  for (int i = 0; i < network->path_count; i++)
    if (strcmp(network->paths[i].name, name) == 0)
      return &network->paths[i];
  return NULL;
}

static bool apply_path(Network *network, Words *words, bool is_trial) {
  const char *name = next_word(words);
  Path *path = named_path(network, name);
  if (name[0] == 0 || strlen(name) >= NAME_BYTES_MAX)
    return refuse(words, "'%.40s' is no name for a path", name);
  if (words->next < words->count)
    return refuse(words, "'%.40s' is too much", next_word(words));
  if (path == NULL && network->path_count == PATHS_MAX)
    return refuse(words, "no room for more than %d paths", PATHS_MAX);
  if (is_trial)
    return true;
  path = path == NULL ? &network->paths[network->path_count++] : path;
  memset(path, 0, sizeof *path);
  snprintf(path->name, sizeof path->name, "%s", name);
  path->hops[0].settings = default_settings();
  path->hops[0].settings.ttl = 64;
  return true;
}

static bool apply_hop(Network *network, Words *words, bool is_host, bool is_trial) {
  const char *name = next_word(words);
  Path *path = named_path(network, name);
  uint32_t number = 0;
  if (path == NULL)
    return refuse(words, "there is no path '%.40s'", name);
  uint32_t most = path->count + 1 < HOPS_MAX ? path->count + 1 : HOPS_MAX - 1;
  if (!is_host && !parse_number(words, 1, most, &number))
    return false;
  Settings wanted = number > path->count ? default_settings() : path->hops[number].settings;
  while (words->next < words->count)
    if (!parse_setting(words, &wanted, number))
      return false;
  if (is_trial)
    return true;
  path->count = number > path->count ? number : path->count;
  path->hops[number].settings = wanted;
  return true;
}

static bool apply_route(Network *network, Words *words, bool is_trial) {
  Route route = {0};
  if (!parse_prefix(words, &route.address, &route.bits))
    return false;
  const char *name = next_word(words);
  route.path = named_path(network, name);
  if (route.path == NULL && strcmp(name, "none") != 0)
    return refuse(words, "there is no path '%.40s'", name);
  if (words->next < words->count)
    return refuse(words, "'%.40s' is too much", next_word(words));
  int at = 0;
  while (at < network->route_count && network->routes[at].bits > route.bits)
    at++;
  while (at < network->route_count && network->routes[at].bits == route.bits &&
         !covers(&network->routes[at], &route.address))
    at++;
  bool is_known = at < network->route_count && network->routes[at].bits == route.bits;
  if (!is_known && network->route_count == ROUTES_MAX)
    return refuse(words, "no room for more than %d routes", ROUTES_MAX);
  if (is_trial)
    return true;
  Route *place = &network->routes[at];
  if (!is_known)
    memmove(place + 1, place, sizeof route * (size_t)(network->route_count++ - at));
  *place = route;
  return true;
}

static bool apply_seed(Network *network, Words *words, bool is_trial) {
  uint32_t seed = 0;
  if (!parse_number(words, 0, UINT32_MAX, &seed))
    return false;
  if (!is_trial) {
    network->seed = seed;
    network->draws = 0;
  }
  return true;
}

static bool apply_change(Network *network, Words *words, bool is_trial) {
  if (take_word(words, "hop"))
    return apply_hop(network, words, false, is_trial);
  if (take_word(words, "host"))
    return apply_hop(network, words, true, is_trial);
  if (take_word(words, "path"))
    return apply_path(network, words, is_trial);
  if (take_word(words, "route"))
    return apply_route(network, words, is_trial);
  if (take_word(words, "seed"))
    return apply_seed(network, words, is_trial);
  return refuse(words, "'%.40s' is not path, hop, host, route, seed, at or counters",
                next_word(words));
}

#endif
