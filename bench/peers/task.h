// The task of a peer in C or C++: arguments like rows=150, and the seconds of each run.
#pragma once
#include <stdlib.h>
#include <string.h>
#include <time.h>

/// The value of the argument `name=value`, or "".
static const char* textOf(int count, char** arguments, const char* name) {
  const size_t length = strlen(name);
  for (int i = 1; i < count; i++)
    if (!strncmp(arguments[i], name, length) && arguments[i][length] == '=') return arguments[i] + length + 1;
  return "";
}

static long numberOf(int count, char** arguments, const char* name) {
  return atol(textOf(count, arguments, name));
}

static double secondsNow(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}
